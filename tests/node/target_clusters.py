"""Where the tests install tidegate: a node of their own, or a cluster that somebody gave them."""

import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.cluster import admin_client, binaries, clusters, control_plane
from tests.images import project_image
from tests.node import cluster_addons, node_images, real_node

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
    """The kubeconfig's context is not one that tests may write to; the message says how to let them."""


def check_context(context: str, *, allowed: str | None) -> None:
    """Raise `RefusedContextError` unless clusters of this name are for tests, or somebody said that this one is."""
    if context.startswith(_KNOWN) or context in _KNOWN_WHOLE or context == allowed:
        return
    raise RefusedContextError(
        f"the context {context!r} may be anybody's cluster: use one of kind, k3d or minikube, "
        f"or set {CONTEXT_VARIABLE}={context} if the tests may install into it"
    )


class OccupiedError(Exception):
    """The cluster has already what the tests would install and, at their end, delete."""


class Place:
    """A cluster, as kubectl and nothing else reaches it."""

    def __init__(self, *, kubectl: Path, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self._kubectl = kubectl

    def kubectl(self, *arguments: str | Path, stdin: str | None = None) -> str:
        """Run kubectl and return its stdout; raises `clusters.KubectlError`."""
        return self._run([*self.command, *map(str, arguments)], cwd=None, stdin=stdin)

    def shell(self, command: str, *, folder: Path) -> str:
        """Run a line as README has it, in this folder."""
        return self._run(["bash", "-euc", command], cwd=folder, stdin=None)

    def apply(self, objects: Iterable[admin_client.Object]) -> None:
        """Apply these objects, as one that may have been applied before."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(listed))

    def get(self, resource: str, name: str, *, namespace: str) -> admin_client.Object:
        """An object as it is now."""
        found: admin_client.Object = json.loads(
            self.kubectl("get", resource, name, f"--namespace={namespace}", "--output=json")
        )
        return found

    @property
    def command(self) -> list[str]:
        """What a command line for kubectl begins with, for whoever reads its output as it comes."""
        return [str(self._kubectl)]

    @property
    def environment(self) -> dict[str, str]:
        """That of a command which runs kubectl by its name."""
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
    """Control plane and node of this process's own namespaces; `start` and `stop`."""

    def __init__(self, folder: Path, *, images: Iterable[Path]) -> None:
        self._plane = control_plane.ControlPlane(folder, shape=real_node.SHAPE)
        super().__init__(kubectl=self._plane.kubectl, kubeconfig=self._plane.admin_kubeconfig)
        self._images = tuple(images)
        self._node = real_node.Node(self._plane, folder=folder / "node")

    def start(self) -> None:
        """Return when pods run, names are answered, and a volume waits for its claim."""
        self._plane.start()
        self._node.start_containerd([*node_images.ensure().values(), *self._images])
        # The examples name the image that is released; here it is the one that was built.
        self._node.ctr("--namespace=k8s.io", "images", "tag", project_image.NAME, project_image.RELEASED)
        self._node.start()
        (cluster_addons.VOLUMES / _VOLUME).mkdir(parents=True)
        self.apply([*cluster_addons.names(), cluster_addons.volume(_VOLUME, node=real_node.NAME)])
        self.kubectl("rollout", "status", "--namespace=kube-system", "deployment/coredns", "--timeout=60s")

    def stop(self) -> None:
        """End it all."""
        self._plane.stop()
        self._node.stop()


def existing(kubeconfig: Path) -> Place:
    """The cluster of a kubeconfig's current context.

    :raises RefusedContextError: it is not known to be one for tests.
    :raises OccupiedError: it has already what the tests would install.
    """
    place = Place(kubectl=binaries.ensure(["kubectl"])["kubectl"], kubeconfig=kubeconfig)
    context = place.kubectl("config", "current-context").strip()
    check_context(context, allowed=os.environ.get(CONTEXT_VARIABLE))
    check_unoccupied(place)
    return place


def check_unoccupied(place: Place) -> None:
    """Raise `OccupiedError` where something of somebody else's would be taken over and then deleted.

    SECURITY: with the definitions of prometheus-operator go all monitors that a cluster has.
    """
    found = place.kubectl("get", *_OURS, "--ignore-not-found", "--output=name").split()
    if found:
        raise OccupiedError(f"the cluster has {', '.join(found)} already: give the tests one without")
