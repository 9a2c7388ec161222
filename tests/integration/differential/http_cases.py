"""Methods, paths that are not push paths, content types and encodings."""

import gzip

import cramjam

from tests.integration.differential import case_builders
from tests.support.pushgateway import comparisons

_BODY = b"m 1\n"
_PACKED = gzip.compress(_BODY)
_PATHS = {
    "push": "/metrics/job/x",
    "push-with-labels": "/metrics/job/x/a/b",
    "push-in-base64": "/metrics/job@base64/eA",
    "push-with-trailing-slash": "/metrics/job/x/",
    "push-without-job": "/metrics/job",
    "scrape": "/metrics",
    "scrape-escaped": "/%6Detrics",
    "scrape-with-query": "/metrics?name=x",
    "unknown": "/nowhere",
    "unknown-below-metrics": "/metrics/nowhere",
    "unknown-api": "/api/v1/nowhere",
    "other-api-version": "/api/v2/metrics",
    "api": "/api/v1/",
    "api-metrics": "/api/v1/metrics",
    "api-status": "/api/v1/status",
    "healthy": "/-/healthy",
    "ready": "/-/ready",
}
_ODD_PATHS = {
    "scrape-with-slash": "/metrics/",
    "healthy-with-slash": "/-/healthy/",
    "api-metrics-with-slash": "/api/v1/metrics/",
    "wrong-case": "/Metrics",
    "double-slash": "//metrics",
    "double-slash-and-query": "/metrics//?a=b",
    "dots": "/a/../metrics",
    "root-dots": "/..",
}
_OTHER_PATHS = {
    "scrape": "/metrics",
    "api-metrics": "/api/v1/metrics",
    "healthy": "/-/healthy",
    "quit-not-enabled": "/-/quit",
    "unknown": "/nowhere",
    "no-group": "/metrics/a/b",
}
_TYPES = {
    "none": None,
    "text": "text/plain; version=0.0.4",
    "form": "application/x-www-form-urlencoded",
    "json": "application/json",
    "openmetrics": "application/openmetrics-text; version=1.0.0",
    "nonsense": "/;;=",
    "other-charset": "text/plain; charset=iso-8859-1",
    "protobuf-that-is-not-delimited": "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily",
}
_IDENTIFIER = b"\xff\6\0\0sNaPpY"


def _snapped(body: bytes) -> bytes:
    return bytes(cramjam.snappy.compress(body))


def _checksum(body: bytes) -> bytes:
    """The checksum of the snappy framing format, taken from a frame of the same body."""
    return _snapped(body)[14:18]


_SNAPPED = _snapped(_BODY)
_CODINGS = {
    "gzip": ("gzip", _PACKED),
    "gzip-in-upper-case": ("GZIP", _PACKED),
    "gzip-in-two-members": ("gzip", gzip.compress(b"m 1\n") + gzip.compress(b"n 1\n")),
    "gzip-cut": ("gzip", _PACKED[:-6]),
    "gzip-with-a-wrong-sum": ("gzip", _PACKED[:-8] + bytes(8)),
    "gzip-followed-by-rubbish": ("gzip", _PACKED + b"rubbish"),
    "gzip-that-is-none": ("gzip", _BODY),
    "gzip-of-nothing": ("gzip", gzip.compress(b"")),
    "gzip-empty": ("gzip", b""),
    "snappy": ("snappy", _SNAPPED),
    "snappy-in-upper-case": ("SNAPPY", _SNAPPED),
    "snappy-not-compressible": ("snappy", _IDENTIFIER + b"\1\x08\0\0" + _checksum(b"m 1\n") + b"m 1\n"),
    "snappy-in-two-streams": ("snappy", _SNAPPED + _snapped(b"n 1\n")),
    "snappy-of-many-chunks": ("snappy", _snapped(b"# a long comment\n" * 10_000 + _BODY)),
    "snappy-with-padding": ("snappy", _SNAPPED + b"\xfe\3\0\0abc"),
    "snappy-with-a-chunk-to-be-skipped": ("snappy", _SNAPPED + b"\x80\3\0\0abc"),
    "snappy-with-a-chunk-of-an-unknown-kind": ("snappy", _SNAPPED + b"\2\3\0\0abc"),
    "snappy-cut": ("snappy", _SNAPPED[:-2]),
    "snappy-cut-in-a-length": ("snappy", _SNAPPED + b"\0\1"),
    "snappy-with-a-wrong-sum": ("snappy", _SNAPPED[:14] + bytes(4) + _SNAPPED[18:]),
    "snappy-without-its-identifier": ("snappy", _SNAPPED[10:]),
    "snappy-that-is-none": ("snappy", _BODY),
    "snappy-block": ("snappy", bytes(cramjam.snappy.compress_raw(_BODY))),
    "snappy-of-nothing": ("snappy", _IDENTIFIER),
    "snappy-empty": ("snappy", b""),
    "identity": ("identity", _BODY),
    "unknown": ("nonsense", _BODY),
    "deflate-that-is-none": ("deflate", _BODY),
    "x-gzip": ("x-gzip", _PACKED),
    "br": ("br", _BODY),
    "zstd": ("zstd", _BODY),
}


def _typed(value: str | None) -> dict[str, str]:
    return {} if value is None else {"Content-Type": value}


CASES = [
    *(
        comparisons.Case(f"http-{method.lower()}-{name}", [case_builders.ask(method, path)])
        for method in ("GET", "HEAD", "PATCH", "OPTIONS")
        for name, path in _PATHS.items()
    ),
    *(comparisons.Case(f"http-get-{name}", [case_builders.ask("GET", path)]) for name, path in _ODD_PATHS.items()),
    *(
        comparisons.Case(f"http-{method.lower()}-{name}", [comparisons.Request(method, path, _BODY)])
        for method in ("PUT", "POST", "DELETE", "PURGE")
        for name, path in _OTHER_PATHS.items()
    ),
    *(
        comparisons.Case(f"type-{name}", [case_builders.put("job/x", _BODY, _typed(value))])
        for name, value in _TYPES.items()
    ),
    *(
        comparisons.Case(f"coding-{name}", [case_builders.put("job/x", body, {"Content-Encoding": coding})])
        for name, (coding, body) in _CODINGS.items()
    ),
]
