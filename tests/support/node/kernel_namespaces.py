"""Kernel namespaces that contain a whole node: its mounts, processes and settings end with them.

The first process of the PID namespace is `namespace_init`; when it ends, the kernel ends all others. Only control
groups are not in a namespace: `run_inside` removes them.
"""

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.support import waiting
from tests.support.programs import binaries

CGROUP_VARIABLE = "TIDEGATE_NODE_CGROUP"
"""Path of the node's control groups below each hierarchy; if it is set, this process runs inside the namespaces."""

_HIERARCHIES = Path("/sys/fs/cgroup")
_PROGRAMS = ("unshare", "setpriv", "mount", "ip")
_CPUSET = ("cpuset.cpus", "cpuset.mems")


def impossible() -> str | None:
    """The reason why this machine cannot run a node, in one line; None if it can."""
    if sys.platform != "linux":
        return f"a real kubelet takes Linux, and this is {sys.platform}"
    if os.geteuid() != 0:
        return "a real kubelet takes root"
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"{', '.join(missing)} is missing: install util-linux, mount and iproute2"
    if not _hierarchies():
        return f"no control groups are mounted below {_HIERARCHIES}"
    return None


def run_inside(command: Sequence[str]) -> int:
    """Run a command in new namespaces and return its exit code; no process that it started remains."""
    unshared = ("unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child=KILL")
    init = (sys.executable, "-m", "tests.support.node.namespace_init", "--")
    with _control_groups() as name:
        environment = {**os.environ, CGROUP_VARIABLE: name}
        with subprocess.Popen([*unshared, *init, *command], env=environment) as process:
            try:
                return process.wait()
            except BaseException:
                # Ctrl-C in a terminal reaches every process: give the tests time to print their results.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=10.0)
                process.send_signal(signal.SIGTERM)
                raise


@contextlib.contextmanager
def _control_groups() -> Iterator[str]:
    """Create a control group in each hierarchy, in which the kubelet creates its own; remove them afterwards."""
    name = f"tidegate-node-{os.getpid()}"
    groups = [hierarchy / name for hierarchy in _hierarchies()]
    try:
        for group in groups:
            group.mkdir()
            # With cpusets, a new group has no CPUs until some are assigned.
            for setting in _CPUSET:
                if (group / setting).exists() and not (group / setting).read_text().strip():
                    (group / setting).write_text((group.parent / setting).read_text())
        yield name
    finally:
        for group in groups:
            waiting.eventually(functools.partial(_removed, group), why=f"{group} to be empty", timeout=20.0)


def _hierarchies() -> list[Path]:
    """The folders in which to create control groups: one for all controllers (version 2), or one each (version 1)."""
    if (_HIERARCHIES / "cgroup.controllers").exists():
        return [_HIERARCHIES]
    mounted = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    places = (Path(fields[1]) for fields in mounted if fields[2] in ("cgroup", "cgroup2"))
    return sorted({place.resolve() for place in places if place.is_relative_to(_HIERARCHIES)})


def _removed(group: Path) -> bool:
    """Remove the group and all groups below it, which must be empty; return whether they are removed."""
    for folder, _, _ in os.walk(group, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()
    return not group.exists()


def missing() -> binaries.MissingToolError:
    """The error for a test that needs a node on a machine that cannot run one."""
    return binaries.MissingToolError(
        f"{impossible()}: run it as root on Linux, or name a kind or minikube cluster with E2E_KUBECONFIG"
    )
