"""Many thousand pushes, most of them damaged, neither break the gateway nor leave anything in its memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.gateway import fuzzing

_SEED = 20
_SLACK = 16 * 2**20
"""Bytes of memory by which a process may grow for other reasons."""


def test_damaged_pushes_neither_break_the_gateway_nor_leak_memory(tmp_path: Path) -> None:
    _expect_resilience(7_000, folder=tmp_path)


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_a_hundred_thousand_damaged_pushes_neither_break_the_gateway_nor_leak_memory(tmp_path: Path) -> None:
    _expect_resilience(100_000, folder=tmp_path)


def _expect_resilience(bodies: int, *, folder: Path) -> None:
    tally = fuzzing.over_http(bodies, seed=_SEED, folder=folder)
    log = (folder / "gateway.log").read_text()
    assert tally.failures == 0, log[-5_000:]
    assert "Traceback" not in log
    assert sum(tally.statuses.values()) > bodies * 0.98
    assert tally.statuses[200] > bodies / 10
    assert tally.statuses[400] > bodies / 10
    assert tally.after - tally.warm < _SLACK
