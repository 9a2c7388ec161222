"""Namespaces of the kernel in which a whole node lives: whatever it mounts, starts and sets ends with them.

The process namespace's first process is `inits`; when it ends, the kernel ends all others. Only control groups are no
namespace's: `run_inside` takes them away.
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

from tests.cluster import binaries
from tests.support import waiting

CGROUP_VARIABLE = "TIDEGATE_NODE_CGROUP"
"""Where, below each hierarchy, the node's control groups are; its being set says that we are inside."""

_HIERARCHIES = Path("/sys/fs/cgroup")
_PROGRAMS = ("unshare", "setpriv", "mount", "ip")
_CPUSET = ("cpuset.cpus", "cpuset.mems")


def impossible() -> str | None:
    """Why no node can be run on this machine, in a line; None where one can."""
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
    """Run a command in namespaces of its own and return its exit code; nothing that it started is left then."""
    unshared = ("unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child=KILL")
    init = (sys.executable, "-m", "tests.node.namespace_init", "--")
    with _control_groups() as name:
        environment = {**os.environ, CGROUP_VARIABLE: name}
        with subprocess.Popen([*unshared, *init, *command], env=environment) as process:
            try:
                return process.wait()
            except BaseException:
                # Ctrl-C in a terminal reaches all of them: give the tests the time to tell how they ended.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=10.0)
                process.send_signal(signal.SIGTERM)
                raise


@contextlib.contextmanager
def _control_groups() -> Iterator[str]:
    """A control group of our own in each hierarchy, below which the kubelet makes its own; they go afterwards."""
    name = f"tidegate-node-{os.getpid()}"
    made = [hierarchy / name for hierarchy in _hierarchies()]
    try:
        for group in made:
            group.mkdir()
            # Where groups are given cores by name, a new one has none.
            for setting in _CPUSET:
                if (group / setting).exists() and not (group / setting).read_text().strip():
                    (group / setting).write_text((group.parent / setting).read_text())
        yield name
    finally:
        for group in made:
            waiting.eventually(functools.partial(_removed, group), why=f"{group} to be empty", timeout=20.0)


def _hierarchies() -> list[Path]:
    """Where control groups can be made: one place for all controllers (version 2), or one for each (version 1)."""
    if (_HIERARCHIES / "cgroup.controllers").exists():
        return [_HIERARCHIES]
    mounted = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    places = (Path(fields[1]) for fields in mounted if fields[2] in ("cgroup", "cgroup2"))
    return sorted({place.resolve() for place in places if place.is_relative_to(_HIERARCHIES)})


def _removed(group: Path) -> bool:
    """Whether the group and all below it are gone: only empty ones can be taken away, the lowest first."""
    for folder, _, _ in os.walk(group, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()
    return not group.exists()


def missing() -> binaries.MissingToolError:
    """The error of whoever needs a node where there can be none."""
    return binaries.MissingToolError(
        f"{impossible()}: run it as root on Linux, or name a kind or minikube cluster with E2E_KUBECONFIG"
    )
