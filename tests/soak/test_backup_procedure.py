"""The backup procedure of docs/operations.md on a real gateway: the restored file has every acknowledged push."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import waiting
from tests.support.crashes import tracked_pushers
from tests.support.docs import markdown_documents, transcripts
from tests.support.processes import tidegate_processes

PAGE = (markdown_documents.ROOT / "docs" / "operations.md").read_text()
ON_KUBERNETES = markdown_documents.section(PAGE, "### On Kubernetes")
FILES = ("groups", "groups-wal")
_ENOUGH = 300
_SHORT_LOG = ("tests.support.crashes.crash_launcher", "no such statement", "before", "1")
"""The launcher of a gateway that checkpoints its write-ahead log every few pushes."""

_IN_POD = "kubectl exec --namespace=tidegate "


class Site:
    """A gateway with a file, and clients that push to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir()
        self.gateway = _gateway(folder, self.data)
        self.writers = [tracked_pushers.Writer(f"w{number}", groups=5, seed=11) for number in range(2)]
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=one.write, args=(self.gateway,), kwargs={"stop": self._stop})
            for one in self.writers
        ]

    @property
    def acknowledged(self) -> int:
        return sum(writer.acknowledged for writer in self.writers)

    def begin(self) -> None:
        """Start everything, and return when many pushes have been acknowledged."""
        self.gateway.start()
        for thread in self._threads:
            thread.start()
        self.wait_for_more_pushes()

    def wait_for_more_pushes(self) -> None:
        """Wait until many more pushes have been acknowledged."""
        enough = self.acknowledged + _ENOUGH
        waiting.eventually(lambda: self.acknowledged >= enough, why="pushes")

    def settle(self) -> None:
        """Stop the clients."""
        self._stop.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def end(self) -> None:
        self.settle()
        self.gateway.process.kill()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    try:
        yield made
    finally:
        made.end()


def _gateway(folder: Path, data: Path, *, module: tuple[str, ...] = ("tidegate",)) -> tidegate_processes.Gateway:
    return tidegate_processes.Gateway(folder, arguments=(f"--persistence.file={data / 'groups'}",), module=module)


def _copied(data: Path, into: Path) -> Path:
    into.mkdir(exist_ok=True)
    for name in FILES:
        if (data / name).exists():
            shutil.copy(data / name, into / name)
    return into


def _expect_everything(site: Site, data: Path) -> None:
    """Assert that a gateway with these files has every push acknowledged to the clients."""
    restored = _gateway(site.folder / "restored", data)
    try:
        restored.start()
        exposition = restored.exposition()
        assert restored.metric("tidegate_persistence_file_set_aside") == 0
    finally:
        restored.process.stop()
    verdicts = [writer.judge(exposition) for writer in site.writers]
    assert [error for verdict in verdicts for error in (*verdict.lost, *verdict.partial)] == []


def test_copy_of_a_stopped_gateway_is_complete_in_one_file(site: Site) -> None:
    site.begin()
    site.gateway.process.stop()
    site.settle()
    copy = _copied(site.data, site.folder / "copy")
    assert [path.name for path in copy.iterdir()] == ["groups"]
    _expect_everything(site, copy)


def test_copy_of_a_killed_gateway_is_complete_in_two_files(site: Site) -> None:
    site.begin()
    site.gateway.process.kill()
    site.settle()
    copy = _copied(site.data, site.folder / "copy")
    assert sorted(path.name for path in copy.iterdir()) == list(FILES)
    _expect_everything(site, copy)


def test_copy_of_a_paused_gateway_is_complete_and_the_gateway_continues(site: Site) -> None:
    site.begin()
    site.gateway.process.pause()
    # The copy must have the pushes that are acknowledged now; it may have those that are in progress.
    copy = _copied(site.data, site.folder / "copy")
    snapshots = [writer.snapshot() for writer in site.writers]
    site.gateway.process.resume()
    site.wait_for_more_pushes()
    site.settle()
    site.writers = snapshots
    _expect_everything(site, copy)


def test_documented_commands_restore_every_push(site: Site) -> None:
    backup, restore = _in_pod(site.data)
    site.begin()
    site.gateway.process.kill()
    site.settle()
    _shell(backup, folder=site.folder)
    # The state before the restore: another file, and another write-ahead log.
    for name in FILES:
        (site.data / name).write_bytes(b"something else")
    _shell(restore, folder=site.folder)
    _expect_everything(site, site.data)


def test_copy_of_a_running_gateway_may_miss_acknowledged_pushes(site: Site) -> None:
    """The reason why the page forbids it: a checkpoint happens between the two copies."""
    site.gateway = _gateway(site.folder, site.data, module=_SHORT_LOG)
    site.gateway.start()
    site.gateway.push("job/acknowledged", "m 1\n")
    copy = site.folder / "copy"
    copy.mkdir()
    shutil.copy(site.data / "groups", copy)
    _until_checkpoint(site)
    shutil.copy(site.data / "groups-wal", copy)

    restored = _gateway(site.folder / "restored", copy)
    try:
        restored.start()
        assert "acknowledged" not in restored.groups()
    finally:
        restored.process.stop()
    assert "acknowledged" in site.gateway.groups()


def test_leftover_write_ahead_log_corrupts_a_restored_file(site: Site) -> None:
    """The reason why the page removes both files first."""
    site.gateway.start()
    site.gateway.push("job/first", "m 1\n")
    site.gateway.process.stop()
    backup = _copied(site.data, site.folder / "backup")
    site.gateway.start()
    site.gateway.push("job/later", "m 1\n")
    site.gateway.process.kill()
    shutil.copy(backup / "groups", site.data / "groups")

    restored = _gateway(site.folder / "restored", site.data)
    try:
        restored.start()
        assert sorted(restored.groups()) == ["first", "later"]
    finally:
        restored.process.stop()


def _until_checkpoint(site: Site) -> None:
    """Push until the write-ahead log has been restarted."""
    log, before = site.data / "groups-wal", 0
    for number in range(1_000):
        site.gateway.push(f"job/filler/n/{number}", "m 1\n")
        now = log.stat().st_size
        if now < before:
            return
        before = now
    raise AssertionError("the log was never worked into the file")


def _in_pod(data: Path) -> tuple[str, str]:
    """The two commands of the page, changed to use this folder instead of the Pod's /data."""
    backup, restore = (
        line.removeprefix(_IN_POD).partition(" -- ")[2]
        for line in transcripts.commands(ON_KUBERNETES)
        if line.startswith(_IN_POD)
    )
    return backup.replace("/data", str(data)), restore.replace("/data", str(data))


def _shell(command: str, *, folder: Path) -> None:
    subprocess.run(["sh", "-c", command], cwd=folder, check=True, timeout=60)
