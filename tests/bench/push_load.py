"""Pushes: one to each group to fill a store, and as many as possible for some seconds, with wrk.

A push has ten gauges with two labels and a TYPE line each. Its values change with every push, as those of Jobs do.
"""

import json
import random
import shutil
import socket
import statistics
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from tests.bench import measured_servers
from tests.support.processes import tidegate_processes
from tests.support.programs import binaries, debian_packages

SERIES = 10
SERIES_STORED = SERIES + 2
"""Includes the two push times that a push gateway adds to each group."""

CONNECTIONS = 8
_VARIANTS = 64
_PIPELINED = 16
_SLOW = 0.1
"""Seconds; if a push takes this long, eight concurrent ones would exceed wrk's timeout."""

_SLOW_PUSHES = 5
_SCRIPT = Path(__file__).with_name("push.lua")
_INSTEAD = "install wrk"


class Load(NamedTuple):
    """The result of a push load. ``p99`` is in seconds; ``cpu`` is the server's processor time per push, in seconds."""

    rate: float
    p99: float
    cpu: float


def fill(server: measured_servers.Server, *, first: int = 0, groups: int, step: int = 1, times: int = 1) -> None:
    """Push to every ``step``-th group in order, ``times`` times."""
    numbers = range(first, first + groups, step)
    bodies = _bodies()
    with socket.create_connection((tidegate_processes.HOST, server.port)) as connection:
        for turn in range(times):
            for start in range(0, len(numbers), _PIPELINED):
                some = numbers[start : start + _PIPELINED]
                connection.sendall(b"".join(_request(group, bodies[(group + turn) % _VARIANTS]) for group in some))
                _expect_accepted(connection, len(some))


def push(server: measured_servers.Server, *, groups: int, seconds: int) -> Load:
    """Push to these groups in turn from eight connections for ``seconds``.

    :raises RuntimeError: a push was rejected.
    """
    before = measured_servers.cpu_seconds(server)
    url = f"http://{tidegate_processes.HOST}:{server.port}"
    command = [*_wrk(), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(_SCRIPT), url, "--", str(groups)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
    if ran.returncode != 0:
        raise RuntimeError(f"wrk failed: {ran.stderr.strip()}")
    output = json.loads(ran.stdout.splitlines()[-1])
    if output["refused"] or not output["requests"]:
        raise RuntimeError(f"of {output['requests']} pushes {output['refused']} were rejected")
    cpu = measured_servers.cpu_seconds(server) - before
    return Load(output["requests"] / output["seconds"], output["p99_seconds"], cpu / output["requests"])


def rate(server: measured_servers.Server, *, groups: int, seconds: int) -> float:
    """Pushes per second to these groups; for a slow server, extrapolated from a few single pushes."""
    took = [_timed(server)]
    if took[0] < _SLOW:
        return push(server, groups=groups, seconds=seconds).rate
    took += [_timed(server) for _ in range(_SLOW_PUSHES - 1)]
    return 1 / statistics.median(took)


def _timed(server: measured_servers.Server) -> float:
    began = time.perf_counter()
    fill(server, groups=1)
    return time.perf_counter() - began


def _bodies() -> list[bytes]:
    """The same bodies as push.lua makes."""
    draw = random.Random(7)
    return ["".join(_gauge(number, draw) for number in range(SERIES)).encode() for _ in range(_VARIANTS)]


def _gauge(number: int, draw: random.Random) -> str:
    name = f"bench_gauge_{number}"
    value = f"{draw.randint(100, 999)}.{draw.randint(100_000, 999_999)}"
    return f'# TYPE {name} gauge\n{name}{{zone="eu",kind="batch"}} {value}\n'


def _request(group: int, body: bytes) -> bytes:
    path = f"/metrics/job/bench/instance/host-{group:06}"
    return f"PUT {path} HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _expect_accepted(connection: socket.socket, count: int) -> None:
    answers = b""
    while answers.count(b"\r\n\r\n") < count:
        received = connection.recv(65536)
        if not received:
            raise RuntimeError("the server closed the connection")
        answers += received
    accepted = answers.count(b"HTTP/1.1 200 OK") + answers.count(b"HTTP/1.1 202 Accepted")
    if accepted != count:
        raise RuntimeError(f"of {count} pushes {count - accepted} were rejected")


def _wrk() -> list[str]:
    found = shutil.which("wrk")
    if found is not None:
        return [found]
    if shutil.which("apt-get") is None:
        raise binaries.MissingToolError(f"wrk is missing: {_INSTEAD}")
    return [str(_unpacked() / "usr" / "bin" / "wrk")]


def _unpacked() -> Path:
    return debian_packages.unpacked("wrk", "libluajit-5.1-2", "libluajit-5.1-common", instead=_INSTEAD)


def _environment() -> dict[str, str] | None:
    """The environment for wrk; a wrk from the cache needs its library from there, too."""
    if shutil.which("wrk") is not None:
        return None
    folders = {str(path.parent) for path in _unpacked().glob("usr/lib/**/libluajit*.so*")}
    return {"LD_LIBRARY_PATH": ":".join(sorted(folders))}
