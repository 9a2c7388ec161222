"""The first process of the node's namespaces: makes them a machine, runs one command there, and reaps."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.node import node_addresses

_OWN_FOLDERS = ("/var/lib", "/var/log", "/run")
"""Where kubelet, containerd and network plugins keep their things, whatever they are told: theirs alone, in memory."""
_MOUNT_POINT = Path("/var/lib/node")

_KERNEL = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
"""What a kubelet sets on its machine. It finds this set already, in files that only it sees, and leaves ours alone."""


def _run(*command: str | Path) -> None:
    subprocess.run(list(map(str, command)), check=True)


def _mount() -> None:
    _run("mount", "--make-rprivate", "/")
    for folder in _OWN_FOLDERS:
        _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder)
    # A volume that is mounted for one container is to be seen by the others.
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
    # There is nowhere to go. But a node is expected to have such a route.
    _run("ip", "route", "add", "unreachable", "default")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n")


def _reap(child: int) -> int:
    """Wait for all processes that end here, as is the first process's duty, until the command itself has ended."""
    while True:
        process, status = os.wait()
        if process == child:
            return os.waitstatus_to_exitcode(status)


def main(command: Sequence[str]) -> int:
    """Make the machine and run the command in it; the exit code is the command's."""
    # The first process of a namespace gets only signals that it handles. Ctrl-C reaches the command by itself.
    signal.signal(signal.SIGINT, lambda *_: None)
    _mount()
    _connect()
    child = subprocess.Popen(list(command))
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    code = _reap(child.pid)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:] if sys.argv[1:2] == ["--"] else sys.argv[1:]))
