"""Cost as a function of store size: one point for each size, for both servers."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench import measured_servers, push_load, scrape_load

SIZES = (1, 10, 100, 1_000, 10_000, 100_000)
FITTED = 1_000
"""The fit of the growth starts at this size; below it, the cost of one request dominates."""

_SCRAPES = 3


class Point(NamedTuple):
    """Figures at one store size: pushes per second, seconds, and bytes of memory after scrapes."""

    groups: int
    push_rate: float
    scrape: float
    memory: int


class Curves(NamedTuple):
    """Both servers; ``checked`` is Pushgateway with its consistency checks, which change only the push rate."""

    ours: list[Point]
    checked: list[Point]
    unchecked: list[Point]


def measure(program: Path, folder: Path, *, seconds: int, sizes: Sequence[int], say: Callable[[str], None]) -> Curves:
    """Measure a new store of each size."""
    curves = Curves([], [], [])
    for groups in sizes:
        say(f"growth: {groups} groups")
        with measured_servers.tidegate(folder) as server:
            curves.ours.append(_point(server, groups, seconds=seconds))
        # The store is filled without checks and then restored from its file: filling it with checks takes hours.
        file = folder / f"{groups}.gob"
        with measured_servers.pushgateway(
            program, folder, flags=(*measured_servers.UNCHECKED, f"--persistence.file={file}")
        ) as server:
            point = _point(server, groups, seconds=seconds)
            curves.unchecked.append(point)
        with measured_servers.pushgateway(program, folder, flags=(f"--persistence.file={file}",)) as server:
            rate = push_load.rate(server, groups=groups, seconds=seconds)
            curves.checked.append(point._replace(push_rate=rate))
        file.unlink()
    return curves


def _point(server: measured_servers.Server, groups: int, *, seconds: int) -> Point:
    push_load.fill(server, groups=groups, times=2)
    scrape_load.expect_series(server, groups=groups, gzip=False)
    scrape = min(scrape_load.scrape(server, gzip=False) for _ in range(_SCRAPES))
    memory = measured_servers.resident(server.process)
    rate = push_load.rate(server, groups=groups, seconds=seconds)
    return Point(groups, rate, scrape, memory)
