"""Run tidegate with a wall clock that can be moved.

The command is `python -m tests.soak.clock_launcher CLOCK SABOTAGE tidegate's arguments`.

It can also break tidegate on purpose, to test that the checker detects it.
"""

import enum
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from unittest import mock

from tests.soak import clock_shifts
from tidegate.cli import root
from tidegate.draining import scrape_progress
from tidegate.model import lifecycle
from tidegate.operator.ownership import resolution
from tidegate.store.sqlite import sqlite_journal

_EVERYTHING = 2**62
"""A revision that no store reaches."""


class Sabotage(enum.StrEnum):
    """The defects to inject."""

    NOTHING = "nothing"
    IMPATIENT = "impatient"
    """The gateway deletes draining groups without waiting for a scrape."""
    RASH = "rash"
    """The operator treats every Job as finished."""
    HOARDING = "hoarding"
    """The gateway deletes no groups."""
    FORGETFUL = "forgetful"
    """The gateway acknowledges later pushes to a group without writing them to its file."""


def main() -> int:
    """Run tidegate with these arguments."""
    clock, sabotage, *arguments = sys.argv[1:]
    clock_shifts.install(Path(clock))
    _SPOIL[Sabotage(sabotage)]()
    return root.main(arguments)


def _replace(target: object, name: str, value: object) -> Callable[[], object]:
    return mock.patch.object(target, name, value).start


_SPOIL: Mapping[Sabotage, Callable[[], object]] = {
    Sabotage.NOTHING: lambda: None,
    Sabotage.IMPATIENT: _replace(scrape_progress.ScrapeTracker, "read_revision", lambda *_, **_named: _EVERYTHING),
    Sabotage.RASH: _replace(resolution, "is_over", lambda _: True),
    Sabotage.HOARDING: _replace(lifecycle, "ended", lambda *_, **_named: None),
    Sabotage.FORGETFUL: _replace(sqlite_journal.SqliteJournal, "record_push", lambda *_: None),
}


if __name__ == "__main__":
    sys.exit(main())
