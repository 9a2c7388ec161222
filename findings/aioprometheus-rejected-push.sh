#!/usr/bin/env bash
# aioprometheus 23.12.0: a push that the Pushgateway rejects looks like one that worked.
#
# Expected: `Pusher.add` and `Pusher.replace` raise an error for a response with status 400, or return a response whose
#   body says what is wrong.
# Actual: they return the response whatever its status is, and close it first, so its body cannot be read any more. A
#   function given as `raise_for_status` reads it in time.
# tidegate: docs/recipes.md shows that function, under "When a push is rejected".
#
# A server on loopback responds to one valid gauge with 400 and a body, as Pushgateway does if another group has the
# metric with another type.
#
# Needs Python 3.11 or newer with venv, and packages from PyPI. Takes seconds after the installation.
# Exits 0 if the behavior is unchanged, 1 if it has changed, 2 if the packages cannot be installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install \
    aioprometheus==23.12.0 aiohttp==3.14.5 || exit 2
cat >"$folder/push.py" <<'PYTHON'
import asyncio
import sys
from importlib import metadata

from aiohttp import web
from aioprometheus import Gauge, Registry
from aioprometheus.pusher import Pusher

WHY = "pushed metrics are invalid or inconsistent with existing metrics"
OBSERVED = ["add returned status 400", "text(): ClientConnectionError", f"with raise_for_status: 400: {WHY}"]


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
    print(f"version: aioprometheus {metadata.version('aioprometheus')}")
    print(f"expected: add raises an error, or text(): {WHY}")
    print(*(f"actual: {each}" for each in seen), sep="\n")
    return 0 if seen == OBSERVED else 1


sys.exit(asyncio.run(main()))
PYTHON
"$folder/venv/bin/python" "$folder/push.py"
