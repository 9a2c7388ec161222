"""Killing the process at any moment loses no acknowledged push and leaves no group with only part of its series."""

import random
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support import waiting
from tests.support.crashes import tracked_pushers
from tests.support.processes import tidegate_processes

WRITERS = 4
GROUPS = 5
SEED = 7

MIGRATION, LATER_MIGRATION, FULL_PUSH, PUSH, DELETE, COMMIT, CHECKPOINT = (
    "CREATE TABLE pushes",
    "ALTER TABLE pushes",
    "REPLACE INTO groups",
    "REPLACE INTO pushes",
    "DELETE FROM pushes",
    "COMMIT",
    "PRAGMA wal_checkpoint",
)
_MIGRATED = "PRAGMA user_version ="


class PushClients:
    """Several writers, and the file that must contain every push acknowledged to them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.writers = [tracked_pushers.Writer(f"w{number}", groups=GROUPS, seed=SEED) for number in range(WRITERS)]
        self.gateway = tidegate_processes.Gateway(folder, arguments=(f"--persistence.file={folder / 'groups'}",))

    @property
    def acknowledged(self) -> int:
        return sum(writer.acknowledged for writer in self.writers)

    def write_until_killed(self, gateway: tidegate_processes.Gateway, *, after: int | None) -> None:
        """Push until the gateway is down.

        :param after: kill the gateway after this many acknowledged pushes; ``None``: wait until it ends by itself.
        """
        stop, enough = threading.Event(), self.acknowledged + (after or 0)
        threads = [threading.Thread(target=one.write, args=(gateway,), kwargs={"stop": stop}) for one in self.writers]
        for thread in threads:
            thread.start()
        try:
            if after is None:
                waiting.eventually(lambda: not gateway.process.running, why="its end", interval=0.005)
            else:
                waiting.eventually(lambda: self.acknowledged >= enough, why="enough pushes", interval=0.0005)
        finally:
            stop.set()
            gateway.process.kill()
            for thread in threads:
                thread.join()

    def expect_nothing_lost(self, gateway: tidegate_processes.Gateway) -> None:
        """Check the groups of a gateway that has restored the file."""
        exposition = gateway.exposition()
        verdicts = [writer.judge(exposition) for writer in self.writers]
        assert [error for verdict in verdicts for error in (*verdict.lost, *verdict.partial)] == []
        assert gateway.metric("tidegate_persistence_file_set_aside") == 0.0


@pytest.fixture
def clients(tmp_path: Path) -> Iterator[PushClients]:
    clients = PushClients(tmp_path)
    yield clients
    clients.gateway.process.kill()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("fsync", ["checkpoint", "always"])
@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.long)])
def test_kills_under_load_lose_no_acknowledged_push(
    clients: PushClients, fsync: str, kills: int, tmp_path: Path
) -> None:
    draw = random.Random(SEED)
    file = f"--persistence.file={tmp_path / 'groups'}"
    clients.gateway = tidegate_processes.Gateway(tmp_path, arguments=(file, f"--persistence.fsync={fsync}"))
    clients.gateway.start()
    for _ in range(kills):
        clients.write_until_killed(clients.gateway, after=draw.randrange(1, 400))
        clients.gateway.start()
        clients.expect_nothing_lost(clients.gateway)
    assert clients.acknowledged > kills * 50


@pytest.mark.parametrize("when", ["before", "during", "after"])
@pytest.mark.parametrize(
    ("point", "nths"),
    [
        pytest.param(MIGRATION, [1], id="migration"),
        pytest.param(_MIGRATED, [1], id="end-of-migration"),
        pytest.param(LATER_MIGRATION, [1], id="later-migration"),
        pytest.param(_MIGRATED, [2], id="end-of-later-migration"),
        pytest.param(FULL_PUSH, [1, 20], id="first-push"),
        pytest.param(PUSH, [1, 40, 200], id="push"),
        pytest.param(DELETE, [1, 5], id="delete"),
        pytest.param(COMMIT, [2, 30], id="commit"),
        pytest.param(CHECKPOINT, [1, 2, 5], id="checkpoint"),
    ],
)
def test_kill_around_an_sql_statement_loses_no_acknowledged_push(
    clients: PushClients, point: str, when: str, nths: Sequence[int], tmp_path: Path
) -> None:
    for nth in nths:
        killed = tidegate_processes.Gateway(
            tmp_path,
            arguments=clients.gateway.arguments,
            module=("tests.support.crashes.crash_launcher", point, when, str(nth)),
        )
        try:
            killed.process.start()
            if waiting.eventually(lambda: _ready_or_down(killed), why="ready or gone") == "ready":  # noqa: B023
                # Every start on the file checks the kill before it.
                clients.expect_nothing_lost(killed)
                clients.write_until_killed(killed, after=None)
            assert killed.process.returncode == -9
        finally:
            killed.process.kill()
    clients.gateway.start()
    clients.expect_nothing_lost(clients.gateway)


def _ready_or_down(gateway: tidegate_processes.Gateway) -> str:
    if not gateway.process.running:
        return "gone"
    try:
        tidegate_processes.responds(gateway.process, f"{gateway.url}/-/ready")
    except tidegate_processes.AWAY:
        return ""
    return "ready"
