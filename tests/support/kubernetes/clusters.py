"""A cluster as tests use it: admin client, kubectl, namespaces, Jobs; and one that this process starts itself."""

import functools
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support import repository, waiting
from tests.support.kubernetes import admin_client, certificates, control_plane, kubernetes_objects, node_agent
from tests.support.processes import managed_processes
from tests.support.programs import binaries

_ROOT = repository.ROOT
_KUBECTL_SECONDS = 150.0


class KubectlError(Exception):
    """kubectl failed; the message is its standard error."""


class Cluster:
    """A running cluster whose pods are processes of this machine (see `node_agent`).

    :param kubeconfig: admin kubeconfig, as `certificates.write_kubeconfig` writes it.
    :param folder: folder for files of this object, such as kubectl's cache; each process needs one of its own.
    :param kubectl: the kubectl to use instead of the one in `binaries`.
    """

    def __init__(self, kubeconfig: Path, *, folder: Path, kubectl: Path | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.kubeconfig = kubeconfig
        self._folder = folder
        self._login = certificates.read_kubeconfig(kubeconfig)
        self._kubectl = kubectl or binaries.ensure(["kubectl"])["kubectl"]
        self.api = admin_client.Api(self._login)

    @functools.cached_property
    def pods(self) -> Path:
        """The node's folder with the files of its pods."""
        node = self.api.get("nodes", node_agent.NODE)
        return Path(node["metadata"]["annotations"][node_agent.FOLDER])

    def kubectl(self, *arguments: str | Path, stdin: str | None = None, kubeconfig: Path | None = None) -> str:
        """Run kubectl, by default as admin, and return its standard output; raises `KubectlError`."""
        command: list[str | Path] = [self._kubectl, f"--kubeconfig={kubeconfig or self.kubeconfig}", *arguments]
        # A private discovery cache: one in the home folder would remain after the cluster.
        environment = {**os.environ, "KUBECACHEDIR": str(self._folder / "kubectl")}
        done = subprocess.run(
            command,
            input=stdin,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_KUBECTL_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise KubectlError(done.stderr.strip())
        return done.stdout

    def create_namespace(self, prefix: str = "test") -> str:
        """Create a namespace in which pods can be created immediately; return its name."""
        name = f"{prefix}-{uuid.uuid4().hex[:8]}"
        self.api.create("namespaces", {"metadata": {"name": name}})
        # Without its service account, pods are rejected, and the Job controller waits before it retries.
        waiting.eventually(
            lambda: self.api.find("serviceaccounts", "default", namespace=name),
            why=f"the service account of namespace {name}",
            interval=0.02,
        )
        return name

    def wait_until_finished(self, job: str, *, namespace: str, timeout: float = 60.0) -> str:
        """Wait until a Job has finished and return its condition: `Complete` or `Failed`."""
        return waiting.eventually(
            lambda: kubernetes_objects.final_condition(self.api.get("jobs", job, namespace=namespace)) or "",
            why=f"the end of Job {namespace}/{job}",
            timeout=timeout,
        )

    def pods_of(self, job: str, *, namespace: str) -> list[admin_client.Object]:
        """The current pods of a Job."""
        return self.api.list("pods", namespace=namespace, labels=f"batch.kubernetes.io/job-name={job}")

    def pod_log(self, pod: admin_client.Object, *, container: str | None = None) -> str:
        """The output of a container of this pod so far, stdout and stderr."""
        metadata = pod["metadata"]
        folder = self.pods / f"{metadata['namespace']}_{metadata['name']}_{metadata['uid']}"
        log = folder / f"{container or pod['spec']['containers'][0]['name']}.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def close(self) -> None:
        """Close the connections to the API server."""
        self.api.close()

    def kubeconfig_for(self, account: str, *, namespace: str, seconds: int = 3600) -> Path:
        """A kubeconfig with a token of this ServiceAccount (TokenRequest API), with only the account's rights."""
        answer = self.api.request(
            "POST",
            f"api/v1/namespaces/{namespace}/serviceaccounts/{account}/token",
            body={
                "apiVersion": "authentication.k8s.io/v1",
                "kind": "TokenRequest",
                "spec": {"expirationSeconds": seconds},
            },
        )
        path = self._folder / f"{namespace}-{account}.kubeconfig"
        token = answer["status"]["token"]
        return certificates.write_kubeconfig(path, server=self._login.server, ca=self._login.ca, user=token)


class LocalCluster(Cluster):
    """A cluster of this process: control plane and one node; use it as a context manager, or `start` and `stop` it.

    All its files are below `folder`. For `audit` see `control_plane.ControlPlane`. Start it from a thread that lives as
    long as the cluster (see `managed_processes.Process`).
    """

    def __init__(self, folder: Path, *, audit: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.control_plane = control_plane.ControlPlane(folder, audit=audit)
        super().__init__(self.control_plane.admin_kubeconfig, folder=folder)
        kubeconfig = self.control_plane.admin_kubeconfig_named("node-agent")
        self.node = managed_processes.Process(
            "node-agent",
            argv=[
                *(sys.executable, "-m", node_agent.__name__),
                *(f"--kubeconfig={kubeconfig}", f"--folder={folder / 'pods'}"),
            ],
            log=folder / "logs" / "node-agent.log",
            cwd=_ROOT,
            # It stops the processes of its pods itself when it is terminated.
            death_signal=signal.SIGTERM,
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Return when pods can run; a failed start leaves no process running."""
        try:
            self.control_plane.start()
            self.node.start()
            waiting.eventually(self._node_is_ready, why="the node to be Ready")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the node with the processes of its pods, then the control plane."""
        self.node.stop()
        self.close()
        self.control_plane.stop()

    def _node_is_ready(self) -> bool:
        self.node.check()
        node = self.api.find("nodes", node_agent.NODE) or {}
        conditions = node.get("status", {}).get("conditions", [])
        return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
