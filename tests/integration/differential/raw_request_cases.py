"""Requests as programs without an HTTP library send them: line endings, trailing bytes, closed connections."""

from tests.support.pushgateway import comparisons

_BODY = b"m 1\n"
_CLOSE = b"Connection: close"
_KEEP = b"Connection: keep-alive"
_CHUNKED = b"Transfer-Encoding: chunked"
_CHUNKS = b"4\r\nm 1\n\r\n0\r\n\r\n"
_HEALTHY = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n"


def _push(
    *lines: bytes,
    body: bytes = _BODY,
    method: bytes = b"PUT",
    target: bytes = b"/metrics/job/x",
    version: bytes = b"1.1",
    length: bool = True,
    host: bool = True,
) -> bytes:
    head = [b"%b %b HTTP/%b" % (method, target, version)]
    head += [b"Host: x"] if host else []
    head += [b"Content-Length: %d" % len(body)] if length else []
    return b"\r\n".join([*head, *lines]) + b"\r\n\r\n" + body


def _fed(request: bytes) -> bytes:
    """Replace CR LF with LF."""
    return request.replace(b"\r\n", b"\n")


_PUSH, _LAST = _push(), _push(_CLOSE)
_OTHER = _push(target=b"/metrics/job/y")

_SENT = {
    "lf": _fed(_LAST),
    "lf-kept-alive": _fed(_PUSH),
    "lf-of-http-1.0": _fed(_push(version=b"1.0", host=False)),
    "lf-of-one-line": _push(b"X: a\nY: b", _CLOSE),
    "lf-of-the-last-line": _LAST.replace(b"\r\n\r\n", b"\r\n\n"),
    "lf-of-the-first-line": _LAST.replace(b"\r\n", b"\n", 1),
    "lf-get": _fed(_HEALTHY + _CLOSE + b"\r\n\r\n"),
    "lf-and-chunks": _fed(_push(_CHUNKED, _CLOSE, length=False, body=b"")) + _CHUNKS,
    "lf-in-chunks": _fed(_push(_CHUNKED, _CLOSE, length=False, body=_CHUNKS)),
    "lf-and-two-lengths": _fed(_push(b"Content-Length: 4", _CLOSE)),
    "lf-and-other-lengths": _fed(_push(b"Content-Length: 5", _CLOSE)),
    "two-equal-lengths": _push(b"Content-Length: 4", _CLOSE),
    "two-content-types": _push(b"Content-Type: text/plain", b"Content-Type: text/plain", _CLOSE),
    "two-user-agents": _push(b"User-Agent: a", b"User-Agent: b", _CLOSE),
    "folded-header": _push(b"X: a", b" b", _CLOSE),
    "two-blanks": _LAST.replace(b" ", b"  ", 1),
    "blank-in-the-path": _push(_CLOSE, target=b"/metrics/job/x y"),
    "empty-line-before": b"\r\n" + _LAST,
    "no-length": _push(_CLOSE, length=False),
    "no-length-no-body": _push(_CLOSE, length=False, body=b""),
    "no-length-http-1.0": _push(version=b"1.0", length=False, body=b""),
    "http-1.0": _push(version=b"1.0"),
    "http-1.0-kept-alive": _push(_KEEP, version=b"1.0"),
    "http-1.0-kept-alive-without-host": _push(b"Connection: Keep-Alive", version=b"1.0", host=False),
    "http-1.0-and-chunks": _push(_CHUNKED, version=b"1.0", length=False, body=_CHUNKS),
    "http-1.2": _push(_CLOSE, version=b"1.2"),
    "http-2": _push(_CLOSE, version=b"2.0"),
    "http-in-lower-case": _LAST.replace(b"HTTP", b"http"),
    "method-in-lower-case": _push(_CLOSE, method=b"put"),
    "method-in-mixed-case": _push(_CLOSE, method=b"Put"),
    "method-that-nobody-knows": _push(_CLOSE, method=b"FOO"),
    "no-host": _push(_CLOSE, host=False),
    "upgrade": _push(b"Connection: Upgrade", b"Upgrade: h2c"),
    **{
        f"empty-{name.decode().lower()}": _push(
            name + b":", _CLOSE, length=name != b"Content-Length", host=name != b"Host"
        )
        for name in (
            b"X",
            b"Content-Type",
            b"Content-Encoding",
            b"Content-Length",
            b"Transfer-Encoding",
            b"Expect",
            b"Host",
            b"Authorization",
            b"Accept",
        )
    },
    **{
        f"expect-{name}": _push(b"Expect: " + value, _CLOSE)
        for name, value in {
            "continue": b"100-continue",
            "in-mixed-case": b"100-Continue",
            "in-upper-case": b"100-CONTINUE",
            "among-others": b"x, 100-continue",
            "something-else": b"200-ok",
        }.items()
    },
    "expect-something-else-of-http-1.0": _push(b"Expect: 200-ok", version=b"1.0"),
    "expect-of-http-1.0": _push(b"Expect: 100-continue", version=b"1.0"),
    "expect-without-a-body": _push(b"Expect: 100-continue", _CLOSE, body=b""),
}
_STRAY = {
    "zero-byte": b"\0",
    "line-end": b"\r\n",
    "line-feed": b"\n",
    "text": b"garbage",
    "blanks": b"   ",
    "bytes": b"\xff\xfe",
    "line-end-and-zero-byte": b"\r\n\0",
    "half-a-request": b"PUT /metr",
    "another-push": _OTHER,
}
_TWO = {
    "another": _PUSH + _push(_CLOSE, target=b"/metrics/job/y"),
    "a-malformed-one": _PUSH + b"GET / HTTP/1.1\r\nX X\r\n\r\n",
    "one-of-http-9": _PUSH + b"PUT / HTTP/9\r\n\r\n",
    "lf": _fed(_PUSH) + _fed(_push(_CLOSE, target=b"/metrics/job/y")),
    "upgrades": _push(b"Connection: Upgrade", b"Upgrade: h2c") + _push(_CLOSE, target=b"/metrics/job/y"),
}
_HALF_CLOSED = {
    "push": _PUSH,
    "delete": _push(method=b"DELETE", body=b"", length=False),
    "get": _HEALTHY + b"\r\n",
    "lf": _fed(_PUSH),
    "within-the-body": _PUSH[:-2],
    "before-the-body": _PUSH[: -len(_BODY)],
    "within-the-body-of-http-1.0": _push(version=b"1.0")[:-2],
    "within-a-packed-body": _push(b"Content-Encoding: gzip")[:-2],
    "within-a-chunk": _push(_CHUNKED, length=False, body=_CHUNKS[:5]),
    "before-the-last-chunk": _push(_CHUNKED, length=False, body=_CHUNKS[:-5]),
    "within-the-head": _PUSH[:30],
    "before-anything": b"",
    "before-what-is-expected": _push(b"Expect: 100-continue")[: -len(_BODY)],
}

