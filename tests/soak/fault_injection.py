"""The faults that are injected into the components, and their random order.

The random generator determines the duration of each fault; there is no condition to wait for.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tests.soak import histories, soak_environment

Strike = Callable[[soak_environment.Stage, random.Random], str]

_DOWN_SECONDS = 3.0
_OUTAGE_SECONDS = 4.0
_LONGEST_PAUSE = 6.0
"""Intervals for which a scraper is paused; the gateway waits for it during the first three."""


class Kind(NamedTuple):
    """A fault: ``strike`` injects it, repairs it, and returns a description."""

    name: str
    parts: tuple[histories.Part, ...]
    strike: Strike


def kill_gateway(stage: soak_environment.Stage, dice: random.Random) -> str:
    """Kill the gateway at any moment; it restarts with its file."""
    seconds = dice.uniform(0.0, _DOWN_SECONDS)
    stage.gateway.process.kill()
    time.sleep(seconds)
    stage.gateway.start()
    return f"started again after {seconds:.1f} s"


def kill_operator(stage: soak_environment.Stage, dice: random.Random) -> str:
    """Kill the operator; it must detect changes until its next plan from lists."""
    seconds = dice.uniform(0.0, _DOWN_SECONDS)
    stage.operator.process.kill()
    time.sleep(seconds)
    stage.operator.start()
    return f"started again after {seconds:.1f} s"


def kill_both(stage: soak_environment.Stage, dice: random.Random) -> str:
    """Kill the whole Pod and restart it."""
    seconds = dice.uniform(0.0, _DOWN_SECONDS)
    stage.gateway.process.kill()
    stage.operator.process.kill()
    time.sleep(seconds)
    stage.gateway.start()
    stage.operator.start()
    return f"started again after {seconds:.1f} s"


def stop_api_server(stage: soak_environment.Stage, dice: random.Random) -> str:
    """Stop the API server as in an upgrade: watches end, then it accepts no connections."""
    seconds = dice.uniform(0.5, _OUTAGE_SECONDS)
    with stage.cluster.control_plane.outage():
        time.sleep(seconds)
    return f"down for {seconds:.1f} s and its start"


def drop_watches(stage: soak_environment.Stage, dice: random.Random) -> str:
    """Reset every connection of the operator to the API server, several times."""
    times = dice.randint(1, 3)
    for _ in range(times):
        stage.wire.drop()
        time.sleep(dice.uniform(0.1, 1.0))
    return f"{times} times"


def expire_versions(stage: soak_environment.Stage, dice: random.Random) -> str:
    """Disconnect the operator until the API server has compacted its resource version and responds with 410."""
    stage.wire.hold()
    try:
        with stage.cluster.control_plane.outage():
            stage.cluster.control_plane.compact()
        time.sleep(dice.uniform(0.5, 2.0))
    finally:
        stage.wire.release()
    return ""


def pause_scraper(stage: soak_environment.Stage, dice: random.Random) -> str:
    """Pause a scraper with SIGSTOP and SIGCONT: the gateway waits for it, or times out."""
    reader = dice.choice(stage.readers)
    intervals = dice.uniform(0.3, _LONGEST_PAUSE)
    reader.server.pause()
    time.sleep(intervals * reader.interval)
    reader.server.resume()
    return f"{reader.server.name} for {intervals:.1f} of its intervals"


def jump_clock(stage: soak_environment.Stage, dice: random.Random) -> str:
    """Set the wall clock of one process or of both, as in a Pod, where they share the node's clock."""
    offset = dice.uniform(-stage.jump, stage.jump)
    names = dice.choice([["gateway"], ["operator"], ["gateway", "operator"]])
    for name in names:
        stage.shifts[name].move(offset)
    return f"{' and '.join(names)}: {offset:+.1f} s off"


ALL = (
    Kind("kill gateway", (histories.Part.GATEWAY,), kill_gateway),
    Kind("kill operator", (histories.Part.OPERATOR,), kill_operator),
    Kind("kill both", (histories.Part.GATEWAY, histories.Part.OPERATOR), kill_both),
    Kind("stop API server", (histories.Part.API,), stop_api_server),
    Kind("drop watches", (histories.Part.WATCH,), drop_watches),
    Kind("expire versions (410)", (histories.Part.API, histories.Part.WATCH), expire_versions),
    Kind("pause scraper", (histories.Part.SCRAPER,), pause_scraper),
    Kind("jump clock", (histories.Part.CLOCK,), jump_clock),
)


def start_again(stage: soak_environment.Stage, *, since: float) -> Iterator[histories.Fault]:
    """Start processes that have ended by themselves, as the kubelet does, and report them as faults.

    :param since: Unix seconds at which all processes were still running.
    """
    for part, running in ((histories.Part.GATEWAY, stage.gateway), (histories.Part.OPERATOR, stage.operator)):
        if not running.process.running:
            detail = f"exit code {running.process.returncode}; its log ends:\n{running.process.tail()}"
            running.start()
            yield histories.Fault(f"{part} ended by itself", (part,), since, time.time(), detail, by_itself=True)


def deal(dice: random.Random, kinds: Sequence[Kind] = ALL) -> Iterator[Kind]:
    """Yield kinds endlessly: each once in every round, in random order."""
    while True:
        yield from dice.sample(kinds, k=len(kinds))


def strike(kind: Kind, stage: soak_environment.Stage, dice: random.Random) -> histories.Fault:
    """Inject the fault, and return after recovery."""
    began = time.time()
    detail = kind.strike(stage, dice)
    return histories.Fault(kind.name, kind.parts, began, time.time(), detail)
