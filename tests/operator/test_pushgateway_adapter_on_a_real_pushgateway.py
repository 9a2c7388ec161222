"""Beside the real Pushgateway, old and new: what is followed of it, and what is deleted from it."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.differential import pushgateway_servers
from tests.operator import object_builders, pushgateway_harness
from tidegate.model import control_api, grouping, lifecycle

X, Y = object_builders.key("job=x"), object_builders.key("job=y")
JOB, NEXT = object_builders.job("x"), object_builders.job("x", uid="next")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """What Pushgateway keeps its groups in."""
    return tmp_path / "groups"


@pytest.fixture
def pushgateway(pushgateway_program: Path, tmp_path: Path, file: Path) -> Iterator[pushgateway_servers.Pushgateway]:
    running = pushgateway_servers.Pushgateway(
        pushgateway_program, folder=tmp_path, flags=[f"--persistence.file={file}"]
    )
    try:
        running.start()
        yield running
    finally:
        running.process.stop()


@pytest.fixture
async def stage(
    pushgateway: pushgateway_servers.Pushgateway, session: aiohttp.ClientSession
) -> pushgateway_harness.Stage:
    made = pushgateway_harness.Stage(pushgateway.url, session)
    await made.push("job/x")
    await made.follow()
    return made


async def test_all_groups_are_listed_with_the_times_of_their_last_pushes(stage: pushgateway_harness.Stage) -> None:
    await stage.push("job/y", "bad{", status=400)
    await stage.push("job/y", "bad 1 1\n", status=400)
    await stage.after(pushgateway_harness.POLL)
    assert stage.groups.keys() == await stage.there() == {X, Y}
    assert abs(stage.groups[X].push_time - time.time()) < 60.0
    assert stage.groups[Y].push_time == 0.0
    assert abs(stage.gateway.now() - time.time()) < 5.0


async def test_a_retired_group_goes_when_its_grace_period_is_over_and_no_other(
    stage: pushgateway_harness.Stage,
) -> None:
    await stage.push("job/y")
    await stage.after(pushgateway_harness.POLL)
    await stage.end(X)
    await stage.after(pushgateway_harness.GRACE - 1.0)
    assert await stage.there() == {X, Y}
    await stage.after(1.0)
    assert await stage.there() == {Y}
    await stage.after(pushgateway_harness.POLL)
    [gone] = stage.deleted
    assert (gone.key, gone.reason, list(gone.claims)) == (X, lifecycle.DeletionReason.GRACE_PERIOD, [JOB.uid])
    assert stage.metric("groups_gone_total", reason="grace-period") == 1


async def test_a_push_that_nobody_has_seen_yet_keeps_its_group(stage: pushgateway_harness.Stage) -> None:
    await stage.end(X)
    await stage.after(pushgateway_harness.GRACE - 1.0)
    await stage.push("job/x", "a 2\n")
    await stage.after(1.0)
    await stage.after(10 * pushgateway_harness.GRACE)
    assert await stage.there() == {X}
    assert stage.groups[X].drain_pushed_revision != stage.groups[X].pushed_revision


async def test_a_late_push_of_its_own_goes_with_the_group_once_the_operator_says_so(
    stage: pushgateway_harness.Stage,
) -> None:
    await stage.end(X)
    await stage.push("job/x", "a 2\n")
    await stage.after(pushgateway_harness.GRACE)
    assert await stage.there() == {X}
    assert await stage.retire(X) is None
    await stage.after(pushgateway_harness.POLL)
    assert await stage.there() == set()


async def test_a_group_that_somebody_else_pushed_since_stays(stage: pushgateway_harness.Stage) -> None:
    await stage.end(X)
    await stage.push("job/x", "a 2\n")
    await stage.after(pushgateway_harness.POLL)
    await stage.act(control_api.ReleaseGroup(key=X, uid=JOB.uid))
    await stage.after(10 * pushgateway_harness.GRACE)
    assert await stage.there() == {X}
    assert not stage.groups[X].draining


async def test_a_group_that_the_next_run_claims_stays(stage: pushgateway_harness.Stage) -> None:
    await stage.end(X)
    await stage.claim(X, NEXT)
    await stage.after(10 * pushgateway_harness.GRACE)
    assert await stage.there() == {X}


async def test_a_refused_push_is_no_push(stage: pushgateway_harness.Stage) -> None:
    await stage.end(X)
    await stage.push("job/x", "bad 1 1\n", status=400)
    await stage.after(pushgateway_harness.GRACE)
    assert await stage.there() == set()


async def test_a_group_that_somebody_else_deleted_is_missed_at_the_next_poll(stage: pushgateway_harness.Stage) -> None:
    await stage.claim(X, JOB)
    async with stage.session.delete(f"{stage.url}/metrics/job/x") as answer:
        assert answer.status == 202
    await stage.after(pushgateway_harness.POLL)
    [gone] = stage.deleted
    assert (gone.key, gone.reason) == (X, lifecycle.DeletionReason.VANISHED)
    await stage.push("job/x")
    await stage.after(pushgateway_harness.POLL)
    assert not stage.groups[X].claims


ODD = {
    "a slash": ({"job": "a/b", "path": "/tmp/y"}, {"job": "a"}),
    "nothing": ({"job": "x", "a": ""}, {"job": "x"}),
    "dots": ({"job": "..", "a": "."}, {"job": "x", "a": "."}),
    "what looks escaped": ({"job": "%41", "a": "+%2F"}, {"job": "A", "a": "+%2F"}),
    "what looks coded": ({"job": "YQ", "a": "="}, {"job": "a", "a": "="}),
    "spaces and quotes": ({"job": 'a "b"', "a": "\n"}, {"job": "a"}),
    "beyond ASCII": ({"job": "café", "a": "🚀?#"}, {"job": "cafe"}),
    "what looks like a query": ({"job": "x?a=b", "a": "#c;d"}, {"job": "x"}),
    "many labels": ({"job": "x", **{f"l{number}": f"v/{number}" for number in range(60)}}, {"job": "x"}),
    "a long value": ({"job": "x", "a": "v" * 4_000}, {"job": "x", "a": "v" * 3_999}),
}


@pytest.mark.parametrize(("labels", "neighbour"), ODD.values(), ids=ODD)
async def test_a_group_with_an_odd_key_goes_and_its_neighbour_stays(
    stage: pushgateway_harness.Stage, labels: dict[str, str], neighbour: dict[str, str]
) -> None:
    key, other = grouping.grouping_key(labels), grouping.grouping_key(neighbour)
    await stage.push(_base64(labels))
    await stage.push(_base64(neighbour))
    await stage.after(pushgateway_harness.POLL)
    await stage.end(key)
    await stage.after(pushgateway_harness.GRACE)
    assert await stage.there() == {X, other}
    await stage.after(pushgateway_harness.POLL)
    assert [gone.key for gone in stage.deleted] == [key]


def _base64(labels: dict[str, str]) -> str:
    """A path by which such groups are pushed, made otherwise than the one they are deleted by."""

    def coded(value: str) -> str:
        return base64.urlsafe_b64encode(value.encode()).decode() or "="

    others = [f"{name}@base64/{coded(value)}" for name, value in labels.items() if name != "job"]
    return "/".join([f"job@base64/{coded(labels['job'])}", *others])


async def test_a_group_whose_key_the_api_hides_is_left_alone(
    stage: pushgateway_harness.Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.end(X)
    await stage.push("job/x", "labels 1\n")
    await stage.after(pushgateway_harness.GRACE)
    await stage.after(pushgateway_harness.POLL)
    assert stage.deleted == []
    assert stage.metric("unclear_groups") == 2
    assert "not deleting 2 groups" in caplog.text
    await stage.push("job/x")
    await stage.after(pushgateway_harness.POLL)
    assert stage.groups.keys() == await stage.there() == {X}


def _kept(pushgateway: pushgateway_servers.Pushgateway, file: Path) -> bytes:
    """What its file holds now: it writes it when it ends."""
    pushgateway.process.stop()
    kept = file.read_bytes()
    pushgateway.start()
    return kept


def _restarted_with(pushgateway: pushgateway_servers.Pushgateway, file: Path, kept: bytes) -> None:
    pushgateway.process.stop()
    file.write_bytes(kept)
    pushgateway.start()


async def test_a_restart_of_pushgateway_with_its_file_changes_nothing(
    stage: pushgateway_harness.Stage, pushgateway: pushgateway_servers.Pushgateway
) -> None:
    await stage.end(X)
    pushgateway.process.stop()
    pushgateway.start()
    await stage.after(pushgateway_harness.GRACE)
    assert await stage.there() == set()


async def test_what_a_restart_of_pushgateway_lost_has_vanished(
    stage: pushgateway_harness.Stage, pushgateway: pushgateway_servers.Pushgateway, file: Path
) -> None:
    await stage.end(X)
    _restarted_with(pushgateway, file, b"")
    await stage.after(pushgateway_harness.POLL)
    assert [gone.reason for gone in stage.deleted] == [lifecycle.DeletionReason.VANISHED]
    await stage.push("job/x")
    await stage.after(10 * pushgateway_harness.GRACE)
    assert await stage.there() == stage.groups.keys() == {X}


async def test_a_push_that_an_older_file_brings_back_is_not_the_one_that_was_retired(
    stage: pushgateway_harness.Stage, pushgateway: pushgateway_servers.Pushgateway, file: Path
) -> None:
    older = _kept(pushgateway, file)
    await stage.push("job/x", "a 2\n")
    await stage.after(pushgateway_harness.POLL)
    await stage.end(X)
    _restarted_with(pushgateway, file, older)
    await stage.after(pushgateway_harness.GRACE)
    assert await stage.there() == {X}
    assert await stage.retire(X) is None
    await stage.after(pushgateway_harness.POLL)
    assert await stage.there() == set()


async def test_after_its_own_restart_the_operator_knows_no_claims_and_deletes_nothing(
    stage: pushgateway_harness.Stage,
) -> None:
    await stage.end(X)
    stage.begin_anew()
    await stage.after(10 * pushgateway_harness.GRACE)
    assert await stage.there() == {X}
    assert not stage.groups[X].claims
    await stage.end(X)
    await stage.after(pushgateway_harness.GRACE)
    assert await stage.there() == set()


async def test_what_one_operator_deleted_and_somebody_pushed_anew_another_leaves_alone(
    stage: pushgateway_harness.Stage, session: aiohttp.ClientSession
) -> None:
    other = pushgateway_harness.Stage(stage.url, session)
    await other.follow()
    for each in (stage, other):
        await each.end(X)
    await stage.after(pushgateway_harness.GRACE)
    assert await stage.there() == set()
    await stage.push("job/x", "a 2\n")
    await other.after(pushgateway_harness.GRACE)
    assert await other.there() == {X}
