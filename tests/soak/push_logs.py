"""Every push, from the pods' own logs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.soak import histories

_OK = (200, 202)


def read(folder: Path) -> list[histories.Push]:
    """All pushes of all pods whose logs are in this folder."""
    return [push for path in sorted(folder.glob("*.jsonl")) for push in pushes(_lines(path))]


def pushes(lines: Iterable[dict[str, Any]]) -> list[histories.Push]:
    """The pushes of one pod: each value once, with all its attempts combined."""
    about: dict[str, Any] = {}
    by_value: dict[float, histories.Push] = {}
    for line in lines:
        if line["event"] == "pod":
            about = line
            continue
        value = float(line["value"])
        if value not in by_value:
            by_value[value] = histories.Push(
                group=tuple(sorted(about["group"].items())),
                owner=about["owner"],
                value=value,
                sent=line["time"],
                acknowledged=None,
                until=histories.Until(about["until"]),
                drain=about["drain"],
            )
        if line["event"] == "response" and line["status"] in _OK:
            by_value[value] = by_value[value]._replace(acknowledged=line["time"])
    return list(by_value.values())


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a log; the last line may be incomplete if the pod was killed."""
    for line in path.read_text().splitlines(keepends=True):
        if line.endswith("\n"):
            yield json.loads(line)
