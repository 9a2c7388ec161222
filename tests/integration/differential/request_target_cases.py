"""Every ASCII character in a request target, raw and escaped; dot segments and empty segments; absolute URLs."""

from tests.integration.differential import case_builders
from tests.support.pushgateway import comparisons

# A line feed ends the request line, / and ? are delimiters, and % needs two hex digits after it.
_AS_IT_IS = [chr(code) for code in range(128) if chr(code) not in "\n\r/?%"]
# Escaped slashes differ; path_cases.py covers them.
_ESCAPED = [f"%{code:02X}" for code in range(128) if chr(code) != "/"]

_PLACES = {"job": "job/a{}b", "value": "job/x/l/a{}b", "job-at-the-end": "job/a{}"}
_NAME = "job/x/a{}b/v"
_BASE = ["job/a", "job/x", "job/x/l/a", "job/x/a/v", "job/ab", "job/x/l/ab"]
"""Groups that a target would name if it were truncated."""

_SEGMENTS = {
    "name-dot": "job/x/./v",
    "name-dots": "job/x/../v",
    "name-empty": "job/x//v",
    "value-dot": "job/x/l/.",
    "value-dots": "job/x/l/..",
    "value-dot-and-more": "job/x/l/./m/n",
    "job-dot-and-slash": "job/./",
}
_ESCAPED_SEGMENTS = {
    "job-escaped-dot": "job/%2E",
    "name-escaped-dots": "job/x/%2E%2e/v",
    "value-escaped-dot": "job/x/l/%2e",
    "value-escaped-dots": "job/x/l/%2E%2E",
}
_TARGETS = {
    "hash-at-the-start": "/metrics/job/#x",
    "hash-and-label": "/metrics/job/x#y/l/v",
    "two-hashes": "/metrics/job/x#y#z",
    "hash-and-escape": "/metrics/job/x#%41",
    "hash-and-broken-escape": "/metrics/job/x#%4",
    "hash-and-base64": "/metrics/job@base64/eA#",
    "hash-and-dot": "/metrics/job/.#",
    "hash-and-slash": "/metrics/job/x#/",
    "hash-before-query": "/metrics/job/x#y?z",
    "hash-in-query": "/metrics/job/x?a#b",
    "hash-of-scrape": "/metrics#x",
    "url": "http://example/metrics/job/x",
    "url-with-hash": "http://example/metrics/job/x#y",
    "url-in-upper-case": "HTTP://EXAMPLE/metrics/job/X",
    "url-with-port-and-query": "http://example:80/metrics/job/x?a=b",
    "url-with-user": "http://u:p@example/metrics/job/x",
    "url-with-ipv6": "http://[::1]/metrics/job/x",
    "url-of-another-scheme": "ftp://example/metrics/job/x",
    "url-with-plus-and-escape": "http://example/metrics/job/a+b%2Ec",
    "url-with-hash-in-authority": "http://example#/metrics/job/x",
    "url-without-authority": "http:/metrics/job/x",
    "url-with-empty-authority": "http:///metrics/job/x",
    "url-with-a-port-that-is-none": "http://example:99999/metrics/job/x",
    "url-without-path": "http://example",
    "url-without-path-but-query": "http://example?a=b",
    "no-slash": "metrics/job/x",
    "backslashes": "\\metrics\\job\\x",
    "star": "*",
}
_REDIRECTED = {
    "redirect-with-hash": "/metrics/job/a/../x#y",
    "redirect-with-escape": "/metrics//job/a%20b",
    "redirect-with-braces": "/metrics//job/{x}",
    "redirect-with-backslash": "/metrics//job/a\\b",
    "redirect-with-hash-in-query": "/metrics//job/x?a=#b",
    "redirect-plain": "/metrics//job/a+b;c,d",
}
_BEYOND_ASCII = {
    "utf8-job": "job/caf\u00e9",
    "utf8-value": "job/x/l/\u00e9",
    "utf8-name": "job/x/\u00e9/v",
    "utf8-beyond-16-bits": "job/\U0001f680",
}


def _utf8(path: str) -> str:
    """Encode the path for :class:`comparisons.Request`, which has one character for each byte."""
    return path.encode().decode("latin-1")


def _both(id: str, path: str) -> comparisons.Case:
    pushed = [case_builders.put(base) for base in _BASE]
    return comparisons.Case(f"target-{id}", [*pushed, case_builders.put(path, "n 1\n"), case_builders.delete(path)])


def _both_targets(id: str, target: str) -> comparisons.Case:
    requests = [comparisons.Request("PUT", target, b"m 1\n"), case_builders.put("job/y")]
    return comparisons.Case(f"target-{id}", requests)


def _is_of_a_name(one: str) -> bool:
    return one.isalnum() or one == "_"


CASES = [
    *(
        comparisons.Case(f"target-{name}-{place}", [case_builders.put(form.format(one)) for one in characters])
        for name, characters in (("characters", _AS_IT_IS), ("escapes", _ESCAPED))
        for place, form in _PLACES.items()
    ),
    *(
        comparisons.Case(f"target-{name}-name", [case_builders.put(_NAME.format(one)) for one in characters])
        for name, characters in (
            ("characters", [one for one in _AS_IT_IS if not _is_of_a_name(one)]),
            ("escapes", [one for one in _ESCAPED if not _is_of_a_name(chr(int(one[1:], 16)))]),
        )
    ),
    *(
        comparisons.Case(
            f"target-delete-{name}-{place}",
            [case_builders.put(base) for base in _BASE]
            + [case_builders.delete(form.format(one)) for one in characters],
        )
        for name, characters in (("characters", _AS_IT_IS), ("escapes", _ESCAPED))
        for place, form in _PLACES.items()
    ),
    *(_both(id, path) for id, path in {**_SEGMENTS, **_ESCAPED_SEGMENTS}.items()),
    *(_both(id, _utf8(path)) for id, path in _BEYOND_ASCII.items()),
    *(_both_targets(id, target) for id, target in {**_TARGETS, **_REDIRECTED}.items()),
]
