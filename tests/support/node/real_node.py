"""A real node: containerd, kubelet and kube-proxy, in the namespaces that `kernel_namespaces` creates."""

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.support import waiting
from tests.support.kubernetes import control_plane, control_plane_shapes
from tests.support.node import kernel_namespaces, node_addresses, node_config
from tests.support.processes import managed_processes
from tests.support.programs import binaries, debian_packages

NAME = "node"
START_SECONDS = 60.0

_PROGRAMS = ("kubelet", "kube-proxy")
_PACKAGES = ("containerd", "runc", "containernetworking-plugins", "nftables", "libnftables1", "libseccomp2")
_LIBRARIES = ("libnftnl11", "libmnl0", "libxtables12", "libjansson4", "libedit2", "libgmp10", "libbsd0", "libmd0")
_IMPORT_SECONDS = 120.0

SHAPE = control_plane_shapes.Shape(
    address=node_addresses.NODE,
    names=(
        node_addresses.API_SERVICE,
        "kubernetes",
        "kubernetes.default",
        f"kubernetes.default.svc.{node_addresses.DOMAIN}",
    ),
    controllers=("*",),
    apiserver_flags=(f"--advertise-address={node_addresses.NODE}", "--kubelet-preferred-address-types=InternalIP"),
)
"""A control plane for real pods, which reach the API server through its Service."""


def runtime() -> Path:
    """The folder with containerd, runc, nft and the network plugins; fetched from the network unless cached."""
    return debian_packages.unpacked(
        *_PACKAGES, *_LIBRARIES, instead="install containerd, runc, containernetworking-plugins and nftables"
    )


def prepare() -> None:
    """Fill the cache with everything `Node` needs: inside the namespaces there is no network."""
    binaries.ensure(_PROGRAMS)
    runtime()


class Node:
    """Use `start` and `stop`. Logs are below `folder`; all other files are in memory and end with the namespaces."""

    def __init__(self, plane: control_plane.ControlPlane, *, folder: Path) -> None:
        self._plane = plane
        self._folder = folder
        self._programs = binaries.ensure(_PROGRAMS)
        unpacked = runtime()
        self._plugins = unpacked / "usr/lib/cni"
        self._environment = _environment(unpacked)
        self._containerd = self._process(
            "containerd", _which("containerd", self._environment), "--config", self._write_containerd()
        )
        self._kubelet = self._process("kubelet", self._programs["kubelet"], *self._kubelet_flags())
        self._proxy = self._process("kube-proxy", self._programs["kube-proxy"], f"--config={self._write_proxy()}")

    def start_containerd(self, archives: Iterable[Path]) -> None:
        """Start only containerd and import these images, OCI archives that contain their names."""
        self._containerd.start()
        waiting.eventually(self._responds, why="containerd to answer", timeout=START_SECONDS)
        for archive in archives:
            self.ctr("--namespace=k8s.io", "images", "import", str(archive))

    def start(self) -> None:
        """Start the kubelet, which needs a running API server and containerd; return when the node is ready."""
        self._kubelet.start()
        self._proxy.start()
        waiting.eventually(self._is_ready, why="the node to be Ready", timeout=START_SECONDS)

    def stop(self) -> None:
        """Stop the components. Processes in containers end with the namespaces."""
        for process in (self._proxy, self._kubelet, self._containerd):
            process.kill()

    def check(self) -> None:
        """Raise `managed_processes.ProcessEndedError` if a component has ended by itself."""
        for process in (self._containerd, self._kubelet, self._proxy):
            process.check()

    def ctr(self, *arguments: str) -> str:
        """Run ctr, containerd's own client."""
        command = [_which("ctr", self._environment), f"--address={node_config.CONTAINERD_SOCKET}", *arguments]
        done = subprocess.run(
            command, env=self._environment, capture_output=True, text=True, timeout=_IMPORT_SECONDS, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"ctr {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def _responds(self) -> bool:
        self._containerd.check()
        try:
            return "Server:" in self.ctr("version")
        except RuntimeError:
            return False

    def _is_ready(self) -> bool:
        self.check()
        node = self._plane.api.find("nodes", NAME) or {}
        conditions = node.get("status", {}).get("conditions", [])
        return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)

    def _kubelet_flags(self) -> tuple[str, ...]:
        config = node_config.kubelet(client_ca=self._plane.ca, cgroup=os.environ[kernel_namespaces.CGROUP_VARIABLE])
        path = self._write("kubelet.json", json.dumps(config, indent=2))
        kubeconfig = self._plane.admin_kubeconfig_named("kubelet")
        return (
            f"--config={path}",
            f"--kubeconfig={kubeconfig}",
            f"--hostname-override={NAME}",
            f"--node-ip={node_addresses.NODE}",
        )

    def _write_proxy(self) -> Path:
        kubeconfig = self._plane.admin_kubeconfig_named("kube-proxy")
        config = node_config.proxy(kubeconfig=kubeconfig, node=NAME)
        return self._write("kube-proxy.json", json.dumps(config, indent=2))

    def _write_containerd(self) -> Path:
        networks_folder = self._folder / "cni"
        networks_folder.mkdir(parents=True)
        (networks_folder / "10-pods.conflist").write_text(json.dumps(node_config.pod_network(), indent=2))
        text = node_config.containerd(
            runc=Path(_which("runc", self._environment)), plugins=self._plugins, networks=networks_folder
        )
        return self._write("containerd.toml", text)

    def _write(self, name: str, text: str) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / name
        path.write_text(text)
        return path

    def _process(self, name: str, *argv: str | Path) -> managed_processes.Process:
        log = self._folder / "logs" / f"{name}.log"
        return managed_processes.Process(name, argv=argv, log=log, env=self._environment)


def _environment(unpacked: Path) -> dict[str, str]:
    """The environment of this process, with the unpacked programs and libraries first."""
    programs = [str(unpacked / folder) for folder in ("usr/bin", "usr/sbin", "sbin", "bin")]
    libraries = unpacked / "usr/lib" / f"{platform.machine()}-linux-gnu"
    return {
        **os.environ,
        "PATH": os.pathsep.join([*programs, os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"]),
        "LD_LIBRARY_PATH": str(libraries),
    }


def _which(name: str, environment: dict[str, str]) -> str:
    found = shutil.which(name, path=environment["PATH"])
    if found is None:
        raise binaries.MissingToolError(f"{name} is not in what was unpacked: install it")
    return found
