"""Listening sockets are opened on all addresses or on none; a Unix socket that is served is not replaced."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tidegate.gateway.http import listeners

HOST = "127.0.0.1"


@pytest.fixture
def taken() -> Iterator[str]:
    """An address that another socket listens on."""
    with socket.create_server((HOST, 0)) as listening:
        yield f"{HOST}:{listening.getsockname()[1]}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "web.sock"


async def test_port_of_the_first_address_is_reported(path: Path) -> None:
    opened = listeners.open_addresses([f"unix:{path}", f"{HOST}:0", f"{HOST}:0"])
    port = opened.port
    with socket.create_connection((HOST, port), timeout=10):
        pass
    await opened.stop()
    with pytest.raises(ConnectionRefusedError), socket.create_connection((HOST, port), timeout=10):
        pass


async def test_port_is_zero_without_an_internet_address(path: Path) -> None:
    opened = listeners.open_addresses([f"unix:{path}"])
    assert opened.port == 0
    await opened.stop()


async def test_unix_socket_is_for_its_group_and_removed_at_the_end(path: Path) -> None:
    opened = listeners.open_addresses([f"unix:{path}"])
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o660
    await opened.stop()
    assert list(os.scandir(path.parent)) == []


def test_address_in_use_is_an_error_that_closes_the_other_addresses(taken: str, path: Path) -> None:
    with pytest.raises(OSError, match=f"cannot listen on {taken}"):
        listeners.open_addresses([f"unix:{path}", taken])
    with socket.socket(socket.AF_UNIX) as probe:
        assert probe.connect_ex(str(path)) != 0


def test_address_of_another_machine_is_an_error() -> None:
    with pytest.raises(OSError, match=r"cannot listen on 192\.0\.2\.1:0"):
        listeners.open_addresses(["192.0.2.1:0"])


def test_unix_socket_that_another_process_serves_is_not_taken_over(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as serving:
        serving.bind(str(path))
        serving.listen()
        with pytest.raises(OSError, match="another process already listens there"):
            listeners.open_addresses([f"unix:{path}"])
    assert path.exists()


async def test_unix_socket_that_a_killed_process_left_is_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    opened = listeners.open_addresses([f"unix:{path}"])
    with socket.socket(socket.AF_UNIX) as probe:
        assert probe.connect_ex(str(path)) == 0
    await opened.stop()


def test_file_that_is_not_a_socket_is_not_replaced(path: Path) -> None:
    path.write_text("data")
    with pytest.raises(OSError, match=f"cannot listen on unix:{path}"):
        listeners.open_addresses([f"unix:{path}"])
    assert path.read_text() == "data"


def test_unix_socket_in_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file or directory"):
        listeners.open_addresses([f"unix:{tmp_path}/missing/web.sock"])


@pytest.mark.parametrize(
    "variables",
    [{}, {"LISTEN_FDS": "1"}, {"LISTEN_FDS": "1", "LISTEN_PID": "1"}, {"LISTEN_FDS": "0", "LISTEN_PID": "own"}],
    ids=["no variables", "no process", "another process", "no sockets"],
)
def test_start_without_sockets_of_systemd_is_an_error(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LISTEN_FDS", "LISTEN_PID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, str(os.getpid()) if value == "own" else value)
    with pytest.raises(OSError, match="systemd passed no socket"):
        listeners.from_systemd()


async def test_sockets_of_systemd_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((HOST, 0)) as passed:
        port = passed.getsockname()[1]
        number = os.dup(passed.fileno())
    monkeypatch.setattr(listeners, "_FIRST_SYSTEMD_FD", number)
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    opened = listeners.from_systemd()
    assert opened.port == port
    _, writer = await asyncio.open_connection(HOST, port)
    writer.close()
    await writer.wait_closed()
    await opened.stop()
