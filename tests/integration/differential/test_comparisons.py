"""For each case, both servers respond and show the same, or docs/compatibility.md documents the difference."""

import pytest

from tests.integration.differential import (
    compatibility_page,
    conftest,
    http_cases,
    path_cases,
    protobuf_cases,
    push_sequence_cases,
    raw_request_cases,
    request_target_cases,
    text_body_cases,
    utf8_name_cases,
)
from tests.support.pushgateway import comparisons

CASES = [
    *path_cases.CASES,
    *http_cases.CASES,
    *text_body_cases.CASES,
    *push_sequence_cases.CASES,
    *protobuf_cases.CASES,
    *request_target_cases.CASES,
    *raw_request_cases.CASES,
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_servers_differ_only_where_documented(pair: conftest.Pair, case: comparisons.Case) -> None:
    _compare(pair, case)


@pytest.mark.parametrize("case", utf8_name_cases.CASES, ids=lambda case: case.id)
def test_servers_with_utf8_names_differ_only_where_documented(
    pair_with_utf8_names: conftest.Pair, case: comparisons.Case
) -> None:
    _compare(pair_with_utf8_names, case)


def _compare(pair: conftest.Pair, case: comparisons.Case) -> None:
    ours, real = pair.play(case)
    if pair.may_differ(case):
        assert ours != real, f"{case.id} does not differ: take it off {compatibility_page.DOCUMENT.name}"
    else:
        assert ours == real


def test_case_ids_are_unique() -> None:
    ids = [case.id for case in (*CASES, *utf8_name_cases.CASES)]
    assert len(set(ids)) == len(ids)


def test_documented_case_ids_exist_and_are_unique() -> None:
    named = [case for cases in compatibility_page.listed().values() for case in cases]
    assert len(set(named)) == len(named)
    assert set(named) <= {case.id for case in (*CASES, *utf8_name_cases.CASES)}
