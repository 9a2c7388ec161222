#!/usr/bin/env bash
# kopf 1.45.2: if an object is deleted while the watch has a gap, kopf never reports it, and its index keeps it.
#
# Expected: after a gap, kopf lists the objects again. An object that is no longer listed is reported as DELETED, or at
#   least leaves the index. client-go's informers compare each new list with the previous one.
# Actual: kopf reports the objects of the new list and compares nothing. No handler learns of the deletion, and the
#   object stays in the index until the process ends.
# tidegate: watches only make cleanup faster. The operator lists all objects every 30 seconds and compares the lists
#   itself (operator/tidegate/operator/watch/resyncs.py).
#
# A server on loopback responds as an API server does: one Job, then a watch that ends with 410 because its version is
# too old, then a list without that Job, then the event of another Job.
#
# Needs Python 3.11 or newer with venv, and packages from PyPI. Takes some ten seconds after the installation.
# Exits 0 if the behavior is unchanged, 1 if it has changed, 2 if the packages cannot be installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install kopf==1.45.2 aiohttp==3.14.5 || exit 2
cat >"$folder/watch.py" <<'PYTHON'
import asyncio
import json
import logging
import sys
from importlib import metadata

import kopf
from aiohttp import web

JOBS = "/apis/batch/v1/jobs"
OBSERVED = ["listed: backup; index: backup", "ADDED: report; index: backup, report"]


def job(name, version):
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": "default", "uid": f"uid-of-{name}", "resourceVersion": version},
    }


def discovery(group_version, plural, kind, *, namespaced):
    resource = {"name": plural, "singularName": kind.lower(), "kind": kind, "namespaced": namespaced}
    return {"groupVersion": group_version, "resources": [resource | {"verbs": ["get", "list", "watch"]}]}


BATCH = {"groupVersion": "batch/v1", "version": "v1"}
EXPIRED = {"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410, "message": "too old"}
DISCOVERY = {
    "/api": {"versions": ["v1"]},
    "/apis": {"groups": [{"name": "batch", "versions": [BATCH], "preferredVersion": BATCH}]},
    "/api/v1": discovery("v1", "namespaces", "Namespace", namespaced=False),
    "/apis/batch/v1": discovery("batch/v1", "jobs", "Job", namespaced=True),
}
LISTS = iter([([job("backup", "5")], "9"), ([], "20")])


async def respond(request):
    if request.path != JOBS:
        return web.json_response(DISCOVERY[request.path])
    if "watch" not in request.query:
        items, version = next(LISTS)
        return web.json_response({"kind": "JobList", "metadata": {"resourceVersion": version}, "items": items})
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    is_old = request.query["resourceVersion"] == "9"
    event = {"type": "ERROR", "object": EXPIRED} if is_old else {"type": "ADDED", "object": job("report", "21")}
    await response.write(json.dumps(event).encode() + b"\n")
    if not is_old:
        await asyncio.sleep(60)
    return response


async def observe(url):
    """Run an operator until it has handled the event of the Job `report`; return what its handler has seen."""
    registry, seen, stop = kopf.OperatorRegistry(), [], asyncio.Event()

    @kopf.on.login(registry=registry)
    def login(**_):
        return kopf.ConnectionInfo(server=url)

    @kopf.index("batch", "v1", "jobs", registry=registry, id="jobs")
    def index(name, **_):
        return {name: name}

    @kopf.on.event("batch", "v1", "jobs", registry=registry)
    async def handle(event, name, jobs, **_):
        seen.append(f"{event['type'] or 'listed'}: {name}; index: {', '.join(sorted(jobs))}")
        if name == "report":
            stop.set()

    settings = kopf.OperatorSettings()
    settings.process.ultimate_exiting_timeout = None
    settings.scanning.disabled = True
    settings.posting.enabled = False
    running = kopf.operator(
        registry=registry, settings=settings, standalone=True, clusterwide=True, identity="finding", stop_flag=stop
    )
    await asyncio.wait_for(running, 60)
    return seen


async def main():
    app = web.Application()
    for path in (*DISCOVERY, JOBS):
        app.router.add_get(path, respond)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        seen = await observe(f"http://127.0.0.1:{runner.addresses[0][1]}")
    finally:
        await runner.cleanup()
    print(f"version: kopf {metadata.version('kopf')}")
    print("expected: DELETED: backup; then ADDED: report, with an index that has only report")
    print(*(f"actual: {each}" for each in seen), sep="\n")
    return 0 if seen == OBSERVED else 1


logging.disable(logging.CRITICAL)
sys.exit(asyncio.run(main()))
PYTHON
"$folder/venv/bin/python" "$folder/watch.py"
