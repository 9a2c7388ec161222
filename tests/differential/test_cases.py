"""Each case of the tables: both servers answer and show the same, or docs/compatibility.md says why they do not."""

import pytest

from tests.differential import (
    cases_of_bodies,
    cases_of_groups,
    cases_of_http,
    cases_of_names,
    cases_of_paths,
    cases_of_protobuf,
    cases_of_targets,
    cases_of_wires,
    compatibility,
    conftest,
    exchanges,
)

CASES = [
    *cases_of_paths.CASES,
    *cases_of_http.CASES,
    *cases_of_bodies.CASES,
    *cases_of_groups.CASES,
    *cases_of_protobuf.CASES,
    *cases_of_targets.CASES,
    *cases_of_wires.CASES,
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_differs_only_where_the_document_says_so(pair: conftest.Pair, case: exchanges.Case) -> None:
    _compare(pair, case)


@pytest.mark.parametrize("case", cases_of_names.CASES, ids=lambda case: case.id)
def test_a_case_of_names_differs_only_where_the_document_says_so(
    pair_with_utf8_names: conftest.Pair, case: exchanges.Case
) -> None:
    _compare(pair_with_utf8_names, case)


def _compare(pair: conftest.Pair, case: exchanges.Case) -> None:
    ours, real = pair.play(case)
    if pair.may_differ(case):
        assert ours != real, f"{case.id} does not differ: take it off {compatibility.DOCUMENT.name}"
    else:
        assert ours == real


def test_every_case_has_a_name_of_its_own() -> None:
    ids = [case.id for case in (*CASES, *cases_of_names.CASES)]
    assert len(set(ids)) == len(ids)


def test_the_document_names_cases_that_there_are_and_none_twice() -> None:
    named = [case for cases in compatibility.listed().values() for case in cases]
    assert len(set(named)) == len(named)
    assert set(named) <= {case.id for case in (*CASES, *cases_of_names.CASES)}
