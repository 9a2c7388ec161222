"""The memory limit of the cgroup, and the comparison of used memory with a limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.system import memory


@pytest.mark.parametrize(
    ("text", "allowed"),
    [("536870912\n", 536_870_912), ("max\n", None), ("9223372036854771712\n", None)],
    ids=["a number", "none", "a number larger than any memory"],
)
def test_limit_is_read_from_the_file_of_the_cgroup(
    text: str, allowed: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "limit").write_text(text)
    monkeypatch.setattr(memory, "_CGROUP_FILES", (tmp_path / "missing", tmp_path / "limit"))
    assert memory.allowed() == allowed


def test_without_a_file_there_is_no_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_CGROUP_FILES", (tmp_path / "missing",))
    assert memory.allowed() is None


def test_memory_is_short_above_the_limit() -> None:
    used = memory.resident()
    assert used > 1_000_000
    assert memory.MemoryGauge(used // 2).is_short()
    assert not memory.MemoryGauge(used * 100).is_short()
    assert not memory.MemoryGauge(None).is_short()
