"""Prometheus' own checker."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.cluster import binaries


async def agrees(*arguments: str | Path, stdin: str = "") -> None:
    """Run it, and fail with what it says where it finds a fault."""
    program = (await asyncio.to_thread(binaries.ensure, ["promtool"]))["promtool"]
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate(stdin.encode())
    assert process.returncode == 0, said.decode()
