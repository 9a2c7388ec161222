"""The exploration finds a fault, prints it as a test, and counts the lives."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from typing import Self

import pytest

from tests.support import repository
from tests.unit.lifecycles import explore, random_steps

_ROOT = repository.ROOT
_LAST_LINE = re.compile(r"stopped: tried [0-9]+ lives in [0-9]+ s \([0-9]+ lives/s\): none failed")


class Sum:
    """Fails where three has been added to at least four."""

    def __init__(self) -> None:
        self.total = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.total = 0

    def check(self) -> None:
        assert self.total != 7, "seven is too many"

    @random_steps.step(number=[1, 2, 3], times=[1, 2])
    def add(self, *, number: int, times: int) -> None:
        self.total += number * times

    @random_steps.step()
    def nothing(self) -> None: ...


EXPLORER = random_steps.Explorer(Sum)


def _first_failing() -> int:
    return next(seed for seed in range(1_000) if EXPLORER.failure(EXPLORER.draw(seed)) is not None)


def test_seed_always_generates_the_same_life() -> None:
    assert EXPLORER.draw(1) == EXPLORER.draw(1)
    assert EXPLORER.draw(1) != EXPLORER.draw(2)


def test_failing_life_is_shrunk() -> None:
    shrunk = EXPLORER.shrunk(EXPLORER.draw(_first_failing()))
    assert {step.name for step in shrunk} == {"add"}
    assert sum(step.arguments["number"] * step.arguments["times"] for step in shrunk) == 7
    assert EXPLORER.shrunk(shrunk) == shrunk


def test_failing_life_is_printed_as_a_test() -> None:
    failing = [
        random_steps.Step("add", {"number": 3, "times": 2}),
        random_steps.Step("nothing", {}),
        random_steps.Step("add", {"number": 1}),
    ]
    failure = random_steps.Failure("sums.py:7", "AssertionError: seven is too many")
    assert EXPLORER.as_test(failing, failure=failure, seed=41) == (
        "def test_life_41_assertionerror_seven_is_too_many(life: test_exploration.Sum) -> None:\n"
        "    life.add(number=3, times=2)\n"
        "    life.nothing()\n"
        "    life.add(number=1)\n"
    )


def test_each_fault_is_printed_once_and_each_failing_life_is_counted() -> None:
    exploration = explore.Exploration(EXPLORER)
    failures = [found for seed in range(300) if (found := exploration.fault(seed)) is not None]
    assert (len(failures), exploration.lives) == (1, 300)
    assert exploration.failed > 1
    assert "def test_life_" in failures[0]
    assert f"{exploration.failed} failed, 1 different faults" in str(exploration)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_last_line_after_an_interrupt_has_the_number_of_lives(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "tests.unit.lifecycles.explore", "--seed=1"]
    with subprocess.Popen(command, cwd=_ROOT, text=True, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "exploring 1000000 lives, the first one of seed 1\n"
        running.send_signal(number)
        lines = running.stdout.read().splitlines()
    assert _LAST_LINE.fullmatch(lines[-1])
    assert running.returncode == 0


def test_exploration_ends_after_the_given_number_of_lives() -> None:
    command = [sys.executable, "-m", "tests.unit.lifecycles.explore", "--seed=1", "--lives=3"]
    ran = subprocess.run(command, cwd=_ROOT, text=True, capture_output=True, check=True)
    assert ran.stdout.splitlines()[-1].startswith("tried 3 lives in ")
