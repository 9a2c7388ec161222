"""The gateway imports no Kubernetes client, a push imports no gateway, and every module can be imported first."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.support.processes import ports

_CIRCLES = """
import builtins, importlib, pkgutil
import tidegate

modules = [found.name for found in pkgutil.walk_packages(tidegate.__path__, "tidegate.")]
modules.remove("tidegate.__main__")
imports = {name: set() for name in modules}
known = builtins.__import__

def recorded(name, globals=None, locals=None, fromlist=(), level=0):
    importer = (globals or {}).get("__name__")
    if importer in imports:
        parts = name.split(".")
        packages = {".".join(parts[:number]) for number in range(1, len(parts) + 1)}
        imports[importer] |= packages | {f"{name}.{each}" for each in fromlist or ()}
    return known(name, globals, locals, fromlist, level)

builtins.__import__ = recorded
for name in modules:
    importlib.import_module(name)

def reached(name):
    seen, ahead = set(), {name}
    while ahead:
        ahead = (set().union(*(imports[each] for each in ahead)) & imports.keys()) - seen
        seen |= ahead
    return seen

assert reached("tidegate.app"), "no import was recorded"
print([name for name in modules if name in reached(name)])
"""
"""Prints the modules that import themselves through others, as they are loaded. Without one, every module can be
imported first."""

_GATEWAY = """
import asyncio, sys
from tidegate import settings, telemetry
from tidegate.cli import root
from tidegate.aio import clocks
from tidegate.gateway import server

async def serve():
    web = settings.WebSettings(listen_addresses=("127.0.0.1:0",))
    token = settings.TokenSettings(value="t" * 43)
    chosen = settings.GatewaySettings(web=web, control_address="127.0.0.1:0", control_token=token)
    clock, registry = clocks.SystemClock(), telemetry.new_registry()
    gateway = server.Gateway(chosen, clock=clock, registry=registry, flags={}, stop=asyncio.Event())
    await gateway.start()
    await gateway.stop()

asyncio.run(serve())
print(sorted({name.partition(".")[0] for name in sys.modules} & {"kopf", "kubernetes"}))
"""


_PUSH = """
import sys
from tidegate.cli import root

assert root.main(["push", "--job=x", "--delete", "--gateway.url=http://127.0.0.1:{port}", "--retry-for=0s"]) == 3
print(sorted({{"kopf", "kubernetes", "sqlite3", "uvloop", "tidegate.gateway.server"}} & set(sys.modules)))
"""


def _run(program: str) -> str:
    # `make coverage` measures the processes that tests start, too, and coverage imports sqlite3.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_a_gateway_imports_no_kubernetes_client() -> None:
    assert _run(_GATEWAY).strip() == "[]"


def test_no_module_imports_itself_so_each_can_be_imported_first() -> None:
    assert _run(_CIRCLES).strip() == "[]"


def test_a_push_imports_neither_the_gateway_nor_a_kubernetes_client() -> None:
    assert _run(_PUSH.format(port=ports.free_port())).strip() == "[]"
