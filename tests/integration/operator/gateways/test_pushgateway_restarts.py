"""Restarts of a real Pushgateway and of the operator, and a second operator."""

from __future__ import annotations

from pathlib import Path

import aiohttp

from tests.support.operator import object_builders, pushgateway_harness
from tests.support.pushgateway import pushgateway_servers
from tidegate.model import lifecycle

X = object_builders.key("job=x")


def _saved_file(pushgateway: pushgateway_servers.Pushgateway, file: Path) -> bytes:
    """Stop the Pushgateway, which writes its file then, and return the contents of the file."""
    pushgateway.process.stop()
    contents = file.read_bytes()
    pushgateway.start()
    return contents


def _restarted_with(pushgateway: pushgateway_servers.Pushgateway, file: Path, contents: bytes) -> None:
    pushgateway.process.stop()
    file.write_bytes(contents)
    pushgateway.start()


async def test_restart_of_pushgateway_with_its_file_changes_nothing(
    stage: pushgateway_harness.Stage, pushgateway: pushgateway_servers.Pushgateway
) -> None:
    await stage.end(X)
    pushgateway.process.stop()
    pushgateway.start()
    await stage.after(pushgateway_harness.GRACE)
    assert await stage.groups_in_pushgateway() == set()


async def test_group_lost_in_a_restart_of_pushgateway_has_vanished(
    stage: pushgateway_harness.Stage, pushgateway: pushgateway_servers.Pushgateway, file: Path
) -> None:
    await stage.end(X)
    _restarted_with(pushgateway, file, b"")
    await stage.after(pushgateway_harness.POLL)
    assert [deleted.reason for deleted in stage.deleted] == [lifecycle.DeletionReason.VANISHED]
    await stage.push("job/x")
    await stage.after(10 * pushgateway_harness.GRACE)
    assert await stage.groups_in_pushgateway() == stage.groups.keys() == {X}


async def test_push_restored_from_an_older_file_is_not_the_retired_one(
    stage: pushgateway_harness.Stage, pushgateway: pushgateway_servers.Pushgateway, file: Path
) -> None:
    older = _saved_file(pushgateway, file)
    await stage.push("job/x", "a 2\n")
    await stage.after(pushgateway_harness.POLL)
    await stage.end(X)
    _restarted_with(pushgateway, file, older)
    await stage.after(pushgateway_harness.GRACE)
    assert await stage.groups_in_pushgateway() == {X}
    assert await stage.retire(X) is None
    await stage.after(pushgateway_harness.POLL)
    assert await stage.groups_in_pushgateway() == set()


async def test_restarted_operator_has_no_claims_and_deletes_nothing(
    stage: pushgateway_harness.Stage,
) -> None:
    await stage.end(X)
    stage.restart()
    await stage.after(10 * pushgateway_harness.GRACE)
    assert await stage.groups_in_pushgateway() == {X}
    assert not stage.groups[X].claims
    await stage.end(X)
    await stage.after(pushgateway_harness.GRACE)
    assert await stage.groups_in_pushgateway() == set()


async def test_group_deleted_by_another_operator_and_pushed_again_is_kept(
    stage: pushgateway_harness.Stage, session: aiohttp.ClientSession
) -> None:
    other = pushgateway_harness.Stage(stage.url, session)
    await other.follow()
    for each in (stage, other):
        await each.end(X)
    await stage.after(pushgateway_harness.GRACE)
    assert await stage.groups_in_pushgateway() == set()
    await stage.push("job/x", "a 2\n")
    await other.after(pushgateway_harness.GRACE)
    assert await other.groups_in_pushgateway() == {X}
