"""Which spellings of a head are taken, and as what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.gateway.http import request_heads

_HEAD = b"PUT /metrics/job/x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"


def _fed(head: bytes) -> bytes:
    return head.replace(b"\r\n", b"\n")


@given(st.lists(st.booleans(), min_size=4, max_size=4))
def test_a_line_may_end_in_a_line_feed_alone(are_fed: list[bool]) -> None:
    lines = _HEAD.split(b"\r\n")[:4]
    sent = b"".join(line + (b"\n" if fed else b"\r\n") for line, fed in zip(lines, are_fed, strict=True))
    is_length_hidden = are_fed[:2] == [False, True]
    assert request_heads.end(sent) == len(sent)
    assert request_heads.normalized(sent) == (_HEAD if any(are_fed) and not is_length_hidden else None)


@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\n\r\n", b"\r\n\n", b"\n\n"])
def test_a_length_that_may_be_part_of_a_value_is_not_taken(end: bytes) -> None:
    head = b"PUT / HTTP/1.1\r\nHost: x\r\nX: a\nContent-Length: 4" + end
    assert request_heads.normalized(head) is None
    assert request_heads.normalized(b"\r\n" + head) is None
    assert request_heads.normalized(_fed(head)) is not None


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
def test_a_head_whose_end_others_may_see_elsewhere_is_not_taken(line: bytes) -> None:
    assert request_heads.normalized(_fed(_HEAD.replace(b"\r\n\r\n", b"\r\n" + line + b"\r\n\r\n"))) is None


@given(st.binary(max_size=60))
def test_what_is_taken_has_no_line_end_but_those_of_its_lines(middle: bytes) -> None:
    spelled = request_heads.normalized(b"PUT / HTTP/1.1\nX: " + middle + b"\nContent-Length: 4\n\n")
    if spelled is not None:
        lines = spelled.split(b"\r\n")
        assert not any(b"\r" in line or b"\n" in line for line in lines)
        assert spelled.lower().count(b"content-length") == 1
        assert b"transfer-encoding" not in spelled.lower()


def test_bytes_beyond_ascii_are_escaped_in_the_request_line_alone() -> None:
    spelled = request_heads.normalized("PUT /caf\u00e9 HTTP/1.1\r\nX: \u00e9\r\n\r\n".encode())
    assert spelled == b"PUT /caf%C3%A9 HTTP/1.1\r\nX: \xc3\xa9\r\n\r\n"


def test_the_first_of_two_content_types_counts() -> None:
    spelled = request_heads.normalized(b"PUT / HTTP/1.1\r\nContent-Type: a\r\ncontent-type: b\r\nX: c\r\nX: d\r\n\r\n")
    assert spelled == b"PUT / HTTP/1.1\r\nContent-Type: a\r\nX: c\r\nX: d\r\n\r\n"


def test_a_head_without_its_empty_line_has_no_end() -> None:
    assert request_heads.end(b"\r\nPUT / HTTP/1.1\nX: a\n") == -1


@given(st.text("\r\na", max_size=12))
def test_the_end_of_a_head_is_the_same_where_its_start_was_searched_before(text: str) -> None:
    head = text.encode()
    ends = [request_heads.end(head[:place]) for place in range(len(head) + 1)]
    for place, searched in enumerate(ends):
        if searched == -1:
            assert request_heads.end(head, searched=place) == request_heads.end(head)
