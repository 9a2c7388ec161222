"""The idle operator: its memory, and the cost of each complete list for it and for the API server.

The API server is real, and no other client lists Jobs and CronJobs.
"""

import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench import measured_servers, operator_load, push_load
from tests.support import waiting
from tests.support.kubernetes import clusters
from tests.support.processes import process_usage, tidegate_processes

_LISTED = "tidegate_operator_last_list_timestamp_seconds"
_COUNTED = re.compile(
    r'^apiserver_(request_total|response_sizes_sum)\{[^}]*resource="(?:jobs|cronjobs)"[^}]*verb="LIST"[^}]*\} (\S+)$',
    re.MULTILINE,
)


class Shape(NamedTuple):
    """Numbers of running Jobs and of groups."""

    jobs: int
    groups: int


SHAPES = (Shape(0, 0), Shape(1_000, 1_000), Shape(10_000, 20_000), Shape(10_000, 100_000))
"""In ascending order: Jobs and groups are only added from one shape to the next."""

QUICK = (Shape(0, 0), Shape(10, 20))


class Point(NamedTuple):
    """The measurements for one shape.

    ``first_plan`` is in seconds from the start, ``memory`` and ``peak`` are in
    bytes. For each complete list, ``cpu`` is the operator's processor seconds, ``calls`` the number of the API server's
    list responses for Jobs and CronJobs, and ``answered`` the bytes of those responses.
    """

    jobs: int
    groups: int
    first_plan: float
    memory: int
    peak: int
    cpu: float
    calls: float
    answered: float


def measure(folder: Path, shapes: Sequence[Shape], *, lists: int, period: str) -> Iterator[Point]:
    """Measure a new operator for each shape, with one control plane and one gateway.

    :param lists: number of complete lists to wait for; the figures are per list.
    :param period: the time between two complete lists.
    """
    cluster = clusters.LocalCluster(folder / "cluster")
    cluster.control_plane.start_api()
    try:
        with measured_servers.tidegate(folder) as gateway:
            made = Shape(0, 0)
            for shape in shapes:
                if shape.jobs > made.jobs:
                    operator_load.create(cluster.api, first=made.jobs, jobs=shape.jobs - made.jobs)
                push_load.fill(gateway, first=made.groups, groups=shape.groups - made.groups)
                made = shape
                yield _point(
                    cluster, gateway, folder / f"{shape.jobs}-{shape.groups}", shape, lists=lists, period=period
                )
    finally:
        cluster.control_plane.stop()


def _point(
    cluster: clusters.Cluster, gateway: measured_servers.Server, folder: Path, shape: Shape, *, lists: int, period: str
) -> Point:
    assert isinstance(gateway, tidegate_processes.Gateway)
    operator = tidegate_processes.Operator(
        folder,
        gateway=gateway,
        kubeconfig=tidegate_processes.operator_kubeconfig(cluster),
        arguments=(f"--operator.resync={period}",),
    )
    try:
        began = time.perf_counter()
        operator.start()
        first_plan = time.perf_counter() - began
        _next_list(operator)
        before = _taken(cluster, operator)
        for _ in range(lists):
            _next_list(operator)
        cpu, calls, answered = (
            (after - earlier) / lists for after, earlier in zip(_taken(cluster, operator), before, strict=True)
        )
        memory, peak = measured_servers.resident(operator.process), process_usage.peak(operator.process.pid)
        return Point(shape.jobs, shape.groups, first_plan, memory, peak, cpu, calls, answered)
    finally:
        operator.process.stop()


def _next_list(operator: tidegate_processes.Operator) -> None:
    """Wait for one more complete list."""
    before = operator.total(_LISTED)
    waiting.eventually(lambda: operator.total(_LISTED) > before, why="the next list", timeout=120.0)


def _taken(cluster: clusters.Cluster, operator: tidegate_processes.Operator) -> tuple[float, float, float]:
    """The operator's processor seconds so far, the number of list responses of the API server, and their bytes."""
    totals: dict[str, float] = {"request_total": 0.0, "response_sizes_sum": 0.0}
    for name, value in _COUNTED.findall(cluster.kubectl("get", "--raw", "/metrics")):
        totals[name] += float(value)
    return measured_servers.cpu_seconds(operator), totals["request_total"], totals["response_sizes_sum"]
