"""Commands that run while a test runs."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Mapping, Sequence

from tests.support import repository

_ROOT = repository.ROOT


@contextlib.contextmanager
def started(command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run the command at the top of the checkout with its output in a pipe; it is stopped when the block ends."""
    with subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=subprocess.PIPE, text=True) as run:
        try:
            yield run
        finally:
            run.terminate()
