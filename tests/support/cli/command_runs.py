"""The command as a process or in a thread, while servers run in the event loop of the test."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import sys
from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple
from unittest import mock

from tests.support import repository
from tidegate import app, telemetry
from tidegate.cli import root

_ROOT = repository.ROOT
_SECONDS = 60.0
_LEFT_OUT = ("KUBECONFIG", "TIDEGATE_URL")
"""Environment variables that tests must not inherit."""


class Ran(NamedTuple):
    """The exit status and output of a command."""

    status: int
    out: str
    err: str


async def run(
    *arguments: str,
    stdin: int | bytes = asyncio.subprocess.DEVNULL,
    stdout: int = asyncio.subprocess.PIPE,
    env: Mapping[str, str] | None = None,
) -> Ran:
    """Run ``tidegate`` with these arguments as a process.

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
        env=_environment(env),
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def run_in_thread(*arguments: str, stdin: int | bytes = b"", env: Mapping[str, str] | None = None) -> Ran:
    """Run ``tidegate`` with these arguments in a thread of this process: far cheaper than a process.

    It logs nothing and handles no signals, and aiohttp has already read the environment's certificates (SSL_CERT_FILE).

    :param stdin: the bytes of standard input, or the file descriptor of a terminal.
    """
    async with asyncio.timeout(_SECONDS):
        return await asyncio.to_thread(_run, arguments, stdin, _environment(env))


def start_error(*arguments: str, env: Mapping[str, str] | None = None) -> str:
    """The standard error of a server that cannot start; it runs in this thread, which must be the main one."""
    interval = sys.getswitchinterval()
    try:
        ran = _run(arguments, b"", _environment(env))
    finally:
        sys.setswitchinterval(interval)
    assert ran.status == 1
    return ran.err


def _run(arguments: tuple[str, ...], stdin: int | bytes, environment: Mapping[str, str]) -> Ran:
    raw = io.BytesIO(stdin) if isinstance(stdin, bytes) else io.BufferedReader(io.FileIO(stdin, closefd=False))
    with (
        io.TextIOWrapper(raw) as given,
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as err,
        mock.patch.object(sys, "stdin", given),
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(app, "exit_on_signals", contextlib.nullcontext),
        mock.patch.object(telemetry, "configure_logging"),
    ):
        status = root.main(arguments)
    return Ran(status, out.getvalue(), err.getvalue())


def _environment(added: Mapping[str, str] | None) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _LEFT_OUT} | dict(added or {})
