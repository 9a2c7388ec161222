"""The first process in the node's namespaces: it sets up mounts and network, runs one command, and reaps processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.node import node_addresses

_OWN_FOLDERS = ("/var/lib", "/var/log", "/run")
"""Folders that kubelet, containerd and network plugins use regardless of their flags: private, in memory."""
_MOUNT_POINT = Path("/var/lib/node")

_KERNEL = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
"""Kernel settings that a kubelet changes; it sees private files with these values, and the machine's stay the same."""


def _run(*command: str | Path) -> None:
    subprocess.run(list(map(str, command)), check=True)


def _mount() -> None:
    _run("mount", "--make-rprivate", "/")
    for folder in _OWN_FOLDERS:
        _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder)
    # A volume that is mounted for one container must be visible to the others.
    _run("mount", "--make-rshared", "/")
    settings = _MOUNT_POINT / "kernel"
    for name, value in _KERNEL.items():
        file = settings / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{value}\n")
        if (Path("/proc/sys") / name).exists():
            _run("mount", "--bind", file, Path("/proc/sys") / name)


def _connect() -> None:
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "address", "add", node_addresses.NODE, "dev", "lo")
    # No packet leaves the namespace, but a node is expected to have a default route.
    _run("ip", "route", "add", "unreachable", "default")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n")


def _reap(child: int) -> int:
    """Reap all processes that end, as the first process must, until the command itself has ended."""
    while True:
        process, status = os.wait()
        if process == child:
            return os.waitstatus_to_exitcode(status)


def main(command: Sequence[str]) -> int:
    """Set up the namespaces and run the command in them; return the command's exit code."""
    # The first process of a PID namespace gets only signals that it handles. The command gets Ctrl-C directly.
    signal.signal(signal.SIGINT, lambda *_: None)
    _mount()
    _connect()
    child = subprocess.Popen(list(command))
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    code = _reap(child.pid)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:] if sys.argv[1:2] == ["--"] else sys.argv[1:]))
