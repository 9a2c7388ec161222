"""The control API: the operator lists the groups, follows their changes, and is asked to list them again."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.support.gateway import gateway_client
from tidegate.aio import clocks
from tidegate.gateway import server
from tidegate.model import change_log, control_api, lifecycle, pushers

A, B = gateway_client.key(job="a"), gateway_client.key(job="b")


async def _push(client: gateway_client.Client, *jobs: str) -> None:
    for job in jobs:
        assert (await client.put(f"job/{job}", "x 1\n")).status == 200


def _jobs(page: control_api.Changes) -> list[str]:
    return [dict(group.key)["job"] for group in page.groups]


async def test_group_record_has_all_fields_that_the_operator_needs(client: gateway_client.Client) -> None:
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


async def test_page_has_the_time_of_its_response(client: gateway_client.Client, clock: clocks.MovableClock) -> None:
    await _push(client, "a")
    clock.advance(7.0)
    page = await client.changes()
    assert page.now == page.groups[0].push_time + 7.0
    waiting = asyncio.create_task(client.changes(epoch=page.epoch, since=page.revision, wait=60))
    await client.exposition()
    clock.advance(5.0)
    await _push(client, "b")
    assert (await asyncio.wait_for(waiting, timeout=30)).now == page.now + 5.0


async def test_pages_list_each_group_once_with_the_oldest_change_first(client: gateway_client.Client) -> None:
    await _push(client, "a", "b", "c", "d", "e", "a")
    page = await client.changes(limit=2)
    jobs = _jobs(page)
    while page.more:
        page = await client.changes(epoch=page.epoch, since=page.revision, began=page.began, limit=2)
        jobs += _jobs(page)
    assert jobs == ["b", "c", "d", "e", "a"]
    assert page.revision == 6


async def test_only_changes_after_the_given_revision_are_listed(client: gateway_client.Client) -> None:
    await _push(client, "a", "b")
    page = await client.changes()
    await _push(client, "b")
    changed = await client.changes(epoch=page.epoch, since=page.revision)
    assert _jobs(changed) == ["b"]
    assert _jobs(await client.changes(epoch=page.epoch, since=changed.revision)) == []


async def test_deletion_has_its_reason_and_the_claims_of_the_group(client: gateway_client.Client) -> None:
    await _push(client, "a")
    await client.act(gateway_client.claims(A, "u"))
    page = await client.changes()
    await client.delete("job/a")
    changes = await client.changes(epoch=page.epoch, since=page.revision)
    (deleted,) = changes.deleted
    assert deleted == control_api.DeletedRecord(
        key=A,
        revision=changes.revision,
        reason=lifecycle.DeletionReason.REQUEST,
        claims={gateway_client.claim("u").owner.uid: gateway_client.claim("u")},
    )


async def test_group_that_is_deleted_and_pushed_again_is_listed_as_both(client: gateway_client.Client) -> None:
    await _push(client, "a")
    page = await client.changes()
    await client.delete("job/a")
    await _push(client, "a")
    changes = await client.changes(epoch=page.epoch, since=page.revision)
    assert changes.deleted[0].key == changes.groups[0].key == A
    assert changes.deleted[0].revision < changes.groups[0].revision


async def test_deletion_between_two_pages_is_listed(client: gateway_client.Client) -> None:
    await _push(client, "a", "b", "c")
    first = await client.changes(limit=1)
    await client.delete("job/a")
    rest = await client.changes(epoch=first.epoch, since=first.revision, began=first.began)
    assert _jobs(rest) == ["b", "c"]
    assert [deleted.key for deleted in rest.deleted] == [A]


async def test_list_omits_deletions_before_its_start(client: gateway_client.Client) -> None:
    await _push(client, "a", "b", "c", "d")
    await client.delete("job/d")
    first = await client.changes(limit=1)
    rest = await client.changes(epoch=first.epoch, since=first.revision, began=first.began)
    assert (_jobs(first), _jobs(rest)) == (["a"], ["b", "c"])
    assert first.deleted == rest.deleted == ()


async def test_paged_list_completes_although_old_deletions_are_dropped(
    client: gateway_client.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_log, "KEPT_DELETIONS", 2)
    await _push(client, "a", "b")
    for number in range(5):
        await _push(client, f"deleted{number}")
        await client.delete(f"job/deleted{number}")
    first = await client.changes(limit=1)
    second = await client.changes(epoch=first.epoch, since=first.revision, began=first.began, limit=1)
    assert (_jobs(first), _jobs(second), second.more) == (["a"], ["b"], False)


async def test_client_behind_the_dropped_deletions_must_list_all_groups_again(
    client: gateway_client.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_log, "KEPT_DELETIONS", 2)
    await _push(client, "a")
    page = await client.changes()
    for number in range(3):
        await _push(client, f"deleted{number}")
        await client.delete(f"job/deleted{number}")
    response = await client.control("GET", f"groups?epoch={page.epoch}&since={page.revision}", status=410)
    assert "list all groups again" in response["error"]


async def test_client_with_another_epoch_must_list_all_groups_again(client: gateway_client.Client) -> None:
    await _push(client, "a")
    assert "list all groups again" in (await client.control("GET", "groups?epoch=other&since=1", status=410))["error"]
    body: dict[str, Any] = {"epoch": "other", "actions": [gateway_client.claims(A, "u").to_json()]}
    assert "list all groups again" in (await client.control("POST", "actions", status=409, json=body))["error"]
    group = await client.group(A)
    assert group is not None
    assert group.claims == {}


async def test_waiting_request_returns_at_the_next_push(client: gateway_client.Client) -> None:
    await _push(client, "a")
    page = await client.changes()
    waiting = asyncio.create_task(client.changes(epoch=page.epoch, since=page.revision, wait=60))
    await client.exposition()
    assert not waiting.done()
    await _push(client, "b")
    assert _jobs(await asyncio.wait_for(waiting, timeout=30)) == ["b"]


async def test_waiting_request_returns_at_a_deletion(client: gateway_client.Client) -> None:
    await _push(client, "a")
    page = await client.changes()
    waiting = asyncio.create_task(client.changes(epoch=page.epoch, since=page.revision, wait=60))
    await client.exposition()
    await client.delete("job/a")
    assert [deleted.key for deleted in (await asyncio.wait_for(waiting, timeout=30)).deleted] == [A]


async def test_waiting_request_returns_no_changes_after_its_timeout(client: gateway_client.Client) -> None:
    await _push(client, "a")
    page = await client.changes()
    changes = await asyncio.wait_for(client.changes(epoch=page.epoch, since=page.revision, wait=0.05), timeout=30)
    assert (changes.groups, changes.deleted, changes.revision) == ((), (), page.revision)


async def test_request_with_changes_to_return_does_not_wait(client: gateway_client.Client) -> None:
    await _push(client, "a")
    assert _jobs(await asyncio.wait_for(client.changes(wait=60), timeout=30)) == ["a"]


async def test_waiting_requests_return_when_the_gateway_stops(
    client: gateway_client.Client, gateway: server.Gateway
) -> None:
    page = await client.changes()
    waiting = asyncio.create_task(client.changes(epoch=page.epoch, since=page.revision, wait=60))
    await client.exposition()
    await asyncio.wait_for(gateway.stop(), timeout=30)
    assert (await asyncio.wait_for(waiting, timeout=30)).groups == ()
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
async def test_invalid_request_is_rejected_with_its_reason(
    client: gateway_client.Client, method: str, path: str, body: bytes | None, reason: str
) -> None:
    assert reason in await client.control(method, path, status=400, data=body)


async def test_control_api_is_not_served_on_the_web_address(client: gateway_client.Client) -> None:
    assert (await client.send("GET", "/control/v1/groups")).status == 404
