"""The cluster in which the tests install tidegate: a node of their own, or a cluster that the user provides."""

import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.support.images import project_image
from tests.support.kubernetes import admin_client, clusters, control_plane
from tests.support.node import cluster_addons, node_images, real_node
from tests.support.programs import binaries

KUBECONFIG_VARIABLE = "E2E_KUBECONFIG"
CONTEXT_VARIABLE = "E2E_CONTEXT"

_KNOWN = ("kind-", "k3d-")
_KNOWN_WHOLE = ("minikube",)
_OURS = (
    "namespace/tidegate",
    "namespace/monitoring",
    "customresourcedefinition/prometheuses.monitoring.coreos.com",
)
_KUBECTL_SECONDS = 300.0
_VOLUME = "data"


class RefusedContextError(Exception):
    """Tests may not write to the kubeconfig's context; the message says how to allow it."""


def check_context(context: str, *, allowed: str | None, variable: str = CONTEXT_VARIABLE) -> None:
    """Raise `RefusedContextError` unless the name is that of a test cluster, or the user has allowed this context.

    :param variable: the environment variable that allows a context.
    """
    if context.startswith(_KNOWN) or context in _KNOWN_WHOLE or context == allowed:
        return
    raise RefusedContextError(
        f"the context {context!r} may be anybody's cluster: use one of kind, k3d or minikube, "
        f"or set {variable}={context} if it is a cluster for tests"
    )


class OccupiedError(Exception):
    """The cluster already has objects that the tests would install and then delete."""


class Place:
    """A cluster that is reached through kubectl only."""

    remains = True
    """Whether the cluster exists after the tests, so that their objects must be deleted."""

    def __init__(self, *, kubectl: Path, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self._kubectl = kubectl

    def kubectl(self, *arguments: str | Path, stdin: str | None = None) -> str:
        """Run kubectl and return its standard output; raises `clusters.KubectlError`."""
        return self._run([*self.command, *map(str, arguments)], cwd=None, stdin=stdin)

    def shell(self, command: str, *, folder: Path) -> str:
        """Run a command line of README in this folder."""
        return self._run(["bash", "-euc", command], cwd=folder, stdin=None)

    def apply(self, objects: Iterable[admin_client.Object]) -> None:
        """Apply these objects, which may exist already."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(listed))

    def get(self, resource: str, name: str, *, namespace: str) -> admin_client.Object:
        """The current state of an object."""
        existing_objects: admin_client.Object = json.loads(
            self.kubectl("get", resource, name, f"--namespace={namespace}", "--output=json")
        )
        return existing_objects

    @property
    def command(self) -> list[str]:
        """The beginning of a kubectl command line, for callers that stream its output."""
        return [str(self._kubectl)]

    @property
    def environment(self) -> dict[str, str]:
        """An environment in which `kubectl` is found by name."""
        path = os.pathsep.join([str(self._kubectl.parent), os.environ.get("PATH", os.defpath)])
        cache = str(self.kubeconfig.parent / "kubectl-cache")
        return {**os.environ, "PATH": path, "KUBECONFIG": str(self.kubeconfig), "KUBECACHEDIR": cache}

    def _run(self, command: list[str], *, cwd: Path | None, stdin: str | None) -> str:
        done = subprocess.run(
            command,
            cwd=cwd,
            input=stdin,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_KUBECTL_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise clusters.KubectlError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout


class OwnNode(Place):
    """The control plane and node in the namespaces of this process; use `start` and `stop`."""

    remains = False

    def __init__(self, folder: Path, *, images: Iterable[Path]) -> None:
        self._plane = control_plane.ControlPlane(folder, shape=real_node.SHAPE)
        super().__init__(kubectl=self._plane.kubectl, kubeconfig=self._plane.admin_kubeconfig)
        self._images = tuple(images)
        self._node = real_node.Node(self._plane, folder=folder / "node")

    def start(self) -> None:
        """Return when pods run, cluster DNS responds, and a volume is available."""
        self._plane.start()
        self._node.start_containerd([*node_images.ensure().values(), *self._images])
        # The examples name the released image; use the locally built one instead.
        self._node.ctr("--namespace=k8s.io", "images", "tag", project_image.NAME, project_image.RELEASED)
        self._node.start()
        (cluster_addons.VOLUMES / _VOLUME).mkdir(parents=True)
        self.apply([*cluster_addons.names(), cluster_addons.volume(_VOLUME, node=real_node.NAME)])
        self.kubectl("rollout", "status", "--namespace=kube-system", "deployment/coredns", "--timeout=60s")

    def stop(self) -> None:
        """Stop the control plane and the node."""
        self._plane.stop()
        self._node.stop()


def existing(kubeconfig: Path) -> Place:
    """The cluster of the kubeconfig's current context.

    :raises RefusedContextError: it is not a cluster for tests.
    :raises OccupiedError: it already has objects that the tests would install.
    """
    place = Place(kubectl=binaries.ensure(["kubectl"])["kubectl"], kubeconfig=kubeconfig)
    context = place.kubectl("config", "current-context").strip()
    check_context(context, allowed=os.environ.get(CONTEXT_VARIABLE))
    check_unoccupied(place)
    return place


def check_unoccupied(place: Place) -> None:
    """Raise `OccupiedError` if the tests would take over and then delete existing objects of another installation.

    SECURITY: deleting the CRDs of prometheus-operator also deletes every monitor in the cluster.
    """
    existing_objects = place.kubectl("get", *_OURS, "--ignore-not-found", "--output=name").split()
    if existing_objects:
        raise OccupiedError(f"the cluster has {', '.join(existing_objects)} already: give the tests one without")
