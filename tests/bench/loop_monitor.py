"""``python -m tests.bench.loop_monitor FILE ARGUMENTS…``: tidegate with a watch on the event loop of its gateway.

The watch wants to run each millisecond. How late it runs is how long anybody waits who asks for something then, no
matter whether code held the loop, another thread the interpreter, or others the machine. What code alone does is told
by the processor time that the loop's thread took since the watch last ran.
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
    """When the watch wanted to run, in seconds of the monotonic clock of all processes.

    :param late: how late it did, in seconds.
    :param held: processor seconds of the loop's thread since it last ran.
    """

    due: float
    late: float
    held: float


def read(file: Path) -> list[Moment]:
    """What the watch has noted so far."""
    data = file.read_bytes()
    return [Moment(*noted) for noted in _RECORD.iter_unpack(data[: len(data) // _RECORD.size * _RECORD.size])]


def main() -> int:
    """Run tidegate as these arguments say."""
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
        # All the moments that a pause was in the way of: those at its beginning waited longest.
        while due <= now:
            notes.write(_RECORD.pack(due, now - due, held))
            due += STEP_SECONDS


if __name__ == "__main__":
    sys.exit(main())
