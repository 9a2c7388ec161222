"""A short run of ``make sizing``: everything is measured."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench import sizing

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Figures of a short run; they only show that everything was measured."""
    return sizing.measure(tmp_path_factory.mktemp("sizing"), parts=("gateway", "operator"), quick=True)


def test_sizing_has_every_figure_of_the_gateway(figures: dict[str, Any]) -> None:
    assert len(figures["gateway"]) == 2
    assert [name for point in figures["gateway"] for name, value in point.items() if not value] == []


def test_sizing_has_every_figure_of_the_operator(figures: dict[str, Any]) -> None:
    assert [(point["jobs"], point["groups"]) for point in figures["operator"]] == [(0, 0), (10, 20)]
    last = figures["operator"][-1]
    assert [name for name, value in last.items() if not value] == []
    # One page each of Jobs and of CronJobs; other requests for them are not counted.
    assert last["calls"] == 2
