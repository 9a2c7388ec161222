"""The command as a process, while servers run in the event loop of the test."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

from tests.support import repository

_ROOT = repository.ROOT
_SECONDS = 30.0
_LEFT_OUT = ("KUBECONFIG", "TIDEGATE_URL")
"""Environment variables that tests must not inherit."""


class Ran(NamedTuple):
    """The exit status and output of a process."""

    status: int
    out: str
    err: str


async def run(
    *arguments: str,
    stdin: int | bytes = asyncio.subprocess.DEVNULL,
    stdout: int = asyncio.subprocess.PIPE,
    env: Mapping[str, str] | None = None,
) -> Ran:
    """Run ``tidegate`` with these arguments.

    :param stdin: a file descriptor, or the bytes to read from one.
    """
    given, to = (stdin, asyncio.subprocess.PIPE) if isinstance(stdin, bytes) else (None, stdin)
    async with started(*arguments, stdin=to, stdout=stdout, env=env) as process, asyncio.timeout(_SECONDS):
        out, err = await process.communicate(given)
    assert b"Traceback" not in err, err.decode()
    return Ran(process.returncode or 0, (out or b"").decode(), err.decode())


@contextlib.asynccontextmanager
async def started(
    *arguments: str,
    stdin: int = asyncio.subprocess.DEVNULL,
    stdout: int = asyncio.subprocess.PIPE,
    env: Mapping[str, str] | None = None,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start ``tidegate`` with these arguments; the process ends with the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tidegate", *arguments),
        cwd=_ROOT,
        stdin=stdin,
        stdout=stdout,
        stderr=asyncio.subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name not in _LEFT_OUT} | dict(env or {}),
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
