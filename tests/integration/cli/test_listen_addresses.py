"""``tidegate gateway`` listens on several addresses, on a Unix socket, and on sockets of systemd."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support import waiting
from tests.support.cli import command_runs
from tests.support.processes import ports

HOST = "127.0.0.1"
# systemd passes the first socket as file descriptor 3 and the process id in LISTEN_PID.
_PASSING = """
import os, sys
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.dup2(int(sys.argv[1]), 3)
os.execv(sys.executable, [sys.executable, "-m", "tidegate", *sys.argv[2:]])
"""


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("gateway", timeout=60)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


@contextlib.contextmanager
def _started(command: Sequence[str], log: Path, *, kept: Sequence[int] = ()) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as stderr, subprocess.Popen(command, stderr=stderr, pass_fds=kept) as process:
        try:
            yield process
        finally:
            process.kill()


def _gateway(*flags: str) -> list[str]:
    return [sys.executable, "-m", "tidegate", "gateway", *flags]


def _status(connection: http.client.HTTPConnection, method: str, path: str, body: bytes = b"") -> int:
    with contextlib.closing(connection):
        connection.request(method, path, body)
        return connection.getresponse().status


def _is_ready(connection: http.client.HTTPConnection) -> bool:
    return _status(connection, "GET", "/-/ready") == 200


def _eventually_ready(make: type[http.client.HTTPConnection], *where: object) -> None:
    waiting.eventually(lambda: _is_ready(make(*where)), why="the gateway", retry_on=(OSError,))  # type: ignore[arg-type]


def test_the_gateway_serves_all_addresses(tmp_path: Path) -> None:
    first, second, path = ports.free_port(), ports.free_port(), tmp_path / "web.sock"
    flags = [f"--web.listen-address={address}" for address in (f"{HOST}:{first}", f"{HOST}:{second}", f"unix:{path}")]
    with _started(_gateway(*flags), tmp_path / "log"):
        _eventually_ready(http.client.HTTPConnection, HOST, first)
        _eventually_ready(http.client.HTTPConnection, HOST, second)
        _eventually_ready(UnixConnection, path)


def test_the_status_shows_flags_by_name(tmp_path: Path) -> None:
    port, path = ports.free_port(), tmp_path / "web.sock"
    where = [f"{HOST}:{port}", f"unix:{path}"]
    with _started(_gateway(*(f"--web.listen-address={address}" for address in where)), tmp_path / "log"):
        _eventually_ready(http.client.HTTPConnection, HOST, port)
        with contextlib.closing(http.client.HTTPConnection(HOST, port, timeout=60)) as connection:
            connection.request("GET", "/api/v1/status")
            flags = json.load(connection.getresponse())["data"]["flags"]
    assert flags["web.listen-address"] == ",".join(where)
    assert flags["web.config.file"] == ""
    assert flags["push.enable-utf8-names"] == "false"


def test_a_unix_socket_is_accessible_to_its_group_and_removed_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "web.sock"
    with _started(_gateway(f"--web.listen-address=unix:{path}"), tmp_path / "log") as process:
        _eventually_ready(UnixConnection, path)
        assert _status(UnixConnection(path), "PUT", "/metrics/job/a", b"x 1\n") == 200
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        process.terminate()
        assert process.wait(timeout=60) == 0
    assert not path.exists()


def test_a_unix_socket_of_a_killed_process_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "web.sock"
    with _started(_gateway(f"--web.listen-address=unix:{path}"), tmp_path / "log"):
        _eventually_ready(UnixConnection, path)
    assert path.exists()
    with _started(_gateway(f"--web.listen-address=unix:{path}"), tmp_path / "log"):
        _eventually_ready(UnixConnection, path)


def test_a_socket_that_another_process_serves_is_not_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "web.sock"
    with _started(_gateway(f"--web.listen-address=unix:{path}"), tmp_path / "log"):
        _eventually_ready(UnixConnection, path)
        error = command_runs.start_error("gateway", f"--web.listen-address=unix:{path}")
        assert "another process already listens there" in error
        assert _is_ready(UnixConnection(path))


def test_a_port_in_use_is_an_error() -> None:
    with socket.create_server((HOST, 0)) as taken:
        address = f"{HOST}:{taken.getsockname()[1]}"
        error = command_runs.start_error("gateway", f"--web.listen-address={address}")
    assert f"tidegate: [Errno 98] cannot listen on {address}" in error


def test_the_gateway_serves_a_socket_of_systemd(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as listening:
        os.set_inheritable(listening.fileno(), True)
        command = [sys.executable, "-c", _PASSING, str(listening.fileno()), "gateway", "--web.systemd-socket"]
        with _started(command, tmp_path / "log", kept=[listening.fileno()]):
            _eventually_ready(http.client.HTTPConnection, HOST, listening.getsockname()[1])


@pytest.mark.skipif(not ports.ipv6_loopback(), reason="there is no IPv6 here")
def test_an_ipv4_client_of_a_dual_stack_socket_has_an_ipv4_address(tmp_path: Path) -> None:
    token, control = tmp_path / "token", ports.free_port()
    flags = ["--web.systemd-socket", f"--control.listen-address={HOST}:{control}", f"--control.token-file={token}"]
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listening:
        os.set_inheritable(listening.fileno(), True)
        command = [sys.executable, "-c", _PASSING, str(listening.fileno()), "gateway", *flags]
        with _started(command, tmp_path / "log", kept=[listening.fileno()]):
            where = (HOST, listening.getsockname()[1])
            _eventually_ready(http.client.HTTPConnection, *where)
            assert _status(http.client.HTTPConnection(*where), "PUT", "/metrics/job/a", b"x 1\n") == 200
            with contextlib.closing(http.client.HTTPConnection(HOST, control, timeout=60)) as operator:
                headers = {"Authorization": f"Bearer {token.read_text().strip()}"}
                operator.request("GET", "/control/v1/groups", headers=headers)
                (group,) = json.load(operator.getresponse())["groups"]
    assert [address for address, _ in group["sources"]] == [HOST]


@pytest.mark.parametrize("passed", [{}, {"LISTEN_FDS": "1", "LISTEN_PID": "1"}], ids=["none", "to another process"])
def test_a_missing_socket_of_systemd_is_an_error(passed: dict[str, str]) -> None:
    error = command_runs.start_error("gateway", "--web.systemd-socket", env=passed)
    assert "systemd passed no socket" in error


def test_a_web_configuration_file_that_is_invalid_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text("tls: {}\n")
    error = command_runs.start_error("gateway", f"--web.config.file={file}")
    assert f"--web.config.file {file}: tls is not a known key" in error
