"""Pauses of the gateway's event loop, in which it serves no request: while it works, and while it is idle."""

import contextlib
import itertools
import statistics
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.bench import loop_monitor, measured_servers, push_load, round_statistics, scrape_load
from tests.support import waiting
from tests.support.processes import tidegate_processes

_SORTS = ("labels", "owner", "state", "pushed", "failed", "series")
_CHANGED_STEP = 100
_HTTP_SECONDS = 60.0

_Work = Callable[[], object]
"""A request to a server with this many groups."""


class Pauses(NamedTuple):
    """The delays that the monitor recorded, in milliseconds.

    :param p95: 95th percentile of the delay; ``p999``: 99.9th percentile.
    :param held: maximum processor time of the loop's thread between two runs of the monitor.
    """

    p95: float
    p999: float
    longest: float
    held: float


@contextlib.contextmanager
def watching(folder: Path) -> Iterator[tuple[measured_servers.Server, Path]]:
    """A gateway whose event loop is monitored, and the file of the recorded moments."""
    folder.mkdir()
    notes = folder / "notes"
    gateway = tidegate_processes.Gateway(folder, module=("tests.bench.loop_monitor", str(notes)))
    try:
        gateway.start()
        yield gateway, notes
    finally:
        gateway.process.stop()


def rows(
    folder: Path, *, groups: int, rounds: int, seconds: int, say: Callable[[str], None]
) -> Iterator[round_statistics.Row]:
    """Four rows for each kind of work. A round measures the idle gateway, then the working one."""
    with watching(folder) as (server, notes):
        push_load.fill(server, groups=groups, times=2)
        for name, work in _works(server, groups=groups).items():
            say(f"pauses of the event loop while {name}")
            pairs = [
                (
                    _measured(notes, _idle, seconds=seconds),
                    _measured(notes, work, seconds=seconds),
                )
                for _ in range(rounds)
            ]
            yield from _rows(f"{groups:,} groups, {name}", pairs)


def _rows(name: str, pairs: list[tuple[Pauses, Pauses]]) -> Iterator[round_statistics.Row]:
    for statistic, figure in (("95th percentile", "p95"), ("99.9th percentile", "p999"), ("longest", "longest")):
        compared = [round_statistics.Pair(getattr(busy, figure), getattr(idle, figure)) for idle, busy in pairs]
        yield round_statistics.compared(
            f"event loop delay, {name}: {statistic}; compared with an idle gateway", compared, unit="ms"
        )
    held = statistics.median([busy.held for _, busy in pairs])
    label = f"longest event loop step (CPU time), {name}"
    yield round_statistics.Row(name=label, unit="ms", figure=held, goal=10.0, at_least=False)


def _measured(notes: Path, work: _Work, *, seconds: int) -> Pauses:
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        work()
    end = time.monotonic()
    waiting.eventually(
        lambda: loop_monitor.read(notes)[-1].due > end, why="the watch to look again", retry_on=(IndexError,)
    )
    moments = [moment for moment in loop_monitor.read(notes) if began <= moment.due <= end]
    late, held = [1e3 * moment.late for moment in moments], [1e3 * moment.held for moment in moments]
    return Pauses(
        round_statistics.percentile(late, 95.0), round_statistics.percentile(late, 99.9), max(late), max(held)
    )


def _works(server: measured_servers.Server, *, groups: int) -> Mapping[str, _Work]:
    numbers = itertools.count()

    def list_groups() -> None:
        number = next(numbers)
        sort, order = _SORTS[number % len(_SORTS)], ("asc", "desc")[number // len(_SORTS) % 2]
        _ask(server, search=f"bench host-0 {number % 10}", sort=sort, order=order, limit="200")

    def select_groups() -> None:
        _ask(server, **{"match[]": f'{{instance=~"host-.*{next(numbers) % 1000}.*"}}'})

    def scrape() -> None:
        push_load.fill(server, groups=groups, step=_CHANGED_STEP)
        scrape_load.scrape(server, gzip=True)

    return {
        "the list is searched and sorted": list_groups,
        "scraped in gzip after 1% changed": scrape,
        "selected by a regular expression": select_groups,
    }


def _idle() -> None:
    time.sleep(0.01)


def _ask(server: measured_servers.Server, **query: str) -> None:
    url = f"http://{tidegate_processes.HOST}:{server.port}/api/v1/groups?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(url, timeout=_HTTP_SECONDS) as answer:
        answer.read()