CASES = [
    *(comparisons.Case(f"wire-{id}", [], wire=comparisons.Wire(sent)) for id, sent in _SENT.items()),
    *(
        comparisons.Case(f"wire-last-and-{id}", [], wire=comparisons.Wire(_LAST + sent, responses=2))
        for id, sent in _STRAY.items()
    ),
    *(
        comparisons.Case(f"wire-kept-alive-and-{id}", [], wire=comparisons.Wire(_PUSH + sent))
        for id, sent in _STRAY.items()
        if id != "another-push"
    ),
    comparisons.Case(
        "wire-last-in-chunks-and-zero-byte",
        [],
        wire=comparisons.Wire(_push(_CHUNKED, _CLOSE, length=False, body=_CHUNKS) + b"\0", responses=2),
    ),
    *(comparisons.Case(f"wire-two-{id}", [], wire=comparisons.Wire(sent, responses=2)) for id, sent in _TWO.items()),
    *(
        comparisons.Case(f"wire-half-closed-{id}", [], wire=comparisons.Wire(sent, responses=2, half_closed=True))
        for id, sent in _HALF_CLOSED.items()
    ),
    comparisons.Case(
        "wire-half-closed-after-two", [], wire=comparisons.Wire(_PUSH + _OTHER, responses=3, half_closed=True)
    ),
    comparisons.Case(
        "wire-half-closed-within-the-second",
        [],
        wire=comparisons.Wire(_PUSH + _OTHER[:-2], responses=3, half_closed=True),
    ),
]
