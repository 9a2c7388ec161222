"""The cluster of the demo: a control plane of its own, or the test cluster that DEMO_KUBECONFIG names.

In both, the pods of the demo are processes on this machine. In a given cluster, the demo creates one namespace, uses
nothing outside it, and deletes it at the end. Its pods name a node that does not exist, since other pods could be
scheduled to a new Node.
"""

import base64
import contextlib
import json
import os
import shutil
import signal
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support import repository, waiting
from tests.support.kubernetes import certificates, clusters, control_plane, node_agent
from tests.support.node import target_clusters
from tests.support.processes import managed_processes, tidegate_processes
from tests.support.programs import binaries

KUBECONFIG_VARIABLE = "DEMO_KUBECONFIG"
CONTEXT_VARIABLE = "DEMO_CONTEXT"

_RIGHTS = repository.MANIFESTS / "components" / "namespaced" / "watched" / "rbac.yaml"


class UnusableKubeconfigError(Exception):
    """The demo cannot log in with this kubeconfig; the message says why."""


@dataclass(frozen=True, kw_only=True)
class DemoCluster:
    """A running cluster, and what the demo needs to work in it."""

    cluster: clusters.Cluster
    namespace: str
    """The namespace of the Jobs."""
    node: str
    """The node on which their pods run; empty if the scheduler chooses it."""
    operator_kubeconfig: Path
    operator_arguments: tuple[str, ...]


def ensure_programs() -> None:
    """Build all missing programs of the demo in one go, before the first of them runs.

    :raises binaries.MissingToolError: a program cannot be built.
    """
    own = () if os.environ.get(KUBECONFIG_VARIABLE) else control_plane.PROGRAMS
    binaries.ensure([*own, "prometheus"])


@contextlib.contextmanager
def running(folder: Path, say: Callable[[str], None]) -> Iterator[DemoCluster]:
    """The cluster that DEMO_KUBECONFIG names, or a new one that stops when the block ends.

    :raises target_clusters.RefusedContextError: the given cluster may be one that is not for tests.
    :raises UnusableKubeconfigError: the kubeconfig has no client certificate.
    """
    given = os.environ.get(KUBECONFIG_VARIABLE)
    with _given(folder, Path(given), say) if given else _own(folder, say) as cluster:
        yield cluster


@contextlib.contextmanager
def _own(folder: Path, say: Callable[[str], None]) -> Iterator[DemoCluster]:
    say("starting etcd, kube-apiserver, kube-controller-manager, kube-scheduler and a node")
    with clusters.LocalCluster(folder) as cluster:
        yield DemoCluster(
            cluster=cluster,
            namespace="default",
            node="",
            operator_kubeconfig=tidegate_processes.operator_kubeconfig(cluster),
            operator_arguments=(),
        )


@contextlib.contextmanager
def _given(folder: Path, kubeconfig: Path, say: Callable[[str], None]) -> Iterator[DemoCluster]:
    found = shutil.which("kubectl")
    kubectl = Path(found) if found else binaries.ensure(["kubectl"])["kubectl"]
    login = _login(target_clusters.Place(kubectl=kubectl, kubeconfig=kubeconfig), folder=folder)
    name = f"tidegate-demo-{uuid.uuid4().hex[:8]}"
    say(f"creating namespace {name}; its pods are processes on this machine")
    with contextlib.ExitStack() as stack:
        cluster = clusters.Cluster(login, folder=folder, kubectl=kubectl)
        stack.callback(cluster.close)
        agent = _agent(login, folder=folder, node=name)
        stack.callback(agent.stop)
        agent.start()
        stack.callback(cluster.kubectl, "delete", "namespace", name, "--ignore-not-found")
        cluster.kubectl("create", "namespace", name)
        waiting.eventually(
            lambda: cluster.api.find("serviceaccounts", "default", namespace=name),
            why=f"the service account of namespace {name}",
        )
        _grant_rights(cluster, namespace=name)
        yield DemoCluster(
            cluster=cluster,
            namespace=name,
            node=name,
            operator_kubeconfig=cluster.kubeconfig_for("tidegate", namespace=name),
            operator_arguments=(f"--kubernetes.namespace={name}",),
        )


def _login(place: target_clusters.Place, *, folder: Path) -> Path:
    """A kubeconfig with only the current context of this one, which must be that of a test cluster."""
    context = place.kubectl("config", "current-context").strip()
    target_clusters.check_context(context, allowed=os.environ.get(CONTEXT_VARIABLE), variable=CONTEXT_VARIABLE)
    config = json.loads(place.kubectl("config", "view", "--raw", "--minify", "--flatten", "--output=json"))
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    folder.mkdir(mode=0o700)
    files = {}
    for name, holder in (
        ("certificate-authority", cluster),
        ("client-certificate", user),
        ("client-key", user),
    ):
        if f"{name}-data" not in holder:
            raise UnusableKubeconfigError(f"the context {context!r} has no {name}: use one of kind, k3d or minikube")
        files[name] = folder / name
        files[name].touch(mode=0o600)
        files[name].write_bytes(base64.b64decode(holder[f"{name}-data"]))
    return certificates.write_kubeconfig(
        folder / "admin.kubeconfig",
        server=cluster["server"],
        ca=files["certificate-authority"],
        user=certificates.KeyPair(cert=files["client-certificate"], key=files["client-key"]),
    )


def _agent(kubeconfig: Path, *, folder: Path, node: str) -> managed_processes.Process:
    options = (f"--kubeconfig={kubeconfig}", f"--folder={folder / 'pods'}", f"--node={node}", "--unregistered")
    return managed_processes.Process(
        "node-agent",
        argv=[sys.executable, "-m", node_agent.__name__, *options],
        log=folder / "node-agent.log",
        cwd=repository.ROOT,
        # It stops the processes of its pods itself when it is terminated.
        death_signal=signal.SIGTERM,
    )


def _grant_rights(cluster: clusters.Cluster, *, namespace: str) -> None:
    """Create a ServiceAccount with the rights that the manifests give an operator that watches only this namespace."""
    within = f"--namespace={namespace}"
    cluster.kubectl("create", "serviceaccount", "tidegate", within)
    rights = _RIGHTS.read_text().replace("namespace: tidegate", f"namespace: {namespace}")
    cluster.kubectl("apply", within, "--filename=-", stdin=rights)
