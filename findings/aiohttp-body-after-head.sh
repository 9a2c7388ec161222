#!/usr/bin/env bash
# aiohttp 3.14.5: a streamed response has a body even if the request is HEAD.
#
# Expected: the response to HEAD ends with its headers. add_get() serves HEAD, too, with the handler of GET, so aiohttp
#   leaves out what such a handler writes, as it leaves out the body of a web.Response.
# Actual: it leaves out only the body of a web.Response. It sends everything that a handler writes to a StreamResponse,
#   and a client that keeps the connection reads this as the beginning of the next response.
# tidegate: handlers that stream write nothing if the method is HEAD (operator/tidegate/gateway/scrape/scrape_handler.py
#   and operator/tidegate/gateway/api/pushgateway_api.py).
# Upstream: https://github.com/aio-libs/aiohttp/issues/820 reported it for web.Response, where it is fixed.
#
# Needs Python 3.11 or newer with venv, and packages from PyPI. Takes seconds after the installation.
# Exits 0 if the behavior is unchanged, 1 if it has changed, 2 if the packages cannot be installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install aiohttp==3.14.5 || exit 2
cat >"$folder/head.py" <<'PYTHON'
import asyncio
import sys

import aiohttp
from aiohttp import web

METRICS = b"backup_files 3\n"
OBSERVED = ["web.Response: 0 bytes after the headers", f"web.StreamResponse: {len(METRICS)} bytes after the headers"]


async def whole(request):
    return web.Response(body=METRICS)


async def streamed(request):
    response = web.StreamResponse()
    response.content_length = len(METRICS)
    await response.prepare(request)
    await response.write(METRICS)
    await response.write_eof()
    return response


async def body_size(port, path):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    response = await reader.read()
    writer.close()
    return len(response.partition(b"\r\n\r\n")[2])


async def main():
    app = web.Application()
    app.router.add_get("/whole", whole)
    app.router.add_get("/streamed", streamed)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    seen = [
        f"web.Response: {await body_size(port, '/whole')} bytes after the headers",
        f"web.StreamResponse: {await body_size(port, '/streamed')} bytes after the headers",
    ]
    await runner.cleanup()
    print(f"version: aiohttp {aiohttp.__version__}")
    print("expected: both: 0 bytes after the headers")
    print(*(f"actual: {each}" for each in seen), sep="\n")
    return 0 if seen == OBSERVED else 1


sys.exit(asyncio.run(main()))
PYTHON
"$folder/venv/bin/python" "$folder/head.py"
