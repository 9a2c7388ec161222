"""The real parts of the demo, and what each of them says of a Job and its group."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.cluster import admin_client, clusters, kubernetes_objects, prometheus_server
from tests.support import tidegate_processes

_HERE = Path(__file__).parent
NAMESPACE = "default"


class Expected(NamedTuple):
    """A Job of the demo: the metric it pushes, and the final value that must reach Prometheus."""

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
    """One line of the table: a Job, its group, and what Prometheus shows of it."""

    job: str
    job_state: str
    group_state: str
    in_prometheus: str


class Stage:
    """Cluster, gateway, operator and Prometheus, all running."""

    def __init__(
        self,
        cluster: clusters.Cluster,
        gateway: tidegate_processes.Gateway,
        operator: tidegate_processes.Operator,
        server: prometheus_server.Prometheus,
    ) -> None:
        self.cluster = cluster
        self.gateway = gateway
        self.operator = operator
        self.server = server
        self._had_group: set[str] = set()

    def apply_jobs(self) -> None:
        """kubectl apply the Jobs, and start a run of the CronJob at once instead of at night."""
        manifest = (_HERE / "jobs.yaml").read_text().replace("GATEWAY", self.gateway.url)
        self.cluster.kubectl("apply", "-f", "-", stdin=manifest)
        self.cluster.kubectl("create", "job", "nightly-by-hand", "--from=cronjob/nightly")

    def rows(self) -> list[Row]:
        """The table as it is now."""
        groups = self.gateway.groups()
        return [self._row(expected, groups.get(expected.job)) for expected in JOBS]

    def over(self) -> bool:
        """Whether every Job has ended, its group has come and gone, and its series has ended in Prometheus."""
        groups = self.gateway.groups()
        return all(
            expected.job in self._had_group - groups.keys() and self.server.is_stale(expected.selector)
            for expected in JOBS
        )

    def _row(self, expected: Expected, group: admin_client.Object | None) -> Row:
        job = self.cluster.api.find("jobs", expected.job, namespace=NAMESPACE)
        if group is not None:
            self._had_group.add(expected.job)
        value = self.server.value(expected.selector)
        return Row(
            job=expected.job,
            job_state=_job_state(job),
            group_state=_group_state(group, known=expected.job in self._had_group),
            in_prometheus="-" if value is None else f"{value:g}",
        )


@contextlib.contextmanager
def set_up(folder: Path, say: Callable[[str], None]) -> Iterator[Stage]:
    """Start everything in order, telling of each step; end everything afterwards, whatever happens."""
    with contextlib.ExitStack() as stack:
        say("starting etcd, kube-apiserver, kube-controller-manager, kube-scheduler and a node")
        cluster = stack.enter_context(clusters.Cluster(folder / "cluster"))
        say("starting the gateway")
        gateway = tidegate_processes.Gateway(folder)
        stack.callback(gateway.process.stop)
        gateway.start()
        say("starting the operator with just the rights of its ServiceAccount (manifests/base/rbac.yaml)")
        kubeconfig = tidegate_processes.operator_kubeconfig(cluster)
        operator = tidegate_processes.Operator(folder, gateway=gateway, kubeconfig=kubeconfig)
        stack.callback(operator.process.stop)
        operator.start()
        say("starting Prometheus, which scrapes every 2 s with honor_labels")
        server = prometheus_server.Prometheus(
            folder / "prometheus", targets=[prometheus_server.Target(port=gateway.port)], interval="2s"
        )
        stack.callback(server.stop)
        server.start()
        server.wait_until_up()
        yield Stage(cluster, gateway, operator, server)


def _job_state(job: admin_client.Object | None) -> str:
    if job is None:
        return "not created"
    return kubernetes_objects.ending(job) or "running"


def _group_state(group: admin_client.Object | None, *, known: bool) -> str:
    if group is None:
        return "deleted" if known else "-"
    if group["drain_pushed_revision"] is not None:
        return "draining"
    return "live, claimed" if group["claims"] else "live"
