"""Paths of groups for a Pushgateway: tidegate parses paths in the same way, and finds the group by its path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.gateway.push import push_paths
from tidegate.model import grouping
from tidegate.operator.gateways import pushgateway_paths

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd"), max_size=8)
_PLAIN_NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,6}", fullmatch=True)


def _key(job: str, labels: dict[str, str]) -> grouping.GroupingKey:
    return grouping.grouping_key({**labels, "job": job})


@given(
    job=_TEXT.filter(bool),
    labels=st.dictionaries(_PLAIN_NAMES.filter(lambda name: name[:2] != "__"), _TEXT, max_size=4),
)
def test_path_parses_to_its_grouping_key(job: str, labels: dict[str, str]) -> None:
    key = _key(job, labels)
    assert push_paths.grouping_key(pushgateway_paths.path(key)) == key


@given(job=_TEXT.filter(bool), name=_TEXT.filter(bool) | _PLAIN_NAMES)
def test_path_with_utf8_names_parses_to_its_grouping_key(job: str, name: str) -> None:
    key = _key(job, {name: "v"})
    assert push_paths.grouping_key(pushgateway_paths.path(key), utf8_names=True) == key


@given(name=_TEXT.filter(bool) | _PLAIN_NAMES)
def test_same_path_key_is_the_key_of_the_path_without_utf8_names(name: str) -> None:
    key = _key("x", {name: "v"})
    read = push_paths.grouping_key(pushgateway_paths.path(key))
    assert pushgateway_paths.same_path_key(key) == (None if read == key else read)


@pytest.mark.parametrize(
    ("labels", "path"),
    [
        pytest.param({"job": "backup", "instance": "db-1.x"}, "job/backup/instance/db-1.x", id="plain"),
        pytest.param({"job": "a/b"}, "job@base64/YS9i", id="a slash"),
        pytest.param({"job": "x", "a": ""}, "job/x/a@base64/=", id="nothing"),
        pytest.param({"job": ".."}, "job@base64/Li4", id="only dots"),
        pytest.param({"job": "x", "a": "b c%2F"}, "job/x/a@base64/YiBjJTJG", id="like an escape"),
        pytest.param({"job": "x", "app.io/name": "v"}, "job/x/U__app_2e_io_2f_name/v", id="a name in UTF-8"),
    ],
)
def test_path_has_only_plain_characters(labels: dict[str, str], path: str) -> None:
    assert pushgateway_paths.path(grouping.grouping_key(labels)) == path


@pytest.mark.parametrize(
    ("labels", "is_unambiguous"),
    [
        pytest.param({"job": "x", "a": "é/b"}, True, id="any UTF-8"),
        pytest.param({"job": "x\ufffd"}, False, id="bytes that were not UTF-8"),
        pytest.param({"job": "x", "a": "\ud800"}, False, id="half a character"),
        pytest.param({"job": "x", "U__a": "b"}, False, id="an escaped name"),
    ],
)
def test_key_is_unambiguous_if_no_other_key_looks_the_same(labels: dict[str, str], is_unambiguous: bool) -> None:
    assert pushgateway_paths.is_unambiguous(grouping.grouping_key(labels)) == is_unambiguous
