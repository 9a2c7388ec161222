"""``make sizing`` in short: everything is measured."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench import sizing

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Figures that say nothing but that all was measured."""
    return sizing.measure(tmp_path_factory.mktemp("sizing"), parts=("gateway", "operator"), quick=True)


def test_every_figure_of_the_gateway_is_there(found: dict[str, Any]) -> None:
    assert len(found["gateway"]) == 2
    assert [name for point in found["gateway"] for name, value in point.items() if not value] == []


def test_every_figure_of_the_operator_is_there(found: dict[str, Any]) -> None:
    assert [(point["jobs"], point["groups"]) for point in found["operator"]] == [(0, 0), (10, 20)]
    last = found["operator"][-1]
    assert [name for name, value in last.items() if not value] == []
    # One page each of Jobs and of CronJobs; what else asks for them is not counted.
    assert last["calls"] == 2
