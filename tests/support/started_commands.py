"""Commands that a test runs beside itself."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def started(command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """The command, run at the top of the checkout, its output a pipe; it ends with the block, however that ends."""
    with subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=subprocess.PIPE, text=True) as run:
        try:
            yield run
        finally:
            run.terminate()
