"""``python -m tests.bench.loop_monitor FILE ARGUMENTS…``: run tidegate and monitor its gateway's event loop.

The monitor task tries to run every millisecond. Its delay is the time that any request would wait at that moment,
whether the code blocks the loop, another thread holds the interpreter, or other processes use the machine. The
processor time of the loop's thread since the last run shows the part that the code causes.
"""

import asyncio
import contextlib
import functools
import struct
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import IO, Any, NamedTuple
from unittest import mock

from tidegate.cli import root
from tidegate.gateway import server

STEP_SECONDS = 0.001

_RECORD = struct.Struct("ddd")


class Moment(NamedTuple):
    """A scheduled run of the monitor, in seconds of the monotonic clock that all processes share.

    :param late: its delay, in seconds.
    :param held: processor seconds of the loop's thread since the last run.
    """

    due: float
    late: float
    held: float


def read(file: Path) -> list[Moment]:
    """All moments that the monitor has recorded."""
    data = file.read_bytes()
    return [Moment(*noted) for noted in _RECORD.iter_unpack(data[: len(data) // _RECORD.size * _RECORD.size])]


def main() -> int:
    """Run tidegate with these arguments."""
    file, *arguments = sys.argv[1:]
    with contextlib.ExitStack() as stack:
        notes = stack.enter_context(Path(file).open("wb", buffering=0))
        stack.enter_context(mock.patch.object(server.Gateway, "start", _watching(server.Gateway.start, notes)))
        return root.main(arguments)


def _watching(
    start: Callable[[server.Gateway], Coroutine[Any, Any, None]], notes: IO[bytes]
) -> Callable[[server.Gateway], Coroutine[Any, Any, None]]:
    @functools.wraps(start)
    async def started(gateway: server.Gateway) -> None:
        await start(gateway)
        watches.add(asyncio.create_task(_watch(notes), name="watch the loop"))

    watches: set[asyncio.Task[None]] = set()
    return started


async def _watch(notes: IO[bytes]) -> None:
    due, before = time.monotonic() + STEP_SECONDS, time.thread_time()
    while True:
        await asyncio.sleep(due - time.monotonic())
        now, spent = time.monotonic(), time.thread_time()
        held, before = spent - before, spent
        # Record every run that the pause delayed; the earliest waited longest.
        while due <= now:
            notes.write(_RECORD.pack(due, now - due, held))
            due += STEP_SECONDS


if __name__ == "__main__":
    sys.exit(main())
