"""Which spellings of a head are accepted, and how they are normalized."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.gateway.http import request_heads

_HEAD = b"PUT /metrics/job/x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"


def _with_line_feeds(head: bytes) -> bytes:
    return head.replace(b"\r\n", b"\n")


@given(st.lists(st.booleans(), min_size=4, max_size=4))
def test_line_may_end_in_a_single_line_feed(has_line_feed: list[bool]) -> None:
    lines = _HEAD.split(b"\r\n")[:4]
    sent = b"".join(line + (b"\n" if fed else b"\r\n") for line, fed in zip(lines, has_line_feed, strict=True))
    is_length_hidden = has_line_feed[:2] == [False, True]
    assert request_heads.end(sent) == len(sent)
    assert request_heads.normalized(sent) == (_HEAD if any(has_line_feed) and not is_length_hidden else None)


@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\n\r\n", b"\r\n\n", b"\n\n"])
def test_length_that_may_be_part_of_a_value_is_rejected(end: bytes) -> None:
    head = b"PUT / HTTP/1.1\r\nHost: x\r\nX: a\nContent-Length: 4" + end
    assert request_heads.normalized(head) is None
    assert request_heads.normalized(b"\r\n" + head) is None
    assert request_heads.normalized(_with_line_feeds(head)) is not None


@pytest.mark.parametrize(
    "line",
    [
        b"Transfer-Encoding: chunked",
        b"transfer-encoding:identity",
        b"Transfer-Encoding : chunked",
        b" Transfer-Encoding: chunked",
        b"X: a\rTransfer-Encoding: chunked",
        b"Content-Length: 4",
        b"content-length: 5",
        b"Content-Length : 4",
        b"X: Content-Length",
        b"X: a\rb",
    ],
)
def test_head_with_an_ambiguous_end_is_rejected(line: bytes) -> None:
    assert request_heads.normalized(_with_line_feeds(_HEAD.replace(b"\r\n\r\n", b"\r\n" + line + b"\r\n\r\n"))) is None


@given(st.binary(max_size=60))
def test_normalized_head_has_no_line_breaks_within_lines(middle: bytes) -> None:
    spelled = request_heads.normalized(b"PUT / HTTP/1.1\nX: " + middle + b"\nContent-Length: 4\n\n")
    if spelled is not None:
        lines = spelled.split(b"\r\n")
        assert not any(b"\r" in line or b"\n" in line for line in lines)
        assert spelled.lower().count(b"content-length") == 1
        assert b"transfer-encoding" not in spelled.lower()


def test_bytes_beyond_ascii_are_escaped_only_in_the_request_line() -> None:
    spelled = request_heads.normalized("PUT /caf\u00e9 HTTP/1.1\r\nX: \u00e9\r\n\r\n".encode())
    assert spelled == b"PUT /caf%C3%A9 HTTP/1.1\r\nX: \xc3\xa9\r\n\r\n"


def test_first_of_two_content_types_counts() -> None:
    spelled = request_heads.normalized(b"PUT / HTTP/1.1\r\nContent-Type: a\r\ncontent-type: b\r\nX: c\r\nX: d\r\n\r\n")
    assert spelled == b"PUT / HTTP/1.1\r\nContent-Type: a\r\nX: c\r\nX: d\r\n\r\n"


def test_head_without_an_empty_line_has_no_end() -> None:
    assert request_heads.end(b"\r\nPUT / HTTP/1.1\nX: a\n") == -1


@given(st.text("\r\na", max_size=12))
def test_search_for_the_end_may_resume_at_the_searched_position(text: str) -> None:
    head = text.encode()
    ends = [request_heads.end(head[:position]) for position in range(len(head) + 1)]
    for position, searched in enumerate(ends):
        if searched == -1:
            assert request_heads.end(head, searched=position) == request_heads.end(head)
