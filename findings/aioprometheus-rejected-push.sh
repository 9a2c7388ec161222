#!/usr/bin/env bash
# aioprometheus 23.12.0: a push that the Pushgateway rejects looks like one that worked.
#
# `Pusher.add` and `Pusher.replace` return the response whatever its status, and close it first, so that its body, which
# says what is wrong, can no longer be read. A function given as `raise_for_status` reads it in time.
#
# Installs the package in a temporary folder, pushes one valid gauge to a server that answers 400 with a body, as a
# Pushgateway does when another group has the metric with another type, and prints what the caller sees.
# Exits 0 while it behaves so, 1 when it does not. Needs Python 3 with venv, and the network for pip.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install aioprometheus==23.12.0 aiohttp==3.14.5
cat >"$folder/push.py" <<'PYTHON'
import asyncio
import sys

from aiohttp import web
from aioprometheus import Gauge, Registry
from aioprometheus.pusher import Pusher

WHY = "pushed metrics are invalid or inconsistent with existing metrics"
EXPECTED = ["add returned status 400", "text(): ClientConnectionError", f"with raise_for_status: 400: {WHY}"]


async def reject(request):
    return web.Response(status=400, text=WHY)


async def check(response):
    if not response.ok:
        raise RuntimeError(f"{response.status}: {await response.text()}")


async def main():
    app = web.Application()
    app.router.add_post("/metrics/job/backup", reject)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    registry = Registry()
    Gauge("backup_files", "Files that the last run saved.", registry=registry).set({}, 3)
    pusher = Pusher("backup", f"http://{host}:{port}")
    response = await pusher.add(registry)
    seen = [f"add returned status {response.status}"]
    try:
        seen.append(f"text(): {await response.text()}")
    except Exception as error:
        seen.append(f"text(): {type(error).__name__}")
    try:
        await pusher.add(registry, raise_for_status=check)
        seen.append("with raise_for_status: nothing")
    except RuntimeError as error:
        seen.append(f"with raise_for_status: {error}")
    await runner.cleanup()
    print(*seen, sep="\n")
    return 0 if seen == EXPECTED else 1


sys.exit(asyncio.run(main()))
PYTHON
"$folder/venv/bin/python" "$folder/push.py"
