"""The operator survives an API server that resets connections during the TLS handshake.

On uvloop, aiohttp closes the socket of such a connection while uvloop still uses it: the next connection with the same
file descriptor fails with a RuntimeError, or ends the process.
"""

from __future__ import annotations

import subprocess
import sys

_CALLS = """
import asyncio, socket, struct, types
import aiohttp
from tidegate import app, settings

ROUNDS, AT_ONCE = 50, 4
_LINGER = struct.pack("ii", 1, 0)

def reset(reader, writer):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
    writer.transport.abort()

async def answer(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n")
    await writer.drain()
    writer.close()

async def call(session, scheme, server):
    try:
        async with session.get(f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/") as response:
            return response.status
    except aiohttp.ClientConnectorError:
        return "refused"

async def run(chosen, **parts):
    seen = []
    async with (
        await asyncio.start_server(reset, "127.0.0.1", 0) as api,
        await asyncio.start_server(answer, "127.0.0.1", 0) as gateway,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
    ):
        for _ in range(ROUNDS):
            calls = [call(session, *where) for where in (("https", api), ("http", gateway)) for _ in range(AT_ONCE)]
            seen += await asyncio.gather(*calls)
    print(seen.count("refused"), seen.count(200), len(seen))

app._operator_module = lambda: types.SimpleNamespace(run=run)
app.run_operator(settings.OperatorSettings())
"""


def test_resets_during_tls_handshakes_fail_only_their_own_calls() -> None:
    done = subprocess.run([sys.executable, "-c", _CALLS], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["200", "200", "400"]
