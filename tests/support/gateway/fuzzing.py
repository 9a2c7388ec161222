"""Fuzzed pushes: ``python -m tests.support.gateway.fuzzing --bodies 100000 --seed 1``.

Sends them to a gateway in a separate process over a persistent connection or, faster, with ``--in-process``, only to
its parsers and store. Prints the number of responses by status code, and the memory of the gateway before and after.
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

from tests.support.gateway import mutated_pushes
from tests.support.processes import process_usage, tidegate_processes
from tests.support.store import store_builders
from tidegate.aio import clocks
from tidegate.exposition.protobuf import decoder
from tidegate.exposition.text import parser, repeated_bodies
from tidegate.gateway.push import decompression, push_bodies
from tidegate.model import errors, grouping
from tidegate.store import group_store

_AT_ONCE = 16
"""Number of requests that are sent before the response to the first is read."""

_RESPONSE_SECONDS = 30.0
_BROKEN_SECONDS = 0.05
"""How long to wait for responses to a request that may be malformed."""

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
_WARM = 5_000
"""Number of requests after which the memory of a gateway no longer grows by warming up."""


@dataclass
class Tally:
    """Result of a run; memory is in bytes, and ``warm`` is that after the first few thousand requests."""

    statuses: collections.Counter[int] = field(default_factory=collections.Counter)
    warm: int = 0
    after: int = 0

    @property
    def failures(self) -> int:
        """Number of responses that report a failure of the gateway."""
        return sum(number for status, number in self.statuses.items() if status >= 500)


def over_http(number: int, *, seed: int, folder: Path) -> Tally:
    """Send this many requests to a gateway in a separate process."""
    tally, requests = Tally(), mutated_pushes.requests(seed)
    with tidegate_processes.serving(folder) as gateway, contextlib.closing(_Sender(gateway.port, tally)) as sender:
        for part in (min(_WARM, number), max(0, number - _WARM)):
            sender.send(itertools.islice(requests, part))
            tally.warm = tally.warm or process_usage.resident(gateway.process.pid)
        tally.after = process_usage.resident(gateway.process.pid)
        # The gateway still works.
        gateway.push("job/last", "last 1\n")
        assert 'last{instance="",job="last"} 1' in gateway.exposition()
    return tally


class _Sender:
    """Sends requests over one connection for as long as the gateway keeps it open, and counts the responses."""

    def __init__(self, port: int, tally: Tally) -> None:
        self._address = tidegate_processes.HOST, port
        self._tally = tally
        self._connection: socket.socket | None = None
        self._responses: io.BufferedReader | None = None

    def send(self, requests: Iterator[mutated_pushes.Request]) -> None:
        """Send all of these requests."""
        while batch := list(itertools.islice(requests, _AT_ONCE)):
            framed = [request.data for request in batch if request.is_framed]
            while framed:
                framed = self._exchange(framed)
            for request in batch:
                if not request.is_framed:
                    self._break(request.data)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None and self._responses is not None:
            self._responses.close()
            self._connection.close()
        self._connection = self._responses = None

    def _exchange(self, requests: list[bytes]) -> list[bytes]:
        """Send these requests in a row; return those after the one that ended the connection."""
        if self._connection is None or self._responses is None:
            self._connection = socket.create_connection(self._address, timeout=_RESPONSE_SECONDS)
            self._responses = self._connection.makefile("rb")
        self._connection.sendall(b"".join(requests))
        for index, request in enumerate(requests):
            if self._is_last(self._responses, request):
                self.close()
                return requests[index + 1 :]
        return []

    def _is_last(self, responses: io.BufferedReader, request: bytes) -> bool:
        """Read the response to a request, count it, and return whether it ends the connection."""
        status, head = 100, b""
        while status == 100:
            head = b"".join(iter(responses.readline, b"\r\n"))
            match = _STATUS.match(head)
            assert match, f"no response: {head!r}"
            status = int(match[1])
        self._count(status, request)
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if length:
            responses.read(int(length[1]))
        else:
            # The response is chunked, as longer responses of the API are.
            while size := int(responses.readline(), 16):
                responses.read(size + 2)
            responses.readline()
        return b"Connection: close" in head or head.startswith(b"HTTP/1.0")

    def _break(self, data: bytes) -> None:
        """Send bytes that may not be a request, and count the responses that arrive at once."""
        with socket.create_connection(self._address, timeout=_RESPONSE_SECONDS) as connection:
            connection.sendall(data)
            connection.settimeout(_BROKEN_SECONDS)
            with contextlib.suppress(TimeoutError, ConnectionError):
                while response := connection.recv(65536):
                    for status in map(int, _STATUS.findall(response)):
                        self._count(status, data)

    def _count(self, status: int, request: bytes) -> None:
        self._tally.statuses[status] += 1
        if status >= 500:
            print(f"{status} to {request!r}", file=sys.stderr)


async def in_process(number: int, *, seed: int) -> Tally:
    """Push the same bodies without HTTP; count 500 for an error that the gateway does not handle."""
    tally, store = Tally(), store_builders.store(clock=clocks.SystemClock(), ttl_drain_timeout=1.0)
    for index, push in enumerate(itertools.islice(mutated_pushes.pushes(seed), number)):
        if index == min(_WARM, number - 1):
            tally.warm = process_usage.resident(os.getpid())
        try:
            await _push(store, push)
        except errors.BadRequestError:
            tally.statuses[400] += 1
        except Exception as error:  # noqa: BLE001 - unhandled errors are the ones to find
            print(f"{error!r}: {push}", file=sys.stderr)
            tally.statuses[500] += 1
        else:
            tally.statuses[200] += 1
    tally.after = process_usage.resident(os.getpid())
    return tally


async def _push(store: group_store.GroupStore, push: mutated_pushes.Push) -> None:
    """Handle a push as the gateway does after it has received the body."""
    body, unpacking = push.body, decompression.decompressor(push.coding.decode(), push.body)
    if unpacking is not None:
        parts = []
        while not unpacking.is_done:
            parts.append(unpacking.step())
        body = b"".join(parts)
    key = grouping.grouping_key({"job": str(push.job)})
    split_body = repeated_bodies.split(body) if not push.is_protobuf and len(body) < push_bodies.LARGE else None
    if split_body is not None and await store.repeat(key, split_body, replace=True, ttl=None):
        return
    pushed = decoder.parse(body, utf8_names=False) if push.is_protobuf else parser.parse(body, utf8_names=False)
    await store.push(key, pushed, replace=True, ttl=None, split_body=split_body)


def main() -> int:
    """Send the pushes, print the result, and return 1 if the gateway failed."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--bodies", type=int, default=20_000)
    flags.add_argument("--seed", type=int, default=1)
    flags.add_argument("--in-process", action="store_true")
    arguments = flags.parse_args()
    began = time.monotonic()
    if arguments.in_process:
        tally = asyncio.run(in_process(arguments.bodies, seed=arguments.seed))
    else:
        with tempfile.TemporaryDirectory(prefix="tidegate-fuzz-") as folder:
            tally = over_http(arguments.bodies, seed=arguments.seed, folder=Path(folder))
    counts = ", ".join(f"{number} times {status}" for status, number in sorted(tally.statuses.items()))
    print(f"{arguments.bodies} bodies of seed {arguments.seed} in {time.monotonic() - began:.0f} s: {counts}")
    print(f"memory: {tally.warm / 2**20:.1f} MiB when warm, {tally.after / 2**20:.1f} MiB after all")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
