#!/usr/bin/env bash
# aiohttp 3.14.5: the client sends a PUT or DELETE a second time by itself, and the caller does not learn of it.
#
# Expected: if the server closes a connection without a response, the call raises ServerDisconnectedError. The caller,
#   who knows what the request means, decides whether to send it again.
# Actual: if an earlier request used the connection, the client opens another one and sends the request again. The call
#   returns the second response. Only POST raises. ClientSession has no public option for this.
# tidegate: its session for the API server raises an error that aiohttp does not retry, so that each failed request is
#   counted, reported and delayed once (operator/tidegate/operator/watch/kopf_session.py).
# Upstream: https://github.com/aio-libs/aiohttp/issues/10790
#
# A server on loopback responds to the first request of its first connection, reads the second one completely, and
# closes the connection, as a server does that is restarted.
#
# Needs Python 3.11 or newer with venv, and packages from PyPI. Takes seconds after the installation.
# Exits 0 if the behavior is unchanged, 1 if it has changed, 2 if the packages cannot be installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install aiohttp==3.14.5 || exit 2
cat >"$folder/send.py" <<'PYTHON'
import asyncio
import sys

import aiohttp

OBSERVED = [
    "PUT: the caller sent 2 requests and got 200, 200; the server read 3",
    "DELETE: the caller sent 2 requests and got 200, 200; the server read 3",
    "POST: the caller sent 2 requests and got 200, ServerDisconnectedError; the server read 2",
]
BODY = b"backup_files 3\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Server:
    """Closes its first connection after it has read a second request there."""

    def __init__(self):
        self.requests = 0
        self.connections = 0

    async def serve(self, reader, writer):
        self.connections += 1
        is_first, served = self.connections == 1, 0
        try:
            while not (is_first and served == 2):
                await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(len(BODY))
                self.requests += 1
                served += 1
                if not (is_first and served == 2):
                    writer.write(OK)
                    await writer.drain()
        except asyncio.IncompleteReadError:
            pass  # The client has closed the connection.
        writer.close()


async def call(session, method, url):
    try:
        async with session.request(method, url, data=BODY) as response:
            return str(response.status)
    except aiohttp.ClientError as error:
        return type(error).__name__


async def observe(method):
    server = Server()
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/metrics/job/backup"
        async with aiohttp.ClientSession() as session:
            results = [await call(session, method, url) for _ in range(2)]
    return f"{method}: the caller sent 2 requests and got {', '.join(results)}; the server read {server.requests}"


async def main():
    seen = [await observe(method) for method in ("PUT", "DELETE", "POST")]
    print(f"version: aiohttp {aiohttp.__version__}")
    print("expected: each method: the caller sent 2 requests and got 200, ServerDisconnectedError; the server read 2")
    print(*(f"actual: {each}" for each in seen), sep="\n")
    return 0 if seen == OBSERVED else 1


sys.exit(asyncio.run(main()))
PYTHON
"$folder/venv/bin/python" "$folder/send.py"
