"""The report of a run: a Markdown page, the same data as JSON, and a plot."""

import datetime
import json
import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import tidegate
from tests.bench import cost_curves, round_statistics, svg_plots

_PAGE = """# Benchmark

Measured by `make bench` on {date}: tidegate {version} (Python {python}) beside Pushgateway {pushgateway}, on {machine}.
[benchmark.json](benchmark.json) has the same figures.

A push has ten gauges with two labels and a TYPE line each, and new values each time. `wrk -t1 -c8` sends it with PUT on
eight open connections. Each group was pushed twice before the measurement. Pushgateway's *checked* mode is its default;
in *unchecked* mode (`--push.disable-consistency-check`) one bad push can break every scrape. tidegate always checks.

| measurement | tidegate | Pushgateway | result | goal | |
| --- | --- | --- | --- | --- | --- |
{rows}

- **Comparisons.** Each round measures both sides one after the other, alternating which comes first, because the
  machine is shared. The result is the median of the rounds' ratios, with the smallest and largest in brackets. A row
  with one side is the median of its rounds; the operator's rows come from one run.
- **Persistence.** These rows compare tidegate with itself, with and without a file. With fsync `checkpoint` a push
  survives the process; with `always` it also survives a power loss, and the figure depends on the disk.
- **Event loop delay.** A task is scheduled a thousand times a second; the delay is how late it runs. It is how long a
  request waits at that moment for code, for other threads or for the machine. An idle gateway has some delay, too.
- **Event loop step.** The CPU time of the loop's thread between two of these tasks. It is caused by code alone. The
  figure is the median over the rounds of each round's longest step.

## Growth

![Push rate and scrape time over the number of groups](benchmark.svg)

| groups | pushes per second | checked | unchecked | scrape, s | Pushgateway | memory, MB | Pushgateway |
| --- | --- | --- | --- | --- | --- | --- | --- |
{points}

Exponent of the best power law from {fitted:,} groups on (0: constant, 1: proportional to the number of groups):

| | tidegate | Pushgateway |
| --- | --- | --- |
{growth}
"""


class Machine(NamedTuple):
    """The machine and the versions of the software."""

    processors: int
    model: str
    memory_gib: int
    kernel: str


class Report(NamedTuple):
    """The results of a whole run."""

    rows: Sequence[round_statistics.Row]
    grown: cost_curves.Curves
    pushgateway: str
    machine: Machine


