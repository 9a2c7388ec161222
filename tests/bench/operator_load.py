"""The operator with ten thousand Jobs: time to its first plan, its memory, and how fast it handles many finished Jobs.

The API server is real; no controller runs, so this module creates and finishes the Jobs itself.
"""

import concurrent.futures
import datetime
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.bench import measured_servers
from tests.support import waiting
from tests.support.kubernetes import admin_client, clusters
from tests.support.processes import tidegate_processes

JOBS = 10_000
ENDING = 1_000
_NAMESPACE = "bench"
_CALLERS = 16
_PATIENCE = 120.0


class Figures(NamedTuple):
    """Durations in seconds, and memory in bytes at the end."""

    first_plan: float
    retired: float
    memory: int


def measure(folder: Path, *, jobs: int = JOBS, ending: int = ENDING, say: Callable[[str], None]) -> Figures:
    """Start a control plane, create Jobs and their groups, and measure the operator."""
    cluster = clusters.LocalCluster(folder / "cluster")
    cluster.control_plane.start_api()
    try:
        with tidegate_processes.serving(folder) as gateway:
            say(f"creating {jobs} Jobs and pushing a group for each")
            create(cluster.api, jobs=jobs)
            for number in range(jobs):
                gateway.push(f"job/{_name(number)}", "rows 1\n")
            return _watch(cluster, gateway, folder, ending=ending, say=say)
    finally:
        cluster.control_plane.stop()


def _watch(
    cluster: clusters.Cluster,
    gateway: tidegate_processes.Gateway,
    folder: Path,
    *,
    ending: int,
    say: Callable[[str], None],
) -> Figures:
    operator = tidegate_processes.Operator(
        folder, gateway=gateway, kubeconfig=tidegate_processes.operator_kubeconfig(cluster)
    )
    try:
        say("starting the operator")
        began = time.perf_counter()
        operator.start()
        first_plan = time.perf_counter() - began
        say(f"finishing {ending} Jobs at once")
        _end(cluster.api, ending=ending)
        began = time.perf_counter()
        waiting.eventually(
            lambda: gateway.metric('tidegate_groups{state="draining"}') >= ending,
            why="the groups of all that ended to be retired",
            timeout=_PATIENCE,
        )
        retired = time.perf_counter() - began
        return Figures(first_plan, retired, measured_servers.resident(operator.process))
    finally:
        operator.process.stop()


def create(api: admin_client.Api, *, jobs: int, first: int = 0) -> None:
    """Create this many Jobs, numbered from `first`, each with twenty environment variables in its Pod."""
    if first == 0:
        api.create("namespaces", {"metadata": {"name": _NAMESPACE}})
    _in_parallel(lambda number: api.create("jobs", _job(first + number), namespace=_NAMESPACE), jobs)


def _end(api: admin_client.Api, *, ending: int) -> None:
    now = datetime.datetime.now(tz=datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    conditions = [
        {"type": kind, "status": "True", "lastTransitionTime": now, "reason": "CompletionsReached"}
        for kind in ("SuccessCriteriaMet", "Complete")
    ]
    status = {"startTime": now, "completionTime": now, "succeeded": 1, "conditions": conditions}
    path = f"apis/batch/v1/namespaces/{_NAMESPACE}/jobs"
    _in_parallel(
        lambda number: api.request(
            "PATCH",
            f"{path}/{_name(number)}/status",
            body={"status": status},
            content_type="application/merge-patch+json",
        ),
        ending,
    )


def _in_parallel(work: Callable[[int], object], times: int) -> None:
    with concurrent.futures.ThreadPoolExecutor(_CALLERS) as pool:
        for _ in pool.map(work, range(times)):
            pass


def _job(number: int) -> admin_client.Object:
    container = {"name": "main", "image": "bench", "env": [{"name": f"V{n}", "value": "x" * 60} for n in range(20)]}
    pod = {"metadata": {"labels": {"app": "bench"}}, "spec": {"restartPolicy": "Never", "containers": [container]}}
    return {"metadata": {"name": _name(number), "labels": {"app": "bench"}}, "spec": {"template": pod}}


def _name(number: int) -> str:
    return f"bench-{number:06}"
