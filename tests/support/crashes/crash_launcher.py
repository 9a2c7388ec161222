"""Run tidegate and kill it at an SQL statement.

``python -m tests.support.crashes.crash_launcher POINT WHEN NTH ARGUMENTS…`` kills it at the N-th statement that begins
with POINT: ``before``, ``during`` or ``after`` the statement.

The file is then in the state that a power failure of this one process would leave.
"""

import os
import signal
import sqlite3
import sys
import threading
from typing import Any

from tidegate.cli import root
from tidegate.store.sqlite import database

_CHECKPOINT_BYTES = 64 * 1024
"""Checkpoint after every few pushes."""

_SHORT = 0.00005
"""Minimum duration of a statement, in seconds."""


class _Fatal(sqlite3.Connection):
    """A connection that kills its process at the chosen statement."""

    point = ""
    when = ""
    left = 0

    def execute(self, statement: str, *arguments: Any) -> sqlite3.Cursor:
        if not statement.lstrip().startswith(self.point):
            return super().execute(statement, *arguments)
        _Fatal.left -= 1
        if self.left == 0 and self.when == "before":
            _die()
        if self.left == 0 and self.when == "during":
            threading.Timer(_SHORT, _die).start()
        result = super().execute(statement, *arguments)
        if self.left == 0 and self.when == "after":
            _die()
        return result


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> int:
    point, when, nth, *arguments = sys.argv[1:]
    _Fatal.point, _Fatal.when, _Fatal.left = point, when, int(nth)
    database.CHECKPOINT_BYTES = _CHECKPOINT_BYTES
    connect = sqlite3.connect
    sqlite3.connect = lambda *given, **more: connect(*given, **more, factory=_Fatal)  # type: ignore[assignment]
    return root.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
