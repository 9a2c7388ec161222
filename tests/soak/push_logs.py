"""Every push, from the logs that the pods keep of their own."""

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
    """The pushes of one pod: each value once, however often it was tried."""
    about: dict[str, Any] = {}
    found: dict[float, histories.Push] = {}
    for line in lines:
        if line["event"] == "pod":
            about = line
            continue
        value = float(line["value"])
        if value not in found:
            found[value] = histories.Push(
                group=tuple(sorted(about["group"].items())),
                owner=about["owner"],
                value=value,
                sent=line["time"],
                answered=None,
                until=histories.Until(about["until"]),
                drain=about["drain"],
            )
        if line["event"] == "answered" and line["status"] in _OK:
            found[value] = found[value]._replace(answered=line["time"])
    return list(found.values())


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """A pod that is killed may leave half a line at the end."""
    for line in path.read_text().splitlines(keepends=True):
        if line.endswith("\n"):
            yield json.loads(line)
