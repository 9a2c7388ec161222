"""The figures in README's comparison are those of the latest benchmark."""

from __future__ import annotations

import pytest

from tests.support.docs import markdown_documents

_FIGURES = {
    "pushes to 1,000 groups, with consistency check": "pushes per second, 1,000 groups; Pushgateway checked",
    "pushes to new groups, one connection, Pushgateway without check": (
        "pushes per second that create a group each, one connection; Pushgateway unchecked"
    ),
    "scrape of 240,000 series, text": "scrape of 240,000 series, text, store unchanged",
}
"""Rows of README by row of the benchmark."""


@pytest.mark.parametrize("row", _FIGURES)
def test_figure_in_the_comparison_matches_the_benchmark(row: str) -> None:
    compared = markdown_documents.table_rows(markdown_documents.ROOT / "README.md")
    measured = markdown_documents.table_rows(markdown_documents.ROOT / "docs" / "benchmark.md")
    assert compared[row][:2] == measured[_FIGURES[row]][:2]
