"""Loopback ports that are free and stay free."""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

_LOWEST = 20_000
_RANGE_FILE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_DEFAULT_EPHEMERAL = 32_768
_TRIES = 200
_UNCLOSED = frozenset({"01", "08"})
"""The kernel's numbers of the states ESTABLISHED and CLOSE_WAIT."""

_given: set[int] = set()
# Not TMPDIR, which differs between processes of one test run.
_FOLDER = next(path for path in (Path("/tmp"), Path(tempfile.gettempdir())) if path.is_dir())
_reservations = os.open(_FOLDER / f"tidegate-test-ports-{os.getuid()}", os.O_CREAT | os.O_RDWR, mode=0o600)
"""Each process holds a lock on the byte at the offset of each of its ports; the kernel releases it at its end."""


def free_port() -> int:
    """A TCP port that has no listener on 127.0.0.1 or [::1]; no other process of the tests gets it while this one runs.

    It is below the kernel's ephemeral range. A server that is restarted on a port of that range may find the port taken
    by an outgoing connection of another process, or a client that retries meanwhile may connect to itself.
    """
    below = _ephemeral_start()
    for _ in range(_TRIES):
        port = random.randrange(min(_LOWEST, below - 5_000), below)
        if port not in _given and _is_reserved(port) and _is_free(port):
            _given.add(port)
            return port
    raise OSError(f"no free TCP port below {below} on loopback after {_TRIES} tries")


def ipv6_loopback() -> bool:
    """Whether [::1] can be listened on here."""
    return socket.has_ipv6 and _can_bind(socket.AF_INET6, "::1", 0)


def open_connections(port: int) -> int:
    """The number of TCP connections over IPv4 that a server of this port has not closed yet, as Linux lists them."""
    lines = Path("/proc/self/net/tcp").read_text().splitlines()[1:]
    rows = [line.split() for line in lines]
    return sum(row[1].endswith(f":{port:04X}") and row[3] in _UNCLOSED for row in rows)


def _ephemeral_start() -> int:
    return int(_RANGE_FILE.read_text().split()[0]) if _RANGE_FILE.exists() else _DEFAULT_EPHEMERAL


def _is_reserved(port: int) -> bool:
    """Reserve the port for this process; another one may choose a port before it listens, and between restarts."""
    try:
        fcntl.lockf(_reservations, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


def _is_free(port: int) -> bool:
    return _can_bind(socket.AF_INET, "127.0.0.1", port) and (
        not ipv6_loopback() or _can_bind(socket.AF_INET6, "::1", port)
    )


def _can_bind(family: socket.AddressFamily, host: str, port: int) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((host, port))
    except OSError:
        return False
    return True
