"""Backups as docs/operations.md says, of a real gateway under pushes: what is restored has every acknowledged push."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crashes import tracked_pushers
from tests.docs import markdown_documents, transcripts
from tests.support import tidegate_processes, waiting

PAGE = (markdown_documents.ROOT / "docs" / "operations.md").read_text()
ON_KUBERNETES = markdown_documents.section(PAGE, "### On Kubernetes")
FILES = ("groups", "groups-wal")
_ENOUGH = 300
_SHORT_LOG = ("tests.crashes.crash_launcher", "no such statement", "before", "1")
"""The gateway, which works its log into the file every few pushes."""

_IN_POD = "kubectl exec --namespace=tidegate "

pytestmark = pytest.mark.heavy


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
        """Start all, and return when much has been acknowledged."""
        self.gateway.start()
        for thread in self._threads:
            thread.start()
        self.goes_on()

    def goes_on(self) -> None:
        """Wait until much more has been acknowledged."""
        enough = self.acknowledged + _ENOUGH
        waiting.eventually(lambda: self.acknowledged >= enough, why="pushes")

    def settle(self) -> None:
        """Have the clients stop."""
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
    """A gateway with these files has all that the clients know was acknowledged."""
    restored = _gateway(site.folder / "restored", data)
    try:
        restored.start()
        exposition = restored.exposition()
        assert restored.metric("tidegate_persistence_file_set_aside") == 0
    finally:
        restored.process.stop()
    verdicts = [writer.judge(exposition) for writer in site.writers]
    assert [found for verdict in verdicts for found in (*verdict.lost, *verdict.halves)] == []


def test_a_copy_of_a_gateway_that_was_stopped_has_everything_in_one_file(site: Site) -> None:
    site.begin()
    site.gateway.process.stop()
    site.settle()
    copy = _copied(site.data, site.folder / "copy")
    assert [path.name for path in copy.iterdir()] == ["groups"]
    _expect_everything(site, copy)


def test_a_copy_of_a_gateway_that_was_killed_has_everything_in_two(site: Site) -> None:
    site.begin()
    site.gateway.process.kill()
    site.settle()
    copy = _copied(site.data, site.folder / "copy")
    assert sorted(path.name for path in copy.iterdir()) == list(FILES)
    _expect_everything(site, copy)


def test_a_copy_of_a_gateway_that_is_held_has_everything_and_the_gateway_goes_on(site: Site) -> None:
    site.begin()
    site.gateway.process.pause()
    # What they know was acknowledged by now is what the copy must have; what is under way may be in it.
    copy = _copied(site.data, site.folder / "copy")
    known = [writer.remembered() for writer in site.writers]
    site.gateway.process.resume()
    site.goes_on()
    site.settle()
    site.writers = known
    _expect_everything(site, copy)


def test_what_the_page_has_the_pod_do_restores_everything(site: Site) -> None:
    backup, restore = _in_pod(site.data)
    site.begin()
    site.gateway.process.kill()
    site.settle()
    _shell(backup, folder=site.folder)
    # What is there when it is restored: another file, and another log.
    for name in FILES:
        (site.data / name).write_bytes(b"something else")
    _shell(restore, folder=site.folder)
    _expect_everything(site, site.data)


def test_a_copy_of_a_gateway_that_runs_may_lack_what_was_acknowledged_before_it(site: Site) -> None:
    """Why the page says never: the log is worked into the file between the two copies."""
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


def test_a_log_that_is_left_over_is_taken_for_that_of_the_restored_file(site: Site) -> None:
    """Why the page has both files removed first."""
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
    """Push until the log has been begun anew."""
    log, before = site.data / "groups-wal", 0
    for number in range(1_000):
        site.gateway.push(f"job/filler/n/{number}", "m 1\n")
        now = log.stat().st_size
        if now < before:
            return
        before = now
    raise AssertionError("the log was never worked into the file")


def _in_pod(data: Path) -> tuple[str, str]:
    """The page's two commands, as they are in a Pod whose /data is this folder."""
    backup, restore = (
        line.removeprefix(_IN_POD).partition(" -- ")[2]
        for line in transcripts.commands(ON_KUBERNETES)
        if line.startswith(_IN_POD)
    )
    return backup.replace("/data", str(data)), restore.replace("/data", str(data))


def _shell(command: str, *, folder: Path) -> None:
    subprocess.run(["sh", "-c", command], cwd=folder, check=True, timeout=60)
