"""Path and query of a request target are read character by character."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.gateway.http import request_target

_PRINTABLE = string.ascii_letters + string.digits + string.punctuation


@given(st.text(alphabet=_PRINTABLE.replace("?", "")), st.text(alphabet=_PRINTABLE))
def test_path_and_query_are_read_as_sent(path: str, query: str) -> None:
    url = request_target.url(f"/{path}?{query}")
    assert (url.raw_path, url.raw_query_string) == (f"/{path}", query)


@given(st.text(alphabet=_PRINTABLE.replace("?", "")))
def test_absolute_url_is_reduced_to_its_path(path: str) -> None:
    assert request_target.url(f"http://example:80/{path}").raw_path == f"/{path}"


@given(st.text(alphabet=_PRINTABLE.replace("?", "").replace("%", "")))
def test_location_is_escaped_and_names_the_same_path(path: str) -> None:
    location = request_target.location(f"/{path}", "")
    assert "#" not in location
    assert "\\" not in location
    assert request_target.url(location).path == f"/{path}"


@pytest.mark.parametrize(
    ("target", "is_plain"),
    [("/metrics/job/x", True), ("/metrics/job/x#y", False), ("/x?y#z", False), ("http://example/x", False)],
)
def test_plain_target_has_neither_authority_nor_hash(target: str, is_plain: bool) -> None:
    assert request_target.is_plain(target) is is_plain


def test_url_without_a_path_is_the_root() -> None:
    assert request_target.url("http://example?a=b").raw_path_qs == "/?a=b"