def machine() -> Machine:
    """Return the machine that the benchmark runs on."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ""
    )
    kilobytes = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return Machine(
        os.cpu_count() or 1, model or platform.machine(), round(kilobytes / 2**20), platform.release().partition("-")[0]
    )


def write(report: Report, folder: Path) -> None:
    """Write the three files."""
    (folder / "benchmark.md").write_text(_page(report))
    (folder / "benchmark.json").write_text(json.dumps(_data(report), indent=1) + "\n")
    (folder / "benchmark.svg").write_text(_plot(report.grown))


def line(row: round_statistics.Row) -> str:
    """A row as one line of progress output."""
    return " | ".join(_cells(row))


def _page(report: Report) -> str:
    where = report.machine
    return _PAGE.format(
        date=datetime.datetime.now(tz=datetime.UTC).date(),
        version=tidegate.__version__,
        python=platform.python_version(),
        pushgateway=report.pushgateway,
        machine=f"{where.processors} cores ({where.model}) with {where.memory_gib} GiB, Linux {where.kernel}",
        rows="\n".join(f"| {line(row)} |" for row in report.rows),
        points="\n".join(_point(*points) for points in zip(*report.grown, strict=True)),
        fitted=cost_curves.FITTED,
        growth="\n".join(f"| {name} | {ours:.2f} | {theirs:.2f} |" for name, ours, theirs in growth(report.grown)),
    )


def _cells(row: round_statistics.Row) -> list[str]:
    bound = "" if row.goal is None else f"{'≥' if row.at_least else '≤'} {row.goal:g}"
    met = {None: "", True: "met", False: "**not met**"}[row.met]
    if row.theirs is None:
        return [row.name, f"{row.figure:.3g} {row.unit}", "", f"{row.figure:.3g} {row.unit}", bound, met]
    result = f"{row.figure:.3g}× ({min(row.ratios):.3g} to {max(row.ratios):.3g})"
    return [row.name, _amount(row.ours, row.unit), _amount(row.theirs, row.unit), result, bound, met]


def _amount(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def _point(ours: cost_curves.Point, checked: cost_curves.Point, unchecked: cost_curves.Point) -> str:
    cells = (
        f"{ours.groups:,}",
        *(
            f"{point.push_rate:,.0f}" if point.push_rate >= 10 else f"{point.push_rate:.1f}"
            for point in (ours, checked, unchecked)
        ),
        *(f"{point.scrape:.3g}" for point in (ours, unchecked)),
        *(f"{point.memory / 1e6:,.0f}" for point in (ours, unchecked)),
    )
    return f"| {' | '.join(cells)} |"


def growth(grown: cost_curves.Curves) -> list[tuple[str, float, float]]:
    """The growth exponents of tidegate and of Pushgateway, by quantity."""
    of: dict[str, tuple[Sequence[cost_curves.Point], Callable[[cost_curves.Point], float]]] = {
        "time of a push": (grown.checked, lambda point: 1 / point.push_rate),
        "time of a push (unchecked there)": (grown.unchecked, lambda point: 1 / point.push_rate),
        "time of a scrape": (grown.unchecked, lambda point: point.scrape),
        "memory": (grown.unchecked, lambda point: point.memory),
    }
    return [(name, _exponent(grown.ours, value), _exponent(theirs, value)) for name, (theirs, value) in of.items()]


def _exponent(points: Sequence[cost_curves.Point], value: Callable[[cost_curves.Point], float]) -> float:
    return round_statistics.exponent(
        [(point.groups, value(point)) for point in points if point.groups >= cost_curves.FITTED]
    )


def _plot(grown: cost_curves.Curves) -> str:
    def line(
        name: str, points: Sequence[cost_curves.Point], value: Callable[[cost_curves.Point], float]
    ) -> svg_plots.Line:
        return svg_plots.Line(name, [(point.groups, value(point)) for point in points])

    def rate(point: cost_curves.Point) -> float:
        return point.push_rate

    def scrape(point: cost_curves.Point) -> float:
        return point.scrape

    pushes = [
        line("tidegate", grown.ours, rate),
        line("Pushgateway, checked", grown.checked, rate),
        line("Pushgateway, unchecked", grown.unchecked, rate),
    ]
    scrapes = [line("tidegate", grown.ours, scrape), line("Pushgateway", grown.unchecked, scrape)]
    return svg_plots.svg(
        [
            svg_plots.Panel("Pushes a second", "groups", pushes),
            svg_plots.Panel("Seconds a scrape", "groups", scrapes, names_above=True),
        ]
    )


def _data(report: Report) -> dict[str, Any]:
    return {
        "date": str(datetime.datetime.now(tz=datetime.UTC).date()),
        "machine": report.machine._asdict(),
        "versions": {
            "tidegate": tidegate.__version__,
            "python": platform.python_version(),
            "pushgateway": report.pushgateway,
        },
        "rows": [_row(row) for row in report.rows],
        "growth": {
            "points": {name: [point._asdict() for point in points] for name, points in report.grown._asdict().items()},
            "exponents": {name: {"ours": ours, "theirs": theirs} for name, ours, theirs in growth(report.grown)},
        },
    }


def _row(row: round_statistics.Row) -> dict[str, Any]:
    return {
        "what": row.name,
        "unit": row.unit,
        "figure": row.figure,
        "goal": row.goal,
        "goal_is": "at least" if row.at_least else "at most",
        "met": row.met,
        "rounds": [pair._asdict() for pair in row.pairs],
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []
