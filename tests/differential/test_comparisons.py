"""Each case of the tables: both servers answer and show the same, or docs/compatibility.md says why they do not."""

import pytest

from tests.differential import (
    comparisons,
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
def test_a_case_differs_only_where_the_document_says_so(pair: conftest.Pair, case: comparisons.Case) -> None:
    _compare(pair, case)


@pytest.mark.parametrize("case", utf8_name_cases.CASES, ids=lambda case: case.id)
def test_a_case_of_names_differs_only_where_the_document_says_so(
    pair_with_utf8_names: conftest.Pair, case: comparisons.Case
) -> None:
    _compare(pair_with_utf8_names, case)


def _compare(pair: conftest.Pair, case: comparisons.Case) -> None:
    ours, real = pair.play(case)
    if pair.may_differ(case):
        assert ours != real, f"{case.id} does not differ: take it off {compatibility_page.DOCUMENT.name}"
    else:
        assert ours == real


def test_every_case_has_a_name_of_its_own() -> None:
    ids = [case.id for case in (*CASES, *utf8_name_cases.CASES)]
    assert len(set(ids)) == len(ids)


def test_the_document_names_cases_that_there_are_and_none_twice() -> None:
    named = [case for cases in compatibility_page.listed().values() for case in cases]
    assert len(set(named)) == len(named)
    assert set(named) <= {case.id for case in (*CASES, *utf8_name_cases.CASES)}
