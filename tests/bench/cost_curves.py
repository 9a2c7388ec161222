"""How cost grows with the store: one point for each size, of both servers."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench import measured_servers, push_load, scrape_load

SIZES = (1, 10, 100, 1_000, 10_000, 100_000)
FITTED = 1_000
"""From this size on the growth is fitted: below it everything is the cost of one request."""

_SCRAPES = 3


class Point(NamedTuple):
    """One size of the store. Rates are pushes a second, times seconds, memory bytes after scrapes."""

    groups: int
    push_rate: float
    scrape: float
    memory: int


class Curves(NamedTuple):
    """Both servers; ``checked`` is Pushgateway with its checks, of which only the push rate differs."""

    ours: list[Point]
    checked: list[Point]
    unchecked: list[Point]


def measure(program: Path, folder: Path, *, seconds: int, sizes: Sequence[int], say: Callable[[str], None]) -> Curves:
    """A fresh store of each size."""
    found = Curves([], [], [])
    for groups in sizes:
        say(f"growth: {groups} groups")
        with measured_servers.tidegate(folder) as server:
            found.ours.append(_point(server, groups, seconds=seconds))
        # Filled unchecked, and checked from its file: to fill it checked would take hours.
        kept = folder / f"{groups}.gob"
        with measured_servers.pushgateway(
            program, folder, flags=(*measured_servers.UNCHECKED, f"--persistence.file={kept}")
        ) as server:
            point = _point(server, groups, seconds=seconds)
            found.unchecked.append(point)
        with measured_servers.pushgateway(program, folder, flags=(f"--persistence.file={kept}",)) as server:
            rate = push_load.rate(server, groups=groups, seconds=seconds)
            found.checked.append(point._replace(push_rate=rate))
        kept.unlink()
    return found


def _point(server: measured_servers.Server, groups: int, *, seconds: int) -> Point:
    push_load.fill(server, groups=groups, times=2)
    scrape_load.expect_series(server, groups=groups, gzip=False)
    scrape = min(scrape_load.scrape(server, gzip=False) for _ in range(_SCRAPES))
    memory = measured_servers.resident(server.process)
    rate = push_load.rate(server, groups=groups, seconds=seconds)
    return Point(groups, rate, scrape, memory)
