"""The live table: redrawn in place on a terminal; otherwise printed again after each change."""

import sys
from collections.abc import Sequence

from tests.demo import demo_environment

_TITLES = demo_environment.Row("JOB", "KUBERNETES", "GROUP", "PROMETHEUS")
_UP = "\x1b[{lines}F\x1b[J"


class LiveTable:
    """Shows the current rows; unchanged rows are not printed again."""

    def __init__(self) -> None:
        self._shown: list[demo_environment.Row] = []
        self._in_place = sys.stdout.isatty()

    def show(self, rows: Sequence[demo_environment.Row], *, elapsed: float) -> None:
        """Show these rows if they differ from the previous ones; ``elapsed`` is in seconds."""
        if list(rows) == self._shown:
            return
        if self._in_place and self._shown:
            sys.stdout.write(_UP.format(lines=len(self._shown) + 1))
        self._shown = list(rows)
        print("\n".join(f"[{elapsed:5.1f}s]  {line}" for line in _lines([_TITLES, *rows])), flush=True)
        if not self._in_place:
            print(flush=True)


def _lines(rows: Sequence[demo_environment.Row]) -> list[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
