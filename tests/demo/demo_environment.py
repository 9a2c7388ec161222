"""The components of the demo, and the state of each Job and its group according to each of them."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from tests.demo import demo_clusters
from tests.support import components
from tests.support.kubernetes import admin_client, kubernetes_objects
from tests.support.prometheus import prometheus_server

_HERE = Path(__file__).parent


class Expected(NamedTuple):
    """A Job of the demo: its metric, and the final value that Prometheus must scrape."""

    job: str
    metric: str
    final: float

    @property
    def selector(self) -> str:
        return f'{self.metric}{{job="{self.job}"}}'


JOBS = (
    Expected("backup", "backup_saved_bytes", 102400.0),
    Expected("report", "report_rows", 417.0),
    Expected("nightly-by-hand", "nightly_checked_files", 98765.0),
)


class Row(NamedTuple):
    """A row of the table: a Job, its group, and the group's series in Prometheus."""

    job: str
    job_state: str
    group_state: str
    in_prometheus: str


class Stage:
    """Cluster, gateway, operator and Prometheus, all running."""

    def __init__(
        self,
        place: demo_clusters.DemoCluster,
        running: components.Components,
        server: prometheus_server.Prometheus,
    ) -> None:
        self.place = place
        self.cluster = place.cluster
        self.gateway = running.gateway
        self.operator = running.operator
        self.server = server
        self._pushed: set[str] = set()

    def apply_jobs(self) -> None:
        """Apply the Jobs with kubectl, and start a run of the CronJob immediately instead of at night."""
        within = f"--namespace={self.place.namespace}"
        manifest = (_HERE / "jobs.yaml").read_text().replace("GATEWAY", self.gateway.url)
        jobs = [_on_node(job, self.place.node) for job in yaml.safe_load_all(manifest)]
        listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": jobs})
        self.cluster.kubectl("apply", within, "--filename=-", stdin=listed)
        self.cluster.kubectl("create", "job", "nightly-by-hand", "--from=cronjob/nightly", within)

    def rows(self) -> list[Row]:
        """The current rows of the table."""
        groups = self.gateway.groups()
        return [self._row(expected, groups.get(expected.job)) for expected in JOBS]

    def finished(self) -> bool:
        """Whether every Job has finished, its group was pushed and deleted, and its series is stale in Prometheus."""
        groups = self.gateway.groups()
        return all(
            expected.job in self._pushed - groups.keys() and self.server.is_stale(expected.selector)
            for expected in JOBS
        )

    def _row(self, expected: Expected, group: admin_client.Object | None) -> Row:
        job = self.cluster.api.find("jobs", expected.job, namespace=self.place.namespace)
        if group is not None:
            self._pushed.add(expected.job)
        value = self.server.value(expected.selector)
        return Row(
            job=expected.job,
            job_state=_job_state(job),
            group_state=_group_state(group, pushed=expected.job in self._pushed),
            in_prometheus="-" if value is None else f"{value:g}",
        )


@contextlib.contextmanager
def set_up(folder: Path, say: Callable[[str], None]) -> Iterator[Stage]:
    """Start all components in order and report each step; stop them when the block ends, in any case."""
    demo_clusters.ensure_programs()
    with (
        demo_clusters.running(folder / "cluster", say) as place,
        components.Components(
            place.cluster,
            folder,
            kubeconfig=place.operator_kubeconfig,
            operator_flags=place.operator_arguments,
            resync=None,
        ) as running,
    ):
        say("starting the gateway")
        target = prometheus_server.Target(port=running.gateway.port)
        say("starting the operator with only the rights of its ServiceAccount in manifests/")
        _ = running.operator
        say("starting Prometheus, which scrapes every 2 s with honor_labels")
        yield Stage(place, running, running.another_prometheus("prometheus", target, interval="2s"))


def _on_node(job: admin_client.Object, node: str) -> admin_client.Object:
    """The Job or CronJob with its pods bound to this node, if one is given."""
    spec = job["spec"] if job["kind"] == "Job" else job["spec"]["jobTemplate"]["spec"]
    if node:
        spec["template"]["spec"]["nodeName"] = node
    return job


def _job_state(job: admin_client.Object | None) -> str:
    if job is None:
        return "not created"
    return kubernetes_objects.final_condition(job) or "running"


def _group_state(group: admin_client.Object | None, *, pushed: bool) -> str:
    if group is None:
        return "deleted" if pushed else "-"
    if group["drain_pushed_revision"] is not None:
        return "draining"
    return "live, claimed" if group["claims"] else "live"
