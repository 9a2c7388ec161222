"""Many thousand pushes, most of them damaged, neither break the gateway nor leave anything in its memory."""

from __future__ import annotations

from pathlib import Path

from tests.support.gateway import fuzzing

_BODIES = 20_000
_SEED = 20
_SLACK = 16 * 2**20
"""Bytes of memory by which a process may grow for other reasons."""


def test_damaged_pushes_neither_break_the_gateway_nor_leak_memory(tmp_path: Path) -> None:
    tally = fuzzing.over_http(_BODIES, seed=_SEED, folder=tmp_path)
    log = (tmp_path / "gateway.log").read_text()
    assert tally.failures == 0, log[-5_000:]
    assert "Traceback" not in log
    assert sum(tally.statuses.values()) > _BODIES * 0.98
    assert tally.statuses[200] > _BODIES / 10
    assert tally.statuses[400] > _BODIES / 10
    assert tally.after - tally.warm < _SLACK
