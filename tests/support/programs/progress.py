"""Progress messages of long steps, on stderr; stdout is for results."""

import subprocess
import sys
import time
from collections.abc import Callable

SECONDS = 15.0
"""Interval of progress messages during a long step."""


def say(text: str) -> None:
    """Print a progress message."""
    print(f"cluster: {text}", file=sys.stderr, flush=True)


def wait(
    process: subprocess.Popen[bytes], *, saying: str | None, usual: str = "", done: Callable[[], str] | None = None
) -> int:
    """Wait for the process and return its exit code; print progress meanwhile. Interrupting the wait kills it.

    :param saying: the step, such as `building etcd`; without it, nothing is printed.
    :param usual: the usual duration of the step, which is printed once.
    :param done: returns the part of the step that is done, such as `120 of 300 packages`.
    """
    started = time.monotonic()
    if saying:
        say(f"{saying} ({usual})" if usual else saying)
    try:
        while True:
            try:
                return process.wait(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                if saying:
                    part = f"{done()}, " if done else ""
                    say(f"{saying}: {part}{time.monotonic() - started:.0f} s so far")
    except BaseException:
        process.terminate()
        raise
