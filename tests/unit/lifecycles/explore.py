"""Random lives of groups, until the given number of lives or an interrupt (``make explore``)."""

from __future__ import annotations

import argparse
import logging
import secrets
import signal
import sys
import time
from collections.abc import Iterator

from tests.unit.lifecycles import group_lifecycle_machine, random_steps

PROGRESS_SECONDS = 10.0


class Exploration:
    """Tries one life after the other and prints each fault once.

    :ivar lives: how many were tried; ``failed`` how many of them failed.
    """

    def __init__(self, explorer: random_steps.Explorer) -> None:
        self.lives = 0
        self.failed = 0
        self._explorer = explorer
        self._faults: set[str] = set()
        self._began = time.monotonic()

    def __str__(self) -> str:
        seconds = time.monotonic() - self._began
        rate = self.lives / seconds if seconds else 0.0
        faults = f"{self.failed} failed, {len(self._faults)} different faults" if self.failed else "none failed"
        return f"tried {self.lives} lives in {seconds:.0f} s ({rate:.0f} lives/s): {faults}"

    def fault(self, seed: int) -> str | None:
        """Try the life of this seed; the source of a test of it where it fails by a fault that is new."""
        self.lives += 1
        drawn = self._explorer.draw(seed)
        failure = self._explorer.failure(drawn)
        if failure is None:
            return None
        self.failed += 1
        if failure.place in self._faults:
            return None
        self._faults.add(failure.place)
        source = self._explorer.as_test(self._explorer.shrunk(drawn), failure=failure, seed=seed)
        return f"{failure.error}\n    at {failure.place}\n\n{source}"


class _Stop:
    """Whether a signal asked for the end; the life that is under way is finished first."""

    def __init__(self) -> None:
        self.is_asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self.is_asked = True


def _seeds(chosen: argparse.Namespace, stop: _Stop) -> Iterator[int]:
    for seed in range(chosen.seed, chosen.seed + chosen.lives):
        if stop.is_asked:
            return
        yield seed


def main() -> int:
    """Explore; the status is 1 if any life failed."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--lives", type=int, default=1_000_000, help="Lives to try. Default: %(default)s.")
    parser.add_argument(
        "--seed", type=int, default=secrets.randbits(32), help="Seed of the first life. Default: random."
    )
    chosen = parser.parse_args()
    logging.disable(logging.CRITICAL)
    stop, exploration = _Stop(), Exploration(random_steps.Explorer(group_lifecycle_machine.GroupLife))
    print(f"exploring {chosen.lives} lives, the first one of seed {chosen.seed}", flush=True)
    shown = time.monotonic()
    for seed in _seeds(chosen, stop):
        found = exploration.fault(seed)
        if found is not None:
            print(f"\nlife {seed} failed: {found}\n", flush=True)
        if time.monotonic() >= shown + PROGRESS_SECONDS:
            shown = time.monotonic()
            print(exploration, flush=True)
    print(f"stopped: {exploration}" if stop.is_asked else exploration, flush=True)
    return 1 if exploration.failed else 0


if __name__ == "__main__":
    sys.exit(main())
