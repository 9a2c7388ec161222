"""While the disk is full, pushes are rejected and scrapes continue; the gateway recovers without a restart."""

import contextlib
import http.client
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.support import waiting
from tests.support.processes import tidegate_processes


class Disk(Protocol):
    """The disk that holds a gateway's file."""

    def fill(self) -> None:
        """Leave no free space."""
        ...

    def free(self) -> None:
        """Make room again."""
        ...


class FullByLimit:
    """Simulates a full disk with the kernel's file size limit: no file of the process can grow."""

    def __init__(self, gateway: tidegate_processes.Gateway) -> None:
        self._gateway = gateway

    def fill(self) -> None:
        self._limit(0)

    def free(self) -> None:
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        resource.prlimit(self._gateway.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


class FullDisk:
    """A small mounted disk, filled with another file."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        with contextlib.suppress(OSError), self._ballast.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)

    def free(self) -> None:
        self._ballast.unlink()


@contextlib.contextmanager
def _small_disk(folder: Path) -> Iterator[Path]:
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tidegate-test", disk], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


@contextlib.contextmanager
def _gateway(folder: Path, file: Path) -> Iterator[tidegate_processes.Gateway]:
    gateway = tidegate_processes.Gateway(folder, arguments=(f"--persistence.file={file}",))
    try:
        gateway.start()
        yield gateway
    finally:
        gateway.process.stop()


@contextlib.contextmanager
def _limited(folder: Path) -> Iterator[tuple[Path, Callable[[tidegate_processes.Gateway], Disk]]]:
    yield folder / "groups", FullByLimit


@contextlib.contextmanager
def _mounted(folder: Path) -> Iterator[tuple[Path, Callable[[tidegate_processes.Gateway], Disk]]]:
    with _small_disk(folder) as disk:
        yield disk / "groups", lambda _: FullDisk(disk)


# Only root can mount a disk; every user can set the file size limit.
DISKS = {"limited": _limited, **({"mounted": _mounted} if os.geteuid() == 0 else {})}


@pytest.mark.parametrize("disk", DISKS.values(), ids=DISKS)
def test_pushes_are_rejected_while_the_disk_is_full(disk: Callable[..., Any], tmp_path: Path) -> None:
    with disk(tmp_path) as (file, of):
        with _gateway(tmp_path, file) as gateway:
            _live_through(gateway, of(gateway))
        _expect_kept(tmp_path, file)


def _live_through(gateway: tidegate_processes.Gateway, disk: Disk) -> None:
    for number in range(50):
        assert _push(gateway, f"job/kept/n/{number}", 1)[0] == 200
    disk.fill()
    rejected = [_push(gateway, f"job/{kind}", 2, lines=500) for kind in ("kept/n/1", "new", "kept/n/2")]
    assert {status for status, _ in rejected} == {507}
    assert all("groups cannot be written" in text and "try again" in text for _, text in rejected)
    lines = [line for line in gateway.exposition().splitlines() if line.startswith("m0{")]
    assert lines == sorted(lines)
    assert [line.rpartition(" ")[2] for line in lines] == ["1"] * 50
    assert gateway.metric("tidegate_persistence_writable") == 0
    assert gateway.metric("tidegate_persistence_failures_total") > 0

    disk.free()
    waiting.eventually(lambda: _push(gateway, "job/new", 3)[0] == 200, why="room again")
    assert gateway.metric("tidegate_persistence_writable") == 1
    gateway.process.kill()


def _expect_kept(folder: Path, file: Path) -> None:
    with _gateway(folder, file) as gateway:
        lines = [line for line in gateway.exposition().splitlines() if line.startswith("m0{")]
    assert [line.rpartition(" ")[2] for line in lines] == ["3", *["1"] * 50]


def _push(gateway: tidegate_processes.Gateway, path: str, value: int, *, lines: int = 1) -> tuple[int, str]:
    connection = http.client.HTTPConnection(tidegate_processes.HOST, gateway.port, timeout=10.0)
    try:
        body = "".join(f"m{number} {value}\n" for number in range(lines))
        connection.request("PUT", f"/metrics/{path}", body=body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
