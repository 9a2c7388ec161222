"""Measures the rows of the table.

A round measures both servers one after the other; the order alternates between rounds, so that neither server is
always first.
"""

import contextlib
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import loop_pauses, measured_servers, operator_load, push_load, round_statistics, scrape_load

FULL = 20_000
"""Groups of the large store: 240,000 series."""

_CHANGED_STEP = 100
"""Every hundredth group is pushed, so that the changes are spread over the whole store."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """The duration and size of the measurements.

    :param seconds: duration of one load.
    :param checked: number of groups when compared with Pushgateway's checked mode, and the goal.
    :param full: number of groups in the large store.
    """

    rounds: int = 7
    seconds: int = 2
    checked: Mapping[int, float] = field(default_factory=lambda: {1: 3.0, 100: 10.0, 1_000: 70.0})
    full: int = FULL
    jobs: int = operator_load.JOBS
    ending: int = operator_load.ENDING


class Bench:
    """Measures one row after the other.

    :param program: path of Pushgateway.
    :param say: called with a description of each measurement.
    """

    def __init__(self, program: Path, folder: Path, *, effort: Effort, say: Callable[[str], None]) -> None:
        self._program = program
        self._folder = folder
        self._effort = effort
        self._say = say

    def rows(self) -> Iterator[round_statistics.Row]:
        """Yield each row as soon as it is measured."""
        for groups, goal in self._effort.checked.items():
            yield self._checked_push(groups, goal=goal)
        yield self._processor_time()
        yield self._first_push()
        yield self._own_growth()
        yield self._persistent("checkpoint", goal=0.5)
        yield self._persistent("always", goal=None)
        yield from self._large_store()
        yield self._start()
        yield self._restore()
        yield from self._pauses()
        yield from self._operator()

    def _checked_push(self, groups: int, *, goal: float) -> round_statistics.Row:
        self._say(f"checked pushes to {groups} groups")
        with measured_servers.both(self._program, self._folder) as sides:
            for server in sides:
                push_load.fill(server, groups=groups, times=2)
            pairs = self._rounds(sides, lambda server: self._push(server, groups).rate)
        name = f"pushes per second, {groups:,} group{'s' if groups > 1 else ''}; Pushgateway checked"
        return round_statistics.compared(name, pairs, unit="/s", goal=goal)

    def _processor_time(self) -> round_statistics.Row:
        self._say("processor time per push")
        with measured_servers.both(self._program, self._folder, flags=measured_servers.UNCHECKED) as sides:
            for server in sides:
                push_load.fill(server, groups=1, times=2)
            pairs = self._rounds(sides, lambda server: self._push(server, 1).cpu * 1e6)
        name = "server CPU time per push; Pushgateway unchecked"
        return round_statistics.compared(name, pairs, unit="µs", goal=1.0, at_least=False)

    def _first_push(self) -> round_statistics.Row:
        """The push rate without a cached template: every push creates a group."""
        self._say("first pushes of new groups")
        groups = self._effort.full // 4

        def rate(server: measured_servers.Server) -> float:
            began = time.perf_counter()
            push_load.fill(server, groups=groups)
            return groups / (time.perf_counter() - began)

        pairs = []
        for _ in range(3):
            with measured_servers.both(self._program, self._folder, flags=measured_servers.UNCHECKED) as sides:
                pairs.append(round_statistics.Pair(rate(sides.ours), rate(sides.theirs)))
        name = "pushes per second that create a group each, one connection; Pushgateway unchecked"
        return round_statistics.compared(name, pairs, unit="/s")

    def _own_growth(self) -> round_statistics.Row:
        full = self._effort.full
        self._say(f"own pushes to {full} groups and to 1")
        with measured_servers.tidegate(self._folder) as large, measured_servers.tidegate(self._folder) as small:
            push_load.fill(large, groups=full, times=2)
            push_load.fill(small, groups=1, times=2)
            sides = measured_servers.Sides(large, small)
            pairs = self._rounds(sides, lambda server: self._push(server, full if server is large else 1).rate)
        name = f"tidegate's push rate with {full:,} groups, relative to 1 group"
        return round_statistics.compared(name, pairs, unit="/s", goal=0.85)

    def _persistent(self, fsync: str, *, goal: float | None) -> round_statistics.Row:
        self._say(f"pushes with a persistence file, fsync {fsync}")
        groups = min(1_000, self._effort.full)
        file = self._folder / f"kept-{fsync}"
        with (
            measured_servers.tidegate(self._folder, file=file, fsync=fsync) as persistent,
            measured_servers.tidegate(self._folder) as in_memory,
        ):
            for server in (persistent, in_memory):
                push_load.fill(server, groups=groups, times=2)
            pairs = self._rounds(
                measured_servers.Sides(persistent, in_memory), lambda server: self._push(server, groups).rate
            )
        name = f"tidegate's push rate with `--persistence.file`, fsync {fsync}, {groups:,} groups, relative to no file"
        return round_statistics.compared(name, pairs, unit="/s", goal=goal)

    def _large_store(self) -> Iterator[round_statistics.Row]:
        full = self._effort.full
        series = f"{full * push_load.SERIES_STORED:,} series"
        self._say(f"filling both stores with {series}")
        with measured_servers.both(self._program, self._folder, flags=measured_servers.UNCHECKED) as sides:
            for server in sides:
                push_load.fill(server, groups=full, times=2)
            for gzip in (False, True):
                for server in sides:
                    scrape_load.expect_series(server, groups=full, gzip=gzip)
                self._say(f"scrapes{' in gzip' * gzip}")
                coding = "gzip" if gzip else "text"
                pairs = self._rounds(sides, lambda server, gzip=gzip: scrape_load.scrape(server, gzip=gzip))  # type: ignore[misc]
                yield _scrape_row(f"scrape of {series}, {coding}, store unchanged", pairs, goal=20.0)
                pairs = self._rounds(sides, lambda server, gzip=gzip: self._changed_scrape(server, gzip=gzip))  # type: ignore[misc]
                yield _scrape_row(f"scrape of {series}, {coding}, 1% of the groups changed", pairs, goal=5.0)
            memory = [
                round_statistics.Pair(*(float(measured_servers.resident(server.process)) / 1e6 for server in sides))
            ]
            name = f"resident memory at {series}, after scrapes"
            yield round_statistics.compared(name, memory, unit="MB", goal=0.2, at_least=False)
            yield self._latency(sides.ours, series)

    def _latency(self, server: measured_servers.Server, series: str) -> round_statistics.Row:
        self._say("pushes while the store is scraped every second")
        figures = []
        for turn in range(3):
            with _scraped_every_second(server, gzip=bool(turn % 2)):
                figures.append(
                    push_load.push(server, groups=self._effort.full, seconds=4 * self._effort.seconds).p99 * 1e3
                )
        name = f"push p99 while a store of {series} is scraped every second"
        return round_statistics.Row(name=name, unit="ms", figure=statistics.median(figures), goal=20.0, at_least=False)

    def _start(self) -> round_statistics.Row:
        self._say("process start")
        figures = []
        for _ in range(self._effort.rounds):
            began = time.perf_counter()
            with measured_servers.tidegate(self._folder):
                figures.append(time.perf_counter() - began)
        name = "`tidegate gateway`: time from start to ready"
        return round_statistics.Row(name=name, unit="s", figure=statistics.median(figures), goal=0.5, at_least=False)

    def _restore(self) -> round_statistics.Row:
        full = self._effort.full
        self._say(f"restore of {full} groups at start")
        file = self._folder / "restored"
        with measured_servers.tidegate(self._folder, file=file) as server:
            push_load.fill(server, groups=full, times=3)
        figures = []
        for _ in range(self._effort.rounds):
            began = time.perf_counter()
            with measured_servers.tidegate(self._folder, file=file):
                figures.append(time.perf_counter() - began)
        name = f"`tidegate gateway`: time from start until {full:,} groups are restored"
        return round_statistics.Row(name=name, unit="s", figure=statistics.median(figures), goal=2.0, at_least=False)

    def _pauses(self) -> Iterator[round_statistics.Row]:
        effort = self._effort
        yield from loop_pauses.rows(
            self._folder / "pauses", groups=effort.full, rounds=effort.rounds, seconds=effort.seconds, say=self._say
        )

    def _operator(self) -> Iterator[round_statistics.Row]:
        jobs, ending = self._effort.jobs, self._effort.ending
        got = operator_load.measure(self._folder / "operator", jobs=jobs, ending=ending, say=self._say)
        name = f"operator, {jobs:,} running Jobs: time from start to first plan"
        yield round_statistics.Row(name=name, unit="s", figure=got.first_plan, goal=10.0, at_least=False)
        name = f"operator, then {ending:,} of them finish: time until all their groups drain"
        yield round_statistics.Row(name=name, unit="s", figure=got.retired, goal=5.0, at_least=False)
        name = "operator: resident memory after that"
        yield round_statistics.Row(name=name, unit="MB", figure=got.memory / 1e6, goal=150.0, at_least=False)

    def _changed_scrape(self, server: measured_servers.Server, *, gzip: bool) -> float:
        push_load.fill(server, groups=self._effort.full, step=_CHANGED_STEP)
        return scrape_load.scrape(server, gzip=gzip)

    def _push(self, server: measured_servers.Server, groups: int) -> push_load.Load:
        return push_load.push(server, groups=groups, seconds=self._effort.seconds)

    def _rounds(
        self, sides: measured_servers.Sides, measure: Callable[[measured_servers.Server], float]
    ) -> list[round_statistics.Pair]:
        pairs = []
        for turn in range(self._effort.rounds):
            if turn % 2:
                theirs, ours = measure(sides.theirs), measure(sides.ours)
            else:
                ours, theirs = measure(sides.ours), measure(sides.theirs)
            pairs.append(round_statistics.Pair(ours, theirs))
        return pairs


def _scrape_row(name: str, pairs: list[round_statistics.Pair], *, goal: float) -> round_statistics.Row:
    return round_statistics.compared(name, pairs, unit="s", goal=goal, inverse=True)


@contextlib.contextmanager
def _scraped_every_second(server: measured_servers.Server, *, gzip: bool) -> Iterator[None]:
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(1.0):
            scrape_load.scrape(server, gzip=gzip)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
