"""Run tidegate with a wall clock that can be moved.

The command is `python -m tests.soak.clock_launcher CLOCK SABOTAGE tidegate's arguments`.

It can also break tidegate on purpose, to test that the checker detects it.
"""

import enum
import sys
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

from tests.soak import clock_shifts
from tidegate.cli import root
from tidegate.draining import drain_conditions
from tidegate.model import lifecycle
from tidegate.operator.ownership import cleanup_time
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
    if Sabotage(sabotage) is not Sabotage.NOTHING:
        defect(Sabotage(sabotage)).start()
    return root.main(arguments)


def defect(sabotage: Sabotage) -> "mock._patch[object]":
    """The replacement of the code that this defect breaks.

    :raises AttributeError: on start, that code does not exist.
    """
    target, name, value = _DEFECTS[sabotage]
    return mock.patch.object(target, name, value)


_DEFECTS: Mapping[Sabotage, tuple[object, str, object]] = {
    Sabotage.IMPATIENT: (drain_conditions.Conditions, "read_revision", property(lambda _: _EVERYTHING)),
    Sabotage.RASH: (cleanup_time, "due_at", lambda *_, **_named: 0.0),
    Sabotage.HOARDING: (lifecycle, "deletion_reason", lambda *_, **_named: None),
    Sabotage.FORGETFUL: (sqlite_journal.SqliteJournal, "record_push", lambda *_: None),
}


if __name__ == "__main__":
    sys.exit(main())
