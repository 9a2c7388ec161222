"""promtool, the checker of Prometheus."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.programs import binaries


async def check(*arguments: str | Path, stdin: str = "") -> None:
    """Run promtool, and fail with its output if it reports an error."""
    program = (await asyncio.to_thread(binaries.ensure, ["promtool"]))["promtool"]
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate(stdin.encode())
    assert process.returncode == 0, output.decode()
