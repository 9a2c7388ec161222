"""tidegate on a cluster, installed with the commands of README, and Jobs that push to its Service."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import waiting
from tests.support.docs import markdown_documents
from tests.support.kubernetes import admin_client, clusters, kubernetes_objects
from tests.support.node import prometheus_stack, readme_commands, target_clusters

NAMESPACE = "tidegate"
POD = "tidegate-0"
GATEWAY = "http://tidegate.tidegate:9091"
"""The URL that README tells Jobs to push to."""
DELETION_SECONDS = 120.0

_RESTRICTED = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


@dataclass(frozen=True, kw_only=True)
class Installation:
    """The cluster, its Prometheus, and the folder with README's kustomization."""

    place: target_clusters.Place
    prometheus: prometheus_stack.Prometheus
    folder: Path
    image: str
    namespace: str
    """The namespace of the tests' Jobs."""

    def groups(self) -> dict[str, dict[str, Any]]:
        """The gateway's groups by job label, from the Pushgateway API, through the API server."""
        found = self._metrics()
        return {group["labels"]["job"]: group for group in found}

    def values(self, family: str, *, by: str) -> dict[str, float]:
        """The values of a gauge family by the value of one label."""
        metrics = [each for group in self._metrics() for each in group.get(family, {}).get("metrics", [])]
        return {each["labels"][by]: float(each["value"]) for each in metrics}

    def _metrics(self) -> list[dict[str, Any]]:
        path = f"/api/v1/namespaces/{NAMESPACE}/services/tidegate:http/proxy/api/v1/metrics"
        groups: list[dict[str, Any]] = json.loads(self.place.kubectl("get", "--raw", path))["data"]
        return groups

    def python(self, name: str, script: str, *, annotations: Mapping[str, str] | None = None, pods: int = 1) -> str:
        """Run a Job with tidegate's own image, which has Python and prometheus_client; return the Job's name."""
        return self._run(name, image=self.image, command=["python", "-c", script], annotations=annotations, pods=pods)

    def run(self, name: str, *command: str, image: str) -> str:
        """Run a Job with a command of an image."""
        return self._run(name, image=image, command=list(command), annotations=None, pods=1)

    def wait_until_finished(self, job: str, *, timeout: float = 120.0) -> str:
        """Wait until a Job has finished, and return its pods' output; a failed Job is an error."""
        ending = waiting.eventually(
            lambda: kubernetes_objects.final_condition(self.place.get("jobs", job, namespace=self.namespace)) or "",
            why=f"the end of Job {job}",
            timeout=timeout,
        )
        printed = self.place.kubectl("logs", f"--namespace={self.namespace}", f"job/{job}", "--all-pods")
        assert ending == "Complete", printed
        return printed

    def wait_until_deleted(self, job: str) -> None:
        """Wait until the gateway has no group with this job label."""
        waiting.eventually(
            lambda: job not in self.groups(), why=f"the group of {job} to go", timeout=DELETION_SECONDS, interval=0.5
        )

    def _run(
        self, name: str, *, image: str, command: list[str], annotations: Mapping[str, str] | None, pods: int
    ) -> str:
        container = {"name": "main", "image": image, "command": command, "securityContext": _RESTRICTED}
        job: admin_client.Object = kubernetes_objects.job(name, container, annotations=annotations)
        job["spec"].update({"parallelism": pods, "completions": pods})
        job["spec"]["template"]["spec"]["automountServiceAccountToken"] = False
        self.place.kubectl("create", f"--namespace={self.namespace}", "--filename=-", stdin=json.dumps(job))
        return name


@contextlib.contextmanager
def by_readme(
    place: target_clusters.Place, prometheus: prometheus_stack.Prometheus, *, folder: Path
) -> Iterator[Installation]:
    """Install tidegate with README's commands, in a folder as it describes; delete the objects afterwards."""
    instructions = readme_commands.instructions()
    (folder / "tidegate").symlink_to(markdown_documents.ROOT)
    (folder / "kustomization.yaml").write_text(instructions.kustomization)
    namespace = "e2e-jobs"
    place.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}])
    try:
        for command in instructions.kubectl():
            if "manifests/examples" in command:
                # A Prometheus that has never scraped is not waited for.
                prometheus.followed("tidegate", targets=2)
            place.shell(command, folder=folder)
        yield Installation(
            place=place, prometheus=prometheus, folder=folder, image=instructions.image, namespace=namespace
        )
    finally:
        _keep_logs(place, folder)
        if place.remains:
            place.shell("kubectl delete --ignore-not-found --wait=false -k .", folder=folder)
            place.shell("kubectl delete --ignore-not-found --wait=false job/backup", folder=folder)
            place.kubectl("delete", "namespace", namespace, "--wait=false")


def _keep_logs(place: target_clusters.Place, folder: Path) -> None:
    """Save the logs of both containers to the folder; if a log is not available, save the error."""
    for container in ("gateway", "operator"):
        try:
            log = place.kubectl("logs", f"--namespace={NAMESPACE}", POD, f"--container={container}", "--tail=-1")
        except clusters.KubectlError as error:
            log = f"{error}\n"
        (folder / f"{container}.log").write_text(log)


def eventually_stale(installation: Installation, selector: str) -> None:
    """Wait until the series is stale in every Prometheus, as it is after its group has been deleted."""
    waiting.eventually(
        lambda: installation.prometheus.is_stale(selector),
        why=f"{selector} to be over",
        timeout=60.0,
        interval=0.5,
        retry_on=(clusters.KubectlError,),
    )
