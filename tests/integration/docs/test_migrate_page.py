"""The migration in docs/migrate.md from a real Pushgateway, with the commands of the page, and the way back."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.differential import case_builders
from tests.support import repository, requirements, waiting
from tests.support.docs import markdown_documents as pages
from tests.support.docs import transcripts
from tests.support.processes import tidegate_processes
from tests.support.pushgateway import comparisons, pushgateway_servers

PAGE = (repository.DOCS / "migrate.md").read_text()
OLD, NEW = "http://pushgateway:9091", "http://tidegate:9091"
IMPORT, *_ = [line for line in transcripts.commands(PAGE) if line.startswith("tidegate import ")]
PUSHED, SHELL = (line for line in transcripts.commands(pages.section(PAGE, "### Groups without an owner")))
LISTED, DELETED = transcripts.commands(pages.section(PAGE, "### Delete remaining groups"))
[MOVED] = transcripts.commands(pages.section(PAGE, "## 3. Run both for a while"))


class Move:
    """A running Pushgateway, and the file and address of the gateway that replaces it."""

    def __init__(self, old: pushgateway_servers.Pushgateway, folder: Path) -> None:
        self.old = old
        self.peer = comparisons.RealPeer(old.port)
        self.file = folder / "groups"
        self.new = tidegate_processes.Gateway(folder, arguments=(f"--persistence.file={self.file}",))

    def run(self, command: str) -> str:
        """Run a command of the page with these addresses and this file, and return its output."""
        meant = command.replace(OLD, self.old.url).replace(NEW, self.new.url)
        # The log is part of the output.
        return transcripts.run(f"{meant.replace('/data/groups', str(self.file))} 2>&1")


@pytest.fixture
def move(tmp_path: Path) -> Iterator[Move]:
    *_, newest = pushgateway_servers.programs().values()
    with pushgateway_servers.serving(requirements.require(newest), tmp_path) as old:
        made = Move(old, tmp_path)
        try:
            yield made
        finally:
            made.new.process.stop()


def _groups(port: int) -> list[Any]:
    """All groups in the API that both servers have, without the times that were not pushed."""
    groups = comparisons.Peer(port).api()
    for group in groups:
        for family in group.values():
            if isinstance(family, dict):
                family.pop("time_stamp", None)
    return sorted(groups, key=json.dumps)


def test_documented_migration_works_from_start_to_end(move: Move) -> None:
    for path in ("job/nightly/region/eu-1", "job/nightly/region/us-1", "job/weekly"):
        move.peer.send(case_builders.put(path, "backup_rows 102400\n"))
    before = _groups(move.old.port)
    assert len(before) == 3

    output = move.run(IMPORT)
    [shown] = [line for block in pages.blocks(PAGE, "log") for line in block.splitlines()]
    assert any(transcripts.fits(f'…msg="{shown}"', line) for line in output.splitlines()), output

    move.new.start()
    assert _groups(move.new.port) == before

    assert '"region": "eu-1"' in move.run(LISTED)
    assert len(_groups(move.new.port)) == 3
    move.run(DELETED)
    assert [group["labels"] for group in _groups(move.new.port)] == [
        {"job": "nightly", "region": "us-1"},
        {"job": "weekly"},
    ]

    for command in (PUSHED, SHELL):
        move.run(command)
        [group] = [group for group in _queried(move.new)["groups"] if group["labels"] == {"job": "nightly"}]
        assert group["ttl_ends"] == pytest.approx(group["push_time"] + 36 * 3600, abs=5.0)


def _queried(gateway: tidegate_processes.Gateway) -> Any:
    with urllib.request.urlopen(f"{gateway.url}/api/v1/groups") as answer:
        return json.load(answer)["data"]


def test_documented_command_deletes_a_moved_group_from_pushgateway(move: Move) -> None:
    move.peer.send(case_builders.put("job/nightly"))
    move.run(MOVED)
    waiting.eventually(lambda: _groups(move.old.port) == [], why="its end")


def test_import_fails_while_a_gateway_has_the_file_open(move: Move) -> None:
    move.new.start()
    assert "another process has" in move.run(IMPORT)


def test_clients_work_with_pushgateway_again_without_the_ttl(move: Move) -> None:
    for command in (PUSHED, SHELL):
        move.run(command.replace(NEW, OLD))
    assert [group["labels"] for group in _groups(move.old.port)] == [{"job": "nightly"}]
    assert "404" in move.run(f"{DELETED.replace(NEW, OLD)} --write-out '%{{http_code}}'")
