"""`python -m tests.soak.clock_launcher CLOCK SABOTAGE tidegate's arguments`: tidegate with a wall clock that can be
moved.

It can be spoilt on purpose, too, to see that the checker finds out.
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
"""A revision that no store ever comes to."""


class Sabotage(enum.StrEnum):
    """What can be spoilt."""

    NOTHING = "nothing"
    IMPATIENT = "impatient"
    """The gateway deletes what is retired without waiting for anybody to read it."""
    RASH = "rash"
    """The operator takes every Job for over."""
    HOARDING = "hoarding"
    """The gateway deletes nothing."""
    FORGETFUL = "forgetful"
    """The gateway acknowledges later pushes of a group without writing them into its file."""


def main() -> int:
    """Run tidegate as these arguments say."""
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
    Sabotage.FORGETFUL: _replace(sqlite_journal.SqliteJournal, "pushed", lambda *_: None),
}


if __name__ == "__main__":
    sys.exit(main())
