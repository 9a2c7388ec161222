"""Write the sizing tables of docs/operations.md from docs/sizing.json."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "operations.md"
_SIZING = ROOT / "docs" / "sizing.json"

_PLACE = re.compile(r"(?<=-->\n)(?:.*?)(?=<!-- /sizing -->)", re.DOTALL)
_MIB = 2**20
_GATEWAY = (
    "groups",
    "scrape",
    "scrape, gzip",
    "memory",
    "peak memory",
    "peak memory at startup",
    "memory after startup",
    "startup time",
    "file",
    "write-ahead log, at most",
)
_OPERATOR = (
    "Jobs",
    "groups",
    "memory",
    "peak memory",
    "time to first plan",
    "CPU per resync",
    "list calls per resync",
    "bytes per resync, gzip",
)

Json: TypeAlias = Mapping[str, Any]


def main() -> None:
    """Update the page if its tables are out of date."""
    page = PAGE.read_text()
    if (made := text(page)) != page:
        PAGE.write_text(made)
        print(f"sizes: wrote {PAGE.relative_to(ROOT)}")


def text(page: str) -> str:
    """Return the page with the current tables between its sizing marks."""
    tables = "\n\n".join(_tables(json.loads(_SIZING.read_text())))
    return _PLACE.sub(lambda _: f"\n{tables}\n\n", page)


def _tables(sizing: Json) -> Iterator[str]:
    yield (
        f"Measured by `make sizing` on {sizing['date']}, on {_machine(sizing['machine'])}.\n"
        "Each group has ten series and two push times, and was pushed twice. "
        "For rates and times see [benchmark.md](benchmark.md)."
    )
    yield "**Gateway**, with `--persistence.file`, after pushes and scrapes in text and gzip:"
    yield _table(_GATEWAY, map(_gateway, sizing["gateway"]))
    last = sizing["gateway"][-1]
    yield f"A single push adds {last['logged'] / 1024:.0f} KiB to the write-ahead log; concurrent pushes share that."
    yield "**Operator**, with running Jobs and their groups:"
    yield _table(_OPERATOR, map(_operator, sizing["operator"]))
    yield _shares(sizing["operator"])


def _shares(points: Sequence[Json]) -> str:
    """State the operator's memory per Job and per group; the last two points differ only in groups."""
    first, (before, last) = points[0], points[-2:]
    group = (last["memory"] - before["memory"]) / (last["groups"] - before["groups"])
    job = (before["memory"] - first["memory"] - group * before["groups"]) / before["jobs"]
    return f"1,000 Jobs take about {_size(1_000 * job)}, 1,000 groups about {_size(1_000 * group)}."


def _machine(machine: Json) -> str:
    return f"{machine['processors']} shared cores ({machine['model']}), Linux {machine['kernel']}"


def _gateway(point: Json) -> str:
    sizes = [_size(point[name]) for name in ("exposition", "packed", "memory", "peak", "restored_peak", "restored")]
    cells = [f"{point['groups']:,}", *sizes, f"{point['restore']:.1f} s", _size(point["file"]), _size(point["log"])]
    return _cells(cells)


def _operator(point: Json) -> str:
    sizes = [_size(point[name]) for name in ("memory", "peak")]
    cells = [f"{point['jobs']:,}", f"{point['groups']:,}", *sizes, f"{point['first_plan']:.1f} s"]
    return _cells([*cells, f"{point['cpu']:.2g} s", f"{point['calls']:.0f}", _size(point["answered"])])


def _size(size: float) -> str:
    if size < _MIB:
        return f"{size / 1024:,.0f} KiB"
    return f"{size / _MIB:,.0f} MiB" if size >= 10 * _MIB else f"{size / _MIB:.1f} MiB"


def _table(heads: Sequence[str], rows: Iterable[str]) -> str:
    return "\n".join((_cells(heads), _cells(["---"] * len(heads)), *rows))


def _cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
