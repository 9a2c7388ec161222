"""Run the long tests in a fixed order, cheapest first, within a time budget; exit 1 if a step fails.

A step starts only if its usual duration fits into the rest of the budget. The last lines list each step with its
result, or with the reason why it was left out.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from scripts import environments, pythons

ROOT = Path(__file__).resolve().parent.parent
PYTHON = str(ROOT / ".venv" / "bin" / "python")


class Step(NamedTuple):
    """One long run."""

    name: str
    minutes: float
    """Usual duration on two cores."""
    command: Sequence[str]
    missing: Callable[[], str | None] = lambda: None
    """Returns the reason why this machine cannot run the step, in one line."""


class Outcome(NamedTuple):
    """The result of a step; ``seconds`` is None if it was left out, and ``reason`` says why."""

    step: Step
    code: int = 0
    seconds: float | None = None
    reason: str = ""

    def __str__(self) -> str:
        if self.seconds is None:
            return f"left out  {self.step.name:<17} {self.reason}"
        return f"{'FAILED' if self.failed else 'passed':<9} {self.step.name:<17} {self.seconds:4.0f} s"

    @property
    def failed(self) -> bool:
        """Whether the step ran and failed."""
        return self.code != 0


def _layer(name: str, minutes: float) -> Step:
    return Step(f"long-{name}", minutes, ("scripts/test", "--long", name))


def _environment(name: str, minutes: float) -> Step:
    command = (PYTHON, "-m", "scripts.environments", name)
    return Step(name, minutes, command, environments.ENVIRONMENTS[name].missing)


STEPS = (
    _layer("node", 1.0),
    _layer("soak", 1.0),
    _layer("unit", 1.5),
    _environment("no-home", 1.5),
    _environment("no-ipv6", 1.5),
    _environment("path-with-blanks", 3.0),
    _environment("another-user", 3.0),
    Step("oldest-python", 3.0, (PYTHON, "-m", "scripts.pythons", "--oldest", "tests/unit")),
    Step("newest-python", 3.0, (PYTHON, "-m", "scripts.pythons", "--newest", "tests/unit"), pythons.missing_newest),
    _layer("integration", 3.0),
    _layer("cluster", 8.0),
    Step("soak", 10.5, (PYTHON, "-m", "tests.soak", "--minutes=10", "--seed=1")),
)


def main() -> None:
    """Run the steps, and print one line for each."""
    chosen = _arguments()
    outcomes = list(run(chosen.steps or STEPS, minutes=chosen.minutes))
    print("\n=== long tests", *outcomes, sep="\n")
    sys.exit(1 if any(outcome.failed for outcome in outcomes) else 0)


def run(steps: Sequence[Step], *, minutes: float) -> Iterator[Outcome]:
    """Run each step that fits into the rest of these minutes, and yield what became of it."""
    began = time.monotonic()
    for step in steps:
        left = minutes - (time.monotonic() - began) / 60.0
        if step.minutes > left:
            reason = f"takes about {step.minutes:g} min, and {max(left, 0.0):.1f} of {minutes:g} min are left"
            yield Outcome(step, reason=reason)
        elif (missing := step.missing()) is not None:
            yield Outcome(step, reason=missing)
        else:
            print(f"\n=== {step.name} (about {step.minutes:g} min)", flush=True)
            started = time.monotonic()
            code = subprocess.run(step.command, cwd=ROOT, check=False).returncode
            yield Outcome(step, code=code, seconds=time.monotonic() - started)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    total = sum(step.minutes for step in STEPS)
    parser.add_argument("--minutes", type=float, default=total, help=f"Time budget (default: {total:g}, all steps).")
    parser.add_argument("steps", nargs="*", type=_step, metavar="STEP", help="Run only these steps.")
    return parser.parse_args()


def _step(name: str) -> Step:
    for step in STEPS:
        if step.name == name:
            return step
    raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(step.name for step in STEPS)}")


if __name__ == "__main__":
    main()
