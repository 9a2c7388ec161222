"""The control API: how the operator lists the groups, follows their changes, and is told to look anew."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.gateway import gateway_client
from tidegate.aio import clocks
from tidegate.gateway import server
from tidegate.model import change_log, control_api, lifecycle, pushers

A, B = gateway_client.key(job="a"), gateway_client.key(job="b")


async def _push(client: gateway_client.Client, *jobs: str) -> None:
    for job in jobs:
        assert (await client.put(f"job/{job}", "x 1\n")).status == 200


def _jobs(page: control_api.Changes) -> list[str]:
    return [dict(group.key)["job"] for group in page.groups]


async def test_a_group_is_told_with_all_that_the_operator_must_know(client: gateway_client.Client) -> None:
    await client.put("job/a/zone/z", "x 1\n")
    key = gateway_client.key(job="a", zone="z")
    await client.act(gateway_client.claims(key, "u"))
    before = (await client.changes()).groups[0]
    await client.act(gateway_client.retires(before, "u"))
    page = await client.changes()
    assert page.groups == (
        control_api.GroupRecord(
            key=key,
            revision=page.revision,
            pushed_revision=before.pushed_revision,
            push_time=before.push_time,
            claims={gateway_client.claim("u").owner.uid: gateway_client.claim("u")},
            drain_pushed_revision=before.pushed_revision,
            sources=(pushers.Source(gateway_client.HOST, before.push_time),),
        ),
    )
    assert before.push_time > 0
    assert not before.draining


async def test_a_page_tells_the_time_at_which_it_was_made(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await _push(client, "a")
    clock.advance(7.0)
    page = await client.changes()
    assert page.now == page.groups[0].push_time + 7.0
    waiting = asyncio.create_task(client.changes(epoch=page.epoch, since=page.revision, wait=60))
    await client.exposition()
    clock.advance(5.0)
    await _push(client, "b")
    assert (await asyncio.wait_for(waiting, timeout=5)).now == page.now + 5.0


async def test_a_list_in_pages_has_each_group_once_oldest_change_first(client: gateway_client.Client) -> None:
    await _push(client, "a", "b", "c", "d", "e", "a")
    page = await client.changes(limit=2)
    seen = _jobs(page)
    while page.more:
        page = await client.changes(epoch=page.epoch, since=page.revision, began=page.began, limit=2)
        seen += _jobs(page)
    assert seen == ["b", "c", "d", "e", "a"]
    assert page.revision == 6


async def test_what_changed_since_is_told_and_nothing_else(client: gateway_client.Client) -> None:
    await _push(client, "a", "b")
    page = await client.changes()
    await _push(client, "b")
    changed = await client.changes(epoch=page.epoch, since=page.revision)
    assert _jobs(changed) == ["b"]
    assert _jobs(await client.changes(epoch=page.epoch, since=changed.revision)) == []


async def test_a_deletion_is_told_with_its_reason_and_the_owners_the_group_had(client: gateway_client.Client) -> None:
    await _push(client, "a")
    await client.act(gateway_client.claims(A, "u"))
    page = await client.changes()
    await client.delete("job/a")
    told = await client.changes(epoch=page.epoch, since=page.revision)
    (deleted,) = told.deleted
    assert deleted == control_api.DeletedRecord(
        key=A,
        revision=told.revision,
        reason=lifecycle.DeletionReason.REQUEST,
        claims={gateway_client.claim("u").owner.uid: gateway_client.claim("u")},
    )


async def test_a_group_deleted_and_pushed_again_is_told_as_both(client: gateway_client.Client) -> None:
    await _push(client, "a")
    page = await client.changes()
    await client.delete("job/a")
    await _push(client, "a")
    told = await client.changes(epoch=page.epoch, since=page.revision)
    assert told.deleted[0].key == told.groups[0].key == A
    assert told.deleted[0].revision < told.groups[0].revision


async def test_a_group_deleted_between_two_pages_of_a_list_is_told(client: gateway_client.Client) -> None:
    await _push(client, "a", "b", "c")
    first = await client.changes(limit=1)
    await client.delete("job/a")
    rest = await client.changes(epoch=first.epoch, since=first.revision, began=first.began)
    assert _jobs(rest) == ["b", "c"]
    assert [deleted.key for deleted in rest.deleted] == [A]


async def test_a_list_tells_no_deletion_from_before_it_began(client: gateway_client.Client) -> None:
    await _push(client, "a", "b", "c", "d")
    await client.delete("job/d")
    first = await client.changes(limit=1)
    rest = await client.changes(epoch=first.epoch, since=first.revision, began=first.began)
    assert (_jobs(first), _jobs(rest)) == (["a"], ["b", "c"])
    assert first.deleted == rest.deleted == ()


async def test_a_list_in_pages_comes_to_its_end_though_old_deletions_are_forgotten(
    client: gateway_client.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_log, "KEPT_DELETIONS", 2)
    await _push(client, "a", "b")
    for number in range(5):
        await _push(client, f"gone{number}")
        await client.delete(f"job/gone{number}")
    first = await client.changes(limit=1)
    second = await client.changes(epoch=first.epoch, since=first.revision, began=first.began, limit=1)
    assert (_jobs(first), _jobs(second), second.more) == (["a"], ["b"], False)


async def test_who_follows_from_before_what_is_forgotten_is_told_to_list_anew(
    client: gateway_client.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_log, "KEPT_DELETIONS", 2)
    await _push(client, "a")
    page = await client.changes()
    for number in range(3):
        await _push(client, f"gone{number}")
        await client.delete(f"job/gone{number}")
    answer = await client.control("GET", f"groups?epoch={page.epoch}&since={page.revision}", status=410)
    assert "list all groups again" in answer["error"]


async def test_another_epoch_is_told_to_list_anew(client: gateway_client.Client) -> None:
    await _push(client, "a")
    assert "list all groups again" in (await client.control("GET", "groups?epoch=other&since=1", status=410))["error"]
    body: dict[str, Any] = {"epoch": "other", "actions": [gateway_client.claims(A, "u").to_json()]}
    assert "list all groups again" in (await client.control("POST", "actions", status=409, json=body))["error"]
    group = await client.group(A)
    assert group is not None
    assert group.claims == {}


async def test_a_call_that_waits_is_answered_at_the_next_change(client: gateway_client.Client) -> None:
    await _push(client, "a")
    page = await client.changes()
    waiting = asyncio.create_task(client.changes(epoch=page.epoch, since=page.revision, wait=60))
    await client.exposition()
    assert not waiting.done()
    await _push(client, "b")
    assert _jobs(await asyncio.wait_for(waiting, timeout=5)) == ["b"]


async def test_a_call_that_waits_is_answered_at_a_deletion(client: gateway_client.Client) -> None:
    await _push(client, "a")
    page = await client.changes()
    waiting = asyncio.create_task(client.changes(epoch=page.epoch, since=page.revision, wait=60))
    await client.exposition()
    await client.delete("job/a")
    assert [gone.key for gone in (await asyncio.wait_for(waiting, timeout=5)).deleted] == [A]


async def test_a_call_that_waits_in_vain_is_answered_with_nothing(client: gateway_client.Client) -> None:
    await _push(client, "a")
    page = await client.changes()
    told = await asyncio.wait_for(client.changes(epoch=page.epoch, since=page.revision, wait=0.05), timeout=5)
    assert (told.groups, told.deleted, told.revision) == ((), (), page.revision)


async def test_a_call_that_has_something_to_tell_does_not_wait(client: gateway_client.Client) -> None:
    await _push(client, "a")
    assert _jobs(await asyncio.wait_for(client.changes(wait=60), timeout=5)) == ["a"]


async def test_calls_that_wait_are_answered_when_the_gateway_stops(
    client: gateway_client.Client, gateway: server.Gateway
) -> None:
    page = await client.changes()
    waiting = asyncio.create_task(client.changes(epoch=page.epoch, since=page.revision, wait=60))
    await client.exposition()
    await asyncio.wait_for(gateway.stop(), timeout=5)
    assert (await asyncio.wait_for(waiting, timeout=5)).groups == ()
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.exposition()


@pytest.mark.parametrize(
    ("method", "path", "body", "reason"),
    [
        pytest.param("GET", "groups?since=x", None, "since is not a number", id="since no number"),
        pytest.param("GET", "groups?limit=-1", None, "limit must be a number of 0 or more", id="limit negative"),
        pytest.param("GET", "groups?wait=nan", None, "wait must be a number of 0 or more", id="wait not a number"),
        pytest.param("POST", "actions", b"{", "not valid JSON", id="no JSON"),
        pytest.param("POST", "actions", b"[]", "not a JSON object", id="no object"),
        pytest.param("POST", "actions", b'{"actions": []}', "not a valid list of actions", id="no epoch"),
        pytest.param(
            "POST", "actions", b'{"epoch": "e", "actions": [1]}', "not a valid list of actions", id="no action"
        ),
        pytest.param(
            "POST",
            "actions",
            b'{"epoch": "e", "actions": [{"do": "dance", "labels": {"job": "a"}}]}',
            "unknown action 'dance'",
            id="unknown action",
        ),
    ],
)
async def test_a_call_that_makes_no_sense_is_refused_in_words(
    client: gateway_client.Client, method: str, path: str, body: bytes | None, reason: str
) -> None:
    assert reason in await client.control(method, path, status=400, data=body)


async def test_the_control_api_is_on_its_own_address_alone(client: gateway_client.Client) -> None:
    assert (await client.send("GET", "/control/v1/groups")).status == 404
