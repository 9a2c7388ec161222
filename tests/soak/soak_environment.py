"""The running components of a soak."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.soak import clock_launcher, clock_shifts, histories, job_plan, prometheus_database
from tests.support import components
from tests.support.jobs import network_faults
from tests.support.kubernetes import clusters
from tests.support.processes import managed_processes, ports, tidegate_processes
from tests.support.prometheus import prometheus_server

RESYNC = 5.0
"""The operator's resync period in seconds: short, so that a soak takes only minutes."""

_INTERVALS = ((1, 2), (2, 2))
"""Seconds between the scrapes of the two jobs of each Prometheus."""
_UNOWNED_PUSHES = {"unowned-still-1": 1, "unowned-still-2": 1, "unowned-still-3": 1, "unowned-changing": 1_000_000}
"""Unowned groups, and the number of values pushed to each."""
STORED = "stored"
_TICK_SECONDS = 0.7
_SCRIPT = Path(__file__).parent / "logging_pusher.py"


class Reader(NamedTuple):
    """A Prometheus with two scrape jobs.

    :param interval: seconds between the scrapes of its slowest job.
    :param jobs: the seconds between the scrapes of each job.
    :param targets: the configuration of the jobs.
    """

    server: prometheus_server.Prometheus
    interval: float
    jobs: Mapping[str, float]
    targets: Sequence[prometheus_server.Target]


@dataclass(frozen=True)
class Components:
    """All running components.

    :ivar api_connection: connection between the operator and the API server, with fault injection.
    :ivar shifts: the wall clocks of ``gateway`` and ``operator``.
    :ivar jump: maximum shift of a clock, in seconds.
    :ivar logs: the folder of the pods' logs.
    """

    cluster: clusters.LocalCluster
    gateway: tidegate_processes.Gateway
    operator: tidegate_processes.Operator
    readers: tuple[Reader, ...]
    api_connection: network_faults.Cutter
    shifts: dict[str, clock_shifts.Shift]
    jump: float
    logs: Path


@contextlib.contextmanager
def set_up(
    folder: Path,
    *,
    jump: float,
    sabotage: clock_launcher.Sabotage,
    confirm: str,
    seconds: int,
    say: Callable[[str], None],
) -> Iterator[Components]:
    """Start all components in order; stop them when the block ends, in any case.

    :param confirm: the proof that a deletion requires.
    :param seconds: maximum duration of the soak.
    """
    if not ports.ipv6_loopback():
        raise OSError("the soak needs IPv6 loopback ([::1]), so that two Prometheus servers have two addresses")
    logs = folder / "pushes"
    logs.mkdir()
    clocks = {name: clock_shifts.Shift(folder / f"{name}.clock") for name in ("gateway", "operator")}
    with contextlib.ExitStack() as stack:
        say("starting etcd, kube-apiserver with its audit log, controllers, scheduler and a node")
        cluster = stack.enter_context(clusters.LocalCluster(folder / "cluster", audit=True))
        api_connection = stack.enter_context(network_faults.Cutter(cluster.control_plane.port))
        say("starting gateway and operator")
        server_ports = [ports.free_port() for _ in _INTERVALS]
        kubeconfig = _through(api_connection, tidegate_processes.operator_kubeconfig(cluster, seconds=seconds))
        running = stack.enter_context(
            components.Components(
                cluster,
                folder,
                kubeconfig=kubeconfig,
                gateway_flags=(f"--persistence.file={folder / 'groups.db'}", *_proof(confirm, server_ports)),
                operator_flags=(f"--drain.timeout={job_plan.DRAIN:g}s",),
                gateway_module=_launcher(clocks["gateway"], sabotage),
                operator_module=_launcher(clocks["operator"], sabotage),
                resync=f"{RESYNC:g}s",
            )
        )
        gateway, operator = running.gateway, running.operator
        say("starting two Prometheus servers")
        readers = tuple(
            _read(stack, folder, gateway, intervals=intervals, port=port)
            for intervals, port in zip(_INTERVALS, server_ports, strict=True)
        )
        for name, pushes in _UNOWNED_PUSHES.items():
            pusher = _unowned_pusher(name, pushes=pushes, gateway=gateway, logs=logs, folder=folder)
            stack.callback(pusher.kill)
            pusher.start()
        yield Components(cluster, gateway, operator, readers, api_connection, clocks, jump, logs)


def _launcher(clock: clock_shifts.Shift, sabotage: clock_launcher.Sabotage) -> tuple[str, ...]:
    return (clock_launcher.__name__, str(clock.path), sabotage)


def _through(api_connection: network_faults.Cutter, kubeconfig: Path) -> Path:
    """A kubeconfig with the same rights that connects through the fault injector."""
    config = json.loads(kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{api_connection.port}"
    kubeconfig.write_text(json.dumps(config))
    return kubeconfig


def _proof(confirm: str, server_ports: Sequence[int]) -> tuple[str, ...]:
    urls = [f"--prometheus.url=http://{prometheus_server.IPV4}:{port}" for port in server_ports]
    return (f"--drain.confirm={confirm}", *(urls if confirm == STORED else ()))


def _read(
    stack: contextlib.ExitStack,
    folder: Path,
    gateway: tidegate_processes.Gateway,
    *,
    intervals: Sequence[int],
    port: int,
) -> Reader:
    name = f"prometheus-{'-'.join(map(str, intervals))}s"
    host = prometheus_server.IPV4 if intervals == _INTERVALS[0] else prometheus_server.IPV6
    targets = [
        prometheus_server.Target(
            port=gateway.port,
            host=host,
            job=f"job-{number}",
            labels={prometheus_database.JOB_LABEL: str(number)},
            settings={"scrape_interval": f"{interval}s", "scrape_timeout": f"{interval}s"},
        )
        for number, interval in enumerate(intervals)
    ]
    server = prometheus_server.Prometheus(folder / name, targets=targets, name=name, port=port)
    stack.callback(server.kill)
    server.start()
    server.wait_until_up()
    jobs = {str(number): float(interval) for number, interval in enumerate(intervals)}
    return Reader(server, max(jobs.values()), jobs, targets)


def _unowned_pusher(
    name: str, *, pushes: int, gateway: tidegate_processes.Gateway, logs: Path, folder: Path
) -> managed_processes.Process:
    spec = {
        "host": tidegate_processes.HOST,
        "port": gateway.port,
        "group": [["job", name]],
        "log": str(logs),
        "pushes": pushes,
        "pause": _TICK_SECONDS,
        "exit": 0,
        "until": histories.Until.NEVER,
        "drain": 0.0,
        "owner": histories.NOBODY,
    }
    environment = {**os.environ, "SPEC": json.dumps(spec), "POD": name}
    argv = [sys.executable, "-I", "-S", str(_SCRIPT)]
    return managed_processes.Process(name, argv=argv, log=folder / f"{name}.log", env=environment)
