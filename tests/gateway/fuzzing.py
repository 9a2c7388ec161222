"""Fuzzed pushes: ``python -m tests.gateway.fuzzing --bodies 100000 --seed 1``.

They go to a gateway in a process of its own over a kept connection; or, with ``--in-process``, faster, to its parsers
and its store alone. Prints what was answered, and how much memory the gateway had before and after.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import io
import itertools
import os
import re
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.gateway import mutated_pushes
from tests.store import store_builders
from tests.support import process_usage, tidegate_processes
from tidegate.aio import clocks
from tidegate.exposition.protobuf import decoder
from tidegate.exposition.text import body_templates, parser
from tidegate.gateway.push import decompression, push_bodies
from tidegate.model import errors, grouping
from tidegate.store import group_store

_AT_ONCE = 16
"""Requests that are sent before the answer to the first is read."""

_ANSWER_SECONDS = 30.0
_BROKEN_SECONDS = 0.05
"""How long an answer is waited for to what may be no request."""

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
_WARM = 5_000
"""Requests after which a gateway has all that it needs for them."""


@dataclass
class Tally:
    """What came of it; memory is in bytes, ``warm`` what the gateway had after the first few thousand."""

    statuses: collections.Counter[int] = field(default_factory=collections.Counter)
    warm: int = 0
    after: int = 0

    @property
    def failures(self) -> int:
        """Answers that say the gateway is at fault."""
        return sum(number for status, number in self.statuses.items() if status >= 500)


def over_http(number: int, *, seed: int, folder: Path) -> Tally:
    """Send so many to a gateway of its own."""
    tally, sending = Tally(), mutated_pushes.requests(seed)
    with tidegate_processes.serving(folder) as gateway, contextlib.closing(_Sender(gateway.port, tally)) as sender:
        for part in (min(_WARM, number), max(0, number - _WARM)):
            sender.send(itertools.islice(sending, part))
            tally.warm = tally.warm or process_usage.resident(gateway.process.pid)
        tally.after = process_usage.resident(gateway.process.pid)
        # It is as well as it was.
        gateway.push("job/last", "last 1\n")
        assert 'last{instance="",job="last"} 1' in gateway.exposition()
    return tally


class _Sender:
    """Sends requests over one connection for as long as the gateway keeps it, and counts the answers."""

    def __init__(self, port: int, tally: Tally) -> None:
        self._address = tidegate_processes.HOST, port
        self._tally = tally
        self._connection: socket.socket | None = None
        self._answers: io.BufferedReader | None = None

    def send(self, requests: Iterator[mutated_pushes.Request]) -> None:
        """Send all of these."""
        while batch := list(itertools.islice(requests, _AT_ONCE)):
            framed = [request.data for request in batch if request.is_framed]
            while framed:
                framed = self._exchange(framed)
            for request in batch:
                if not request.is_framed:
                    self._break(request.data)

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None and self._answers is not None:
            self._answers.close()
            self._connection.close()
        self._connection = self._answers = None

    def _exchange(self, requests: list[bytes]) -> list[bytes]:
        """Send these one behind the other; the rest, where one is the last of its connection."""
        if self._connection is None or self._answers is None:
            self._connection = socket.create_connection(self._address, timeout=_ANSWER_SECONDS)
            self._answers = self._connection.makefile("rb")
        self._connection.sendall(b"".join(requests))
        for place, request in enumerate(requests):
            if self._is_last(self._answers, request):
                self.close()
                return requests[place + 1 :]
        return []

    def _is_last(self, answers: io.BufferedReader, request: bytes) -> bool:
        """Read the answer to a request, count it, and see whether the connection ends with it."""
        status, head = 100, b""
        while status == 100:
            head = b"".join(iter(answers.readline, b"\r\n"))
            found = _STATUS.match(head)
            assert found, f"no answer: {head!r}"
            status = int(found[1])
        self._count(status, request)
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if length:
            answers.read(int(length[1]))
        else:
            # In chunks: only the API's longer answers are.
            while size := int(answers.readline(), 16):
                answers.read(size + 2)
            answers.readline()
        return b"Connection: close" in head or head.startswith(b"HTTP/1.0")

    def _break(self, data: bytes) -> None:
        """Send what may be no request at all, and count whatever is answered at once."""
        with socket.create_connection(self._address, timeout=_ANSWER_SECONDS) as connection:
            connection.sendall(data)
            connection.settimeout(_BROKEN_SECONDS)
            with contextlib.suppress(TimeoutError, ConnectionError):
                while answer := connection.recv(65536):
                    for status in map(int, _STATUS.findall(answer)):
                        self._count(status, data)

    def _count(self, status: int, request: bytes) -> None:
        self._tally.statuses[status] += 1
        if status >= 500:
            print(f"{status} to {request!r}", file=sys.stderr)


async def in_process(number: int, *, seed: int) -> Tally:
    """The same bodies without HTTP; 500 is whatever the gateway would have no answer for."""
    tally, store = Tally(), store_builders.store(clock=clocks.SystemClock(), ttl_drain_timeout=1.0)
    for place, push in enumerate(itertools.islice(mutated_pushes.pushes(seed), number)):
        if place == min(_WARM, number - 1):
            tally.warm = process_usage.resident(os.getpid())
        try:
            await _push(store, push)
        except errors.BadRequestError:
            tally.statuses[400] += 1
        except Exception as error:  # noqa: BLE001 - what is looked for
            print(f"{error!r}: {push}", file=sys.stderr)
            tally.statuses[500] += 1
        else:
            tally.statuses[200] += 1
    tally.after = process_usage.resident(os.getpid())
    return tally


async def _push(store: group_store.GroupStore, push: mutated_pushes.Push) -> None:
    """What the gateway does with a push once its body is there."""
    body, unpacking = push.body, decompression.decompressor(push.coding.decode(), push.body)
    if unpacking is not None:
        parts = []
        while not unpacking.is_done:
            parts.append(unpacking.step())
        body = b"".join(parts)
    key = grouping.grouping_key({"job": str(push.job)})
    split_body = body_templates.split(body) if not push.is_protobuf and len(body) < push_bodies.LARGE else None
    if split_body is not None and await store.repeat(key, split_body, replace=True, ttl=None):
        return
    pushed = decoder.parse(body, utf8_names=False) if push.is_protobuf else parser.parse(body, utf8_names=False)
    await store.push(key, pushed, replace=True, ttl=None, split_body=split_body)


def main() -> int:
    """Send them, print what came of it, and fail where the gateway did."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--bodies", type=int, default=20_000)
    flags.add_argument("--seed", type=int, default=1)
    flags.add_argument("--in-process", action="store_true")
    chosen = flags.parse_args()
    began = time.monotonic()
    if chosen.in_process:
        tally = asyncio.run(in_process(chosen.bodies, seed=chosen.seed))
    else:
        with tempfile.TemporaryDirectory(prefix="tidegate-fuzz-") as folder:
            tally = over_http(chosen.bodies, seed=chosen.seed, folder=Path(folder))
    counts = ", ".join(f"{number} times {status}" for status, number in sorted(tally.statuses.items()))
    print(f"{chosen.bodies} bodies of seed {chosen.seed} in {time.monotonic() - began:.0f} s: {counts}")
    print(f"memory: {tally.warm / 2**20:.1f} MiB when warm, {tally.after / 2**20:.1f} MiB after all")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
