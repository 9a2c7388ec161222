"""Actions of the operator on a group that drains, and pushes to it."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.gateway import drain_steps, gateway_client
from tidegate.aio import clocks
from tidegate.model import lifecycle

A = drain_steps.A


async def test_group_pushed_while_draining_must_be_retired_and_scraped_again(
    drain: drain_steps.Drain, client: gateway_client.Client
) -> None:
    await client.scrape()
    before = await drain.retired()
    await client.put("job/a", "x 2\n")
    after = await drain.record()
    assert after.draining
    assert after.drain_pushed_revision == before.pushed_revision < after.pushed_revision
    await client.scrape()
    await drain.remains()
    assert await client.act(gateway_client.retires(before, "u")) == [lifecycle.Rejection.PUSHED]
    await drain.remains()
    await client.put("job/a", "x 3\n")
    assert await client.act(gateway_client.retires(await drain.record(), "u")) == [None]
    await drain.remains()
    await client.scrape()
    await drain.deleted()


async def test_push_to_a_draining_group_does_not_move_its_deadline(
    drain: drain_steps.Drain, client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await drain.retired(drain_timeout=60)
    clock.advance(50)
    await client.put("job/a", "x 2\n")
    await client.act(gateway_client.retires(await drain.record(), "u", drain_timeout=60))
    await drain.remains()
    clock.advance(11)
    await drain.deleted()


async def test_group_pushed_while_draining_is_kept_beyond_its_deadline_until_it_is_retired_again(
    drain: drain_steps.Drain, client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await drain.retired(drain_timeout=60)
    await client.put("job/a", "x 2\n")
    clock.advance(61)
    await drain.remains()
    await client.act(gateway_client.retires(await drain.record(), "u"))
    await drain.deleted()


async def test_rejected_push_to_a_draining_group_does_not_stop_its_deletion(
    drain: drain_steps.Drain, client: gateway_client.Client
) -> None:
    before = await drain.retired()
    await client.put("job/a", "x 2 1000\n")
    assert (await drain.record()).pushed_revision == before.pushed_revision
    await client.scrape()
    await drain.deleted()


async def test_claim_by_a_new_owner_makes_a_draining_group_live_with_that_owner_only(
    drain: drain_steps.Drain, client: gateway_client.Client
) -> None:
    await drain.retired()
    assert await client.act(gateway_client.claims(A, "v")) == [None]
    group = await drain.record()
    assert not group.draining
    assert set(group.claims) == {"v"}
    await client.scrape()
    await drain.remains()


async def test_claim_by_the_same_owner_leaves_the_group_draining(
    drain: drain_steps.Drain, client: gateway_client.Client
) -> None:
    await drain.retired()
    await client.act(gateway_client.claims(A, "u"))
    assert (await drain.record()).draining


async def test_draining_group_is_live_and_unowned_after_its_last_claim_is_released(
    drain: drain_steps.Drain, client: gateway_client.Client
) -> None:
    await drain.retired()
    assert await client.act(gateway_client.releases(A, "u")) == [None]
    group = await drain.record()
    assert not group.draining
    assert group.claims == {}
    await client.scrape()
    await drain.remains()


async def test_delete_request_deletes_a_draining_group(drain: drain_steps.Drain, client: gateway_client.Client) -> None:
    await drain.retired()
    await client.delete("job/a")
    await drain.deleted()
    await client.delete("job/a")
    assert await drain.deletions(lifecycle.DeletionReason.REQUEST) == 1
    assert await drain.deletions(lifecycle.DeletionReason.DELIVERED) == 0


@pytest.mark.parametrize(
    ("claimed", "finished", "later_pushes", "rejection"),
    [
        pytest.param((), ("u",), 0, lifecycle.Rejection.UNCLAIMED, id="no owner"),
        pytest.param(("u", "v"), ("u",), 0, lifecycle.Rejection.OWNED, id="an owner that has not finished"),
        pytest.param(("u",), (), 0, lifecycle.Rejection.OWNED, id="no owner named"),
        pytest.param(("u",), ("u",), 1, lifecycle.Rejection.PUSHED, id="a push after the list"),
        pytest.param(("u",), ("u", "w"), 0, None, id="more owners named than there are"),
    ],
)
async def test_retire_is_rejected_if_the_group_has_changed(
    *,
    drain: drain_steps.Drain,
    client: gateway_client.Client,
    claimed: tuple[str, ...],
    finished: tuple[str, ...],
    later_pushes: int,
    rejection: lifecycle.Rejection | None,
) -> None:
    await client.put("job/a", "x 1\n")
    for uid in claimed:
        await client.act(gateway_client.claims(A, uid))
    record = await drain.record()
    for _ in range(later_pushes):
        await client.put("job/a", "x 2\n")
    assert await client.act(gateway_client.retires(record, *finished)) == [rejection]
    assert (await drain.record()).draining is (rejection is None)
    if rejection is not None:
        assert await client.value(f'tidegate_actions_refused_total{{reason="{rejection.value}"}}') == 1


async def test_actions_on_a_deleted_group_are_rejected(drain: drain_steps.Drain, client: gateway_client.Client) -> None:
    record = await drain.retired()
    await client.delete("job/a")
    actions = (gateway_client.claims(A, "u"), gateway_client.releases(A, "u"), gateway_client.retires(record, "u"))
    assert await client.act(*actions) == [lifecycle.Rejection.GONE] * 3


async def test_actions_are_applied_in_order(drain: drain_steps.Drain, client: gateway_client.Client) -> None:
    await client.put("job/a", "x 1\n")
    record = await drain.record()
    actions = (
        gateway_client.claims(A, "u"),
        gateway_client.claims(A, "v"),
        gateway_client.releases(A, "u"),
        gateway_client.retires(record, "v"),
    )
    assert await client.act(*actions) == [None] * 4
    group = await drain.record()
    assert group.draining
    assert set(group.claims) == {"v"}


async def test_one_scrape_drains_many_groups(drain: drain_steps.Drain, client: gateway_client.Client) -> None:
    keys = [gateway_client.key(job=f"j{number}") for number in range(50)]
    await asyncio.gather(*(client.put(f"job/j{number}", "x 1\n") for number in range(50)))
    await client.act(*(gateway_client.claims(group, "u") for group in keys))
    listed = await client.changes(limit=100)
    await client.act(*(gateway_client.retires(group, "u") for group in listed.groups))
    await client.scrape()
    for group in keys:
        await drain.deleted(group)
    assert await drain.deletions(lifecycle.DeletionReason.DELIVERED) == 50


async def test_deletion_reasons_of_pushgateway_only_are_not_counted(drain: drain_steps.Drain) -> None:
    assert [
        await drain.deletions(reason) for reason in lifecycle.DeletionReason if reason not in lifecycle.OWN_REASONS
    ] == [
        None,
        None,
    ]
    assert [await drain.deletions(reason) for reason in lifecycle.OWN_REASONS] == [0] * len(lifecycle.OWN_REASONS)
