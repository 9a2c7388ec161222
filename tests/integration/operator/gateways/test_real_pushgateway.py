"""The adapter with old and new versions of the real Pushgateway: following its groups, and deleting from it."""

from __future__ import annotations

import base64
import time

import pytest

from tests.support.operator import object_builders, pushgateway_harness
from tidegate.model import control_api, grouping, lifecycle

X, Y = object_builders.key("job=x"), object_builders.key("job=y")
JOB, NEXT = object_builders.job("x"), object_builders.job("x", uid="next")


async def test_all_groups_are_listed_with_the_time_of_their_last_push(stage: pushgateway_harness.Stage) -> None:
    await stage.push("job/y", "bad{", status=400)
    await stage.push("job/y", "bad 1 1\n", status=400)
    await stage.after(pushgateway_harness.POLL)
    assert stage.groups.keys() == await stage.groups_in_pushgateway() == {X, Y}
    assert abs(stage.groups[X].push_time - time.time()) < 60.0
    assert stage.groups[Y].push_time == 0.0
    assert abs(stage.gateway.now() - time.time()) < 5.0


async def test_only_a_retired_group_is_deleted_after_its_grace_period(
    stage: pushgateway_harness.Stage,
) -> None:
    await stage.push("job/y")
    await stage.after(pushgateway_harness.POLL)
    await stage.end(X)
    await stage.after(pushgateway_harness.GRACE - 1.0)
    assert await stage.groups_in_pushgateway() == {X, Y}
    await stage.after(1.0)
    assert await stage.groups_in_pushgateway() == {Y}
    await stage.after(pushgateway_harness.POLL)
    [deleted] = stage.deleted
    assert (deleted.key, deleted.reason, list(deleted.claims)) == (X, lifecycle.DeletionReason.GRACE_PERIOD, [JOB.uid])
    assert stage.metric("groups_gone_total", reason="grace-period") == 1


async def test_unread_push_keeps_its_group(stage: pushgateway_harness.Stage) -> None:
    await stage.end(X)
    await stage.after(pushgateway_harness.GRACE - 1.0)
    await stage.push("job/x", "a 2\n")
    await stage.after(1.0)
    await stage.after(10 * pushgateway_harness.GRACE)
    assert await stage.groups_in_pushgateway() == {X}
    assert stage.groups[X].drain_pushed_revision != stage.groups[X].pushed_revision


async def test_group_with_a_late_push_is_deleted_when_the_operator_retires_it_again(
    stage: pushgateway_harness.Stage,
) -> None:
    await stage.end(X)
    await stage.push("job/x", "a 2\n")
    await stage.after(pushgateway_harness.GRACE)
    assert await stage.groups_in_pushgateway() == {X}
    assert await stage.retire(X) is None
    await stage.after(pushgateway_harness.POLL)
    assert await stage.groups_in_pushgateway() == set()


async def test_group_pushed_by_another_client_is_kept(stage: pushgateway_harness.Stage) -> None:
    await stage.end(X)
    await stage.push("job/x", "a 2\n")
    await stage.after(pushgateway_harness.POLL)
    await stage.act(control_api.ReleaseGroup(key=X, uid=JOB.uid))
    await stage.after(10 * pushgateway_harness.GRACE)
    assert await stage.groups_in_pushgateway() == {X}
    assert not stage.groups[X].draining


async def test_group_claimed_by_the_next_run_is_kept(stage: pushgateway_harness.Stage) -> None:
    await stage.end(X)
    await stage.claim(X, NEXT)
    await stage.after(10 * pushgateway_harness.GRACE)
    assert await stage.groups_in_pushgateway() == {X}


async def test_rejected_push_does_not_keep_the_group(stage: pushgateway_harness.Stage) -> None:
    await stage.end(X)
    await stage.push("job/x", "bad 1 1\n", status=400)
    await stage.after(pushgateway_harness.GRACE)
    assert await stage.groups_in_pushgateway() == set()


async def test_group_deleted_by_another_client_has_vanished_at_the_next_poll(stage: pushgateway_harness.Stage) -> None:
    await stage.claim(X, JOB)
    async with stage.session.delete(f"{stage.url}/metrics/job/x") as response:
        assert response.status == 202
    await stage.after(pushgateway_harness.POLL)
    [deleted] = stage.deleted
    assert (deleted.key, deleted.reason) == (X, lifecycle.DeletionReason.VANISHED)
    await stage.push("job/x")
    await stage.after(pushgateway_harness.POLL)
    assert not stage.groups[X].claims


UNUSUAL_KEYS = {
    "a slash": ({"job": "a/b", "path": "/tmp/y"}, {"job": "a"}),
    "nothing": ({"job": "x", "a": ""}, {"job": "x"}),
    "dots": ({"job": "..", "a": "."}, {"job": "x", "a": "."}),
    "like an escape": ({"job": "%41", "a": "+%2F"}, {"job": "A", "a": "+%2F"}),
    "like base64": ({"job": "YQ", "a": "="}, {"job": "a", "a": "="}),
    "spaces and quotes": ({"job": 'a "b"', "a": "\n"}, {"job": "a"}),
    "beyond ASCII": ({"job": "café", "a": "🚀?#"}, {"job": "cafe"}),
    "like a query": ({"job": "x?a=b", "a": "#c;d"}, {"job": "x"}),
    "many labels": ({"job": "x", **{f"l{number}": f"v/{number}" for number in range(60)}}, {"job": "x"}),
    "a long value": ({"job": "x", "a": "v" * 4_000}, {"job": "x", "a": "v" * 3_999}),
}


@pytest.mark.parametrize(("labels", "similar"), UNUSUAL_KEYS.values(), ids=UNUSUAL_KEYS)
async def test_group_with_an_unusual_key_is_deleted_and_a_similar_one_is_kept(
    stage: pushgateway_harness.Stage, labels: dict[str, str], similar: dict[str, str]
) -> None:
    key, other = grouping.grouping_key(labels), grouping.grouping_key(similar)
    await stage.push(_base64(labels))
    await stage.push(_base64(similar))
    await stage.after(pushgateway_harness.POLL)
    await stage.end(key)
    await stage.after(pushgateway_harness.GRACE)
    assert await stage.groups_in_pushgateway() == {X, other}
    await stage.after(pushgateway_harness.POLL)
    assert [deleted.key for deleted in stage.deleted] == [key]


def _base64(labels: dict[str, str]) -> str:
    """Return a path for pushing such groups, built differently from the path for their deletion."""

    def encoded(value: str) -> str:
        return base64.urlsafe_b64encode(value.encode()).decode() or "="

    others = [f"{name}@base64/{encoded(value)}" for name, value in labels.items() if name != "job"]
    return "/".join([f"job@base64/{encoded(labels['job'])}", *others])


async def test_group_with_a_key_hidden_by_the_api_is_not_deleted(
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
    assert stage.groups.keys() == await stage.groups_in_pushgateway() == {X}
