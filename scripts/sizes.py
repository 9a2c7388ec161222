"""Write the tables of sizes in docs/operations.md: what `make sizing` and `make bench` have measured."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "operations.md"
_SIZING = ROOT / "docs" / "sizing.json"
_BENCHMARK = ROOT / "docs" / "benchmark.json"

_PLACE = re.compile(r"(?<=-->\n)(?:.*?)(?=<!-- /sizing -->)", re.DOTALL)
_MIB = 2**20
_TOLD = (
    "processor time of the server a push, against its unchecked mode",
    "scrape of 240,000 series, text, store unchanged",
    "the same, text, after 1% of the groups changed",
    "scrape of 240,000 series, gzip, store unchanged",
    "the same, gzip, after 1% of the groups changed",
    "push p99 while a store of 240,000 series is scraped every second",
    "operator, 10,000 live Jobs: from its start to its first plan",
    "operator, 1,000 of them end straight after that: until all their groups are retired",
)
"""The rows of the benchmark that say what something costs here, by their names."""

_GATEWAY = (
    "groups",
    "a scrape",
    "the same in gzip",
    "memory",
    "most at once",
    "most at once in a start",
    "memory after it",
    "start until ready",
    "file",
    "log beside it, at most",
)
_OPERATOR = (
    "Jobs",
    "groups",
    "memory",
    "most at once",
    "start until its first plan",
    "CPU of each resync",
    "lists asked for in it",
    "bytes of these, packed",
)

Json: TypeAlias = Mapping[str, Any]


def main() -> None:
    """Write the page where its tables are others."""
    page = PAGE.read_text()
    if (made := text(page)) != page:
        PAGE.write_text(made)
        print(f"sizes: wrote {PAGE.relative_to(ROOT)}")


def text(page: str) -> str:
    """The page with the tables of what is measured."""
    tables = "\n\n".join(_tables(json.loads(_SIZING.read_text()), json.loads(_BENCHMARK.read_text())))
    return _PLACE.sub(lambda _: f"\n{tables}\n\n", page)


def _tables(sizing: Json, benchmark: Json) -> Iterator[str]:
    yield (
        f"Measured by `make sizing` on {sizing['date']}, on {_machine(sizing['machine'])}.\n"
        "A group has ten series and two times, and was pushed twice."
    )
    yield "**The gateway**, with a file, after pushes and scrapes in text and gzip:"
    yield _table(_GATEWAY, map(_gateway, sizing["gateway"]))
    last = sizing["gateway"][-1]
    yield f"A push by itself adds {last['logged'] / 1024:.0f} KiB to the log; those at the same time share it."
    yield "**The operator**, with Jobs that run and groups that are there:"
    yield _table(_OPERATOR, map(_operator, sizing["operator"]))
    yield _shares(sizing["operator"])
    rows = {row["what"]: row for row in benchmark["rows"]}
    yield f"**Time**, by `make bench` on {benchmark['date']} ([benchmark.md](benchmark.md) has all of it):"
    yield _table(("what", ""), (_row(rows[name]) for name in _TOLD))


def _shares(points: Sequence[Json]) -> str:
    """What the operator's memory grows by: the last two points differ in groups alone."""
    first, (before, last) = points[0], points[-2:]
    group = (last["memory"] - before["memory"]) / (last["groups"] - before["groups"])
    job = (before["memory"] - first["memory"] - group * before["groups"]) / before["jobs"]
    return f"So 1,000 Jobs take some {_size(1_000 * job)}, and 1,000 groups some {_size(1_000 * group)}."


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


def _row(row: Json) -> str:
    rounds = row["rounds"]
    figure = statistics.median(pair["ours"] for pair in rounds) if rounds else row["figure"]
    return _cells([row["what"].partition(", against")[0], f"{figure:.3g} {row['unit']}"])


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
