"""The faults that are injected into the components, and their random order.

The random generator determines the duration of each fault; there is no condition to wait for.
"""

from __future__ import annotations

import dataclasses
import random
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tests.soak import histories, soak_environment

Inject = Callable[[soak_environment.Components, random.Random], str]

_DOWN_SECONDS = 3.0
_OUTAGE_SECONDS = 4.0
_LONGEST_PAUSE = 6.0
"""Intervals for which a scraper is paused; the gateway waits for it during the first three."""


_LIMITED_INTERVALS = 2.5


class Kind(NamedTuple):
    """A fault: ``inject`` injects it, repairs it, and returns a description."""

    name: str
    parts: tuple[histories.Part, ...]
    inject: Inject


def kill_gateway(components: soak_environment.Components, rng: random.Random) -> str:
    """Kill the gateway at any moment; it restarts with its file."""
    seconds = rng.uniform(0.0, _DOWN_SECONDS)
    components.gateway.process.kill()
    time.sleep(seconds)
    components.gateway.start()
    return f"started again after {seconds:.1f} s"


def kill_operator(components: soak_environment.Components, rng: random.Random) -> str:
    """Kill the operator; it must detect changes until its next plan from lists."""
    seconds = rng.uniform(0.0, _DOWN_SECONDS)
    components.operator.process.kill()
    time.sleep(seconds)
    components.operator.start()
    return f"started again after {seconds:.1f} s"


def kill_both(components: soak_environment.Components, rng: random.Random) -> str:
    """Kill the whole Pod and restart it."""
    seconds = rng.uniform(0.0, _DOWN_SECONDS)
    components.gateway.process.kill()
    components.operator.process.kill()
    time.sleep(seconds)
    components.gateway.start()
    components.operator.start()
    return f"started again after {seconds:.1f} s"


def stop_api_server(components: soak_environment.Components, rng: random.Random) -> str:
    """Stop the API server as in an upgrade: watches end, then it accepts no connections."""
    seconds = rng.uniform(0.5, _OUTAGE_SECONDS)
    with components.cluster.control_plane.outage():
        time.sleep(seconds)
    return f"down for {seconds:.1f} s and its start"


def drop_watches(components: soak_environment.Components, rng: random.Random) -> str:
    """Reset every connection of the operator to the API server, several times."""
    times = rng.randint(1, 3)
    for _ in range(times):
        components.api_connection.drop()
        time.sleep(rng.uniform(0.1, 1.0))
    return f"{times} times"


def expire_versions(components: soak_environment.Components, rng: random.Random) -> str:
    """Disconnect the operator until the API server has compacted its resource version and responds with 410."""
    components.api_connection.hold()
    try:
        with components.cluster.control_plane.outage():
            components.cluster.control_plane.compact()
        time.sleep(rng.uniform(0.5, 2.0))
    finally:
        components.api_connection.release()
    return ""


def pause_scraper(components: soak_environment.Components, rng: random.Random) -> str:
    """Pause a scraper with SIGSTOP and SIGCONT: the gateway waits for it, or times out."""
    reader = rng.choice(components.readers)
    intervals = rng.uniform(0.3, _LONGEST_PAUSE)
    reader.server.pause()
    time.sleep(intervals * reader.interval)
    reader.server.resume()
    return f"{reader.server.name} for {intervals:.1f} of its intervals"


def kill_scraper(components: soak_environment.Components, rng: random.Random) -> str:
    """Kill a Prometheus at any moment, also while it ingests a scrape; it restarts with its data."""
    reader = rng.choice(components.readers)
    seconds = rng.uniform(0.0, _DOWN_SECONDS)
    reader.server.kill()
    time.sleep(seconds)
    reader.server.start()
    return f"{reader.server.name} started again after {seconds:.1f} s"


def fill_disk(components: soak_environment.Components, rng: random.Random) -> str:
    """Let every write of a Prometheus fail, as on a full disk."""
    reader = rng.choice(components.readers)
    seconds = rng.uniform(1.0, _OUTAGE_SECONDS)
    pid = reader.server.process.pid
    unlimited = resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    time.sleep(seconds)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
    return f"{reader.server.name} for {seconds:.1f} s"


def exceed_limit(components: soak_environment.Components, rng: random.Random) -> str:
    """Let a Prometheus reject every scrape, because it exceeds a limit of its jobs.

    Each change of the configuration begins a new reader. The interval of one with a single scrape is unknown, and the
    gateway would wait for it for five minutes.
    """
    reader = rng.choice(components.readers)
    seconds = rng.uniform(_LIMITED_INTERVALS, 2 * _LIMITED_INTERVALS) * reader.interval
    limited = [
        dataclasses.replace(target, settings={**target.settings, "sample_limit": 1}) for target in reader.targets
    ]
    reader.server.reload(*limited)
    time.sleep(seconds)
    reader.server.reload(*reader.targets)
    return f"{reader.server.name} for {seconds:.1f} s"


def jump_clock(components: soak_environment.Components, rng: random.Random) -> str:
    """Set the wall clock of one process or of both, as in a Pod, where they share the node's clock."""
    offset = rng.uniform(-components.jump, components.jump)
    names = rng.choice([["gateway"], ["operator"], ["gateway", "operator"]])
    for name in names:
        components.shifts[name].move(offset)
    return f"{' and '.join(names)}: {offset:+.1f} s off"


ALL = (
    Kind("kill gateway", (histories.Part.GATEWAY,), kill_gateway),
    Kind("kill operator", (histories.Part.OPERATOR,), kill_operator),
    Kind("kill both", (histories.Part.GATEWAY, histories.Part.OPERATOR), kill_both),
    Kind("stop API server", (histories.Part.API,), stop_api_server),
    Kind("drop watches", (histories.Part.WATCH,), drop_watches),
    Kind("expire versions (410)", (histories.Part.API, histories.Part.WATCH), expire_versions),
    Kind("pause scraper", (histories.Part.SCRAPER,), pause_scraper),
    Kind("kill scraper", (histories.Part.SCRAPER,), kill_scraper),
    Kind("fill disk", (histories.Part.SCRAPER, histories.Part.STORAGE), fill_disk),
    Kind("exceed limit", (histories.Part.SCRAPER, histories.Part.STORAGE), exceed_limit),
    Kind("jump clock", (histories.Part.CLOCK,), jump_clock),
)


def start_again(components: soak_environment.Components, *, since: float) -> Iterator[histories.Fault]:
    """Start processes that have ended by themselves, as the kubelet does, and report them as faults.

    :param since: Unix seconds at which all processes were still running.
    """
    for part, running in ((histories.Part.GATEWAY, components.gateway), (histories.Part.OPERATOR, components.operator)):
        if not running.process.running:
            detail = f"exit code {running.process.returncode}; its log ends:\n{running.process.tail()}"
            running.start()
            yield histories.Fault(f"{part} ended by itself", (part,), since, time.time(), detail, by_itself=True)


def in_rounds(rng: random.Random, kinds: Sequence[Kind] = ALL) -> Iterator[Kind]:
    """Yield kinds endlessly: each once in every round, in random order."""
    while True:
        yield from rng.sample(kinds, k=len(kinds))


def inject(kind: Kind, components: soak_environment.Components, rng: random.Random) -> histories.Fault:
    """Inject the fault, and return after recovery."""
    began = time.time()
    detail = kind.inject(components, rng)
    return histories.Fault(kind.name, kind.parts, began, time.time(), detail)
