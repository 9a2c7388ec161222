"""A group's way from live to gone: what the operator says over the control API, and who has read what."""

from __future__ import annotations

import asyncio

import pytest

from tests.gateway import gateway_client
from tests.support import waiting
from tidegate.aio import clocks
from tidegate.gateway import server
from tidegate.model import control_api, grouping, lifecycle, scrapers

A = gateway_client.key(job="a")


class Drain:
    """A gateway with a client, and what the tests below do with them in a line."""

    def __init__(self, client: gateway_client.Client, gateway: server.Gateway) -> None:
        self.client = client
        self._gateway = gateway

    async def retired(
        self, group: grouping.GroupingKey = A, *, drain_timeout: float = 300.0
    ) -> control_api.GroupRecord:
        """Push a group, give it the owner ``u``, and retire it."""
        await self.client.put("/".join(part for label in reversed(group) for part in label), "x 1\n")
        assert await self.client.act(gateway_client.claims(group, "u")) == [None]
        seen = await self.seen(group)
        assert await self.client.act(gateway_client.retires(seen, "u", drain_timeout=drain_timeout)) == [None]
        return await self.seen(group)

    async def seen(self, group: grouping.GroupingKey = A) -> control_api.GroupRecord:
        record = await self.client.group(group)
        assert record is not None
        return record

    async def gone(self, group: grouping.GroupingKey = A) -> None:
        """Wait for the end of the group."""

        async def look() -> bool:
            return await self.client.group(group) is None

        await waiting.eventually_async(look, why=f"the end of {grouping.describe(group)}", timeout=5, interval=0.01)

    async def stays(self, group: grouping.GroupingKey = A) -> None:
        """Have the gateway look at its draining groups now, and see that this one stays."""
        await self._gateway.drainer.sweep()
        assert await self.client.group(group) is not None

    async def deletions(self, reason: lifecycle.DeletionReason) -> float | None:
        return await self.client.value(f'tidegate_groups_deleted_total{{reason="{reason.value}"}}')


@pytest.fixture
def drain(client: gateway_client.Client, gateway: server.Gateway) -> Drain:
    return Drain(client, gateway)


async def test_a_retired_group_goes_when_its_scraper_has_read_it(drain: Drain, client: gateway_client.Client) -> None:
    group = await drain.retired()
    assert group.draining
    assert 'x{instance="",job="a"} 1\n' in await client.scrape()
    await drain.gone()
    assert await client.pushed() == []
    assert await drain.deletions(lifecycle.DeletionReason.DRAINED) == 1
    assert await drain.deletions(lifecycle.DeletionReason.TIMEOUT) == 0


async def test_a_group_that_was_read_before_it_is_retired_goes_at_once(
    drain: Drain, client: gateway_client.Client
) -> None:
    await client.put("job/a", "x 1\n")
    await client.scrape()
    await client.act(gateway_client.claims(A, "u"))
    await client.act(gateway_client.retires(await drain.seen(), "u"))
    await drain.gone()


async def test_a_live_group_stays_however_often_it_is_read(drain: Drain, client: gateway_client.Client) -> None:
    await client.put("job/a", "x 1\n")
    await client.act(gateway_client.claims(A, "u"))
    await client.scrape()
    await drain.stays()


async def test_each_of_two_scrapers_must_have_read_it(
    drain: Drain, client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await client.scrape(agent="one")
    await client.scrape(agent="two")
    await drain.retired()
    clock.advance(15)
    await client.scrape(agent="one")
    await drain.stays()
    await client.scrape(agent="two")
    await drain.gone()


async def test_a_curl_is_no_scraper_to_wait_for_and_none_to_read_for_others(
    drain: Drain, client: gateway_client.Client
) -> None:
    await client.scrape()
    await drain.retired()
    await client.exposition()
    await drain.stays()
    await client.scrape()
    await drain.gone()


async def test_a_scraper_that_lapses_is_no_longer_waited_for(
    drain: Drain, client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    for _ in range(1 + scrapers.MEASURED_GAPS):
        clock.advance(10)
        await client.scrape(agent="one")
        await client.scrape(agent="two")
    await drain.retired(drain_timeout=600)
    clock.advance(10)
    await client.scrape(agent="one")
    clock.advance(289)
    await drain.stays()
    clock.advance(2)
    await drain.gone()
    assert await drain.deletions(lifecycle.DeletionReason.DRAINED) == 1


async def test_without_a_scraper_only_the_drain_timeout_deletes_and_is_counted_apart(
    drain: Drain, clock: clocks.MovableClock
) -> None:
    await drain.retired(drain_timeout=60)
    clock.advance(59)
    await drain.stays()
    clock.advance(2)
    await drain.gone()
    assert await drain.deletions(lifecycle.DeletionReason.TIMEOUT) == 1
    assert await drain.deletions(lifecycle.DeletionReason.DRAINED) == 0


async def test_an_unread_group_goes_with_its_drain_timeout_though_a_scraper_is_active(
    drain: Drain, client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await client.scrape()
    await drain.retired(drain_timeout=60)
    clock.advance(61)
    await drain.gone()
    assert await drain.deletions(lifecycle.DeletionReason.TIMEOUT) == 1


async def test_a_push_to_a_draining_group_needs_another_word_and_another_scrape(
    drain: Drain, client: gateway_client.Client
) -> None:
    await client.scrape()
    before = await drain.retired()
    await client.put("job/a", "x 2\n")
    after = await drain.seen()
    assert after.draining
    assert after.drain_pushed_revision == before.pushed_revision < after.pushed_revision
    await client.scrape()
    await drain.stays()
    assert await client.act(gateway_client.retires(before, "u")) == [lifecycle.Rejection.PUSHED]
    await drain.stays()
    await client.put("job/a", "x 3\n")
    assert await client.act(gateway_client.retires(await drain.seen(), "u")) == [None]
    await drain.stays()
    await client.scrape()
    await drain.gone()


async def test_a_push_to_a_draining_group_does_not_move_its_deadline(
    drain: Drain, client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await drain.retired(drain_timeout=60)
    clock.advance(50)
    await client.put("job/a", "x 2\n")
    await client.act(gateway_client.retires(await drain.seen(), "u", drain_timeout=60))
    await drain.stays()
    clock.advance(11)
    await drain.gone()


async def test_a_push_that_nobody_spoke_of_keeps_the_group_beyond_its_deadline(
    drain: Drain, client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await drain.retired(drain_timeout=60)
    await client.put("job/a", "x 2\n")
    clock.advance(61)
    await drain.stays()
    await client.act(gateway_client.retires(await drain.seen(), "u"))
    await drain.gone()


async def test_a_refused_push_to_a_draining_group_asks_for_nothing(drain: Drain, client: gateway_client.Client) -> None:
    before = await drain.retired()
    await client.put("job/a", "x 2 1000\n")
    assert (await drain.seen()).pushed_revision == before.pushed_revision
    await client.scrape()
    await drain.gone()


async def test_a_new_owner_takes_a_draining_group_back_as_its_only_one(
    drain: Drain, client: gateway_client.Client
) -> None:
    await drain.retired()
    assert await client.act(gateway_client.claims(A, "v")) == [None]
    group = await drain.seen()
    assert not group.draining
    assert set(group.claims) == {"v"}
    await client.scrape()
    await drain.stays()


async def test_a_claim_by_its_own_owner_leaves_a_group_draining(drain: Drain, client: gateway_client.Client) -> None:
    await drain.retired()
    await client.act(gateway_client.claims(A, "u"))
    assert (await drain.seen()).draining


async def test_a_group_whose_last_claim_is_released_is_live_and_nobodys(
    drain: Drain, client: gateway_client.Client
) -> None:
    await drain.retired()
    assert await client.act(gateway_client.releases(A, "u")) == [None]
    group = await drain.seen()
    assert not group.draining
    assert group.claims == {}
    await client.scrape()
    await drain.stays()


async def test_a_delete_by_hand_ends_a_draining_group_too(drain: Drain, client: gateway_client.Client) -> None:
    await drain.retired()
    await client.delete("job/a")
    await drain.gone()
    await client.delete("job/a")
    assert await drain.deletions(lifecycle.DeletionReason.REQUEST) == 1
    assert await drain.deletions(lifecycle.DeletionReason.DRAINED) == 0


@pytest.mark.parametrize(
    ("claimed", "over", "behind", "refusal"),
    [
        pytest.param((), ("u",), 0, lifecycle.Rejection.UNCLAIMED, id="no owner"),
        pytest.param(("u", "v"), ("u",), 0, lifecycle.Rejection.OWNED, id="an owner that is not over"),
        pytest.param(("u",), (), 0, lifecycle.Rejection.OWNED, id="no owner named"),
        pytest.param(("u",), ("u",), 1, lifecycle.Rejection.PUSHED, id="a push that was not seen"),
        pytest.param(("u",), ("u", "w"), 0, None, id="more owners named than there are"),
    ],
)
async def test_retiring_is_compared_with_what_the_operator_knew(
    *,
    drain: Drain,
    client: gateway_client.Client,
    claimed: tuple[str, ...],
    over: tuple[str, ...],
    behind: int,
    refusal: lifecycle.Rejection | None,
) -> None:
    await client.put("job/a", "x 1\n")
    for uid in claimed:
        await client.act(gateway_client.claims(A, uid))
    seen = await drain.seen()
    for _ in range(behind):
        await client.put("job/a", "x 2\n")
    assert await client.act(gateway_client.retires(seen, *over)) == [refusal]
    assert (await drain.seen()).draining is (refusal is None)
    if refusal is not None:
        assert await client.value(f'tidegate_actions_refused_total{{reason="{refusal.value}"}}') == 1


async def test_what_is_said_of_a_group_that_is_gone_is_refused(drain: Drain, client: gateway_client.Client) -> None:
    seen = await drain.retired()
    await client.delete("job/a")
    said = (gateway_client.claims(A, "u"), gateway_client.releases(A, "u"), gateway_client.retires(seen, "u"))
    assert await client.act(*said) == [lifecycle.Rejection.GONE] * 3


async def test_actions_are_done_in_their_order(drain: Drain, client: gateway_client.Client) -> None:
    await client.put("job/a", "x 1\n")
    seen = await drain.seen()
    said = (
        gateway_client.claims(A, "u"),
        gateway_client.claims(A, "v"),
        gateway_client.releases(A, "u"),
        gateway_client.retires(seen, "v"),
    )
    assert await client.act(*said) == [None] * 4
    group = await drain.seen()
    assert group.draining
    assert set(group.claims) == {"v"}


async def test_many_groups_drain_with_one_scrape(drain: Drain, client: gateway_client.Client) -> None:
    keys = [gateway_client.key(job=f"j{number}") for number in range(50)]
    await asyncio.gather(*(client.put(f"job/j{number}", "x 1\n") for number in range(50)))
    await client.act(*(gateway_client.claims(group, "u") for group in keys))
    listed = await client.changes(limit=100)
    await client.act(*(gateway_client.retires(group, "u") for group in listed.groups))
    await client.scrape()
    for group in keys:
        await drain.gone(group)
    assert await drain.deletions(lifecycle.DeletionReason.DRAINED) == 50


async def test_what_only_a_stock_pushgateway_does_is_not_counted(drain: Drain) -> None:
    assert [
        await drain.deletions(reason) for reason in lifecycle.DeletionReason if reason not in lifecycle.OWN_REASONS
    ] == [
        None,
        None,
    ]
    assert [await drain.deletions(reason) for reason in lifecycle.OWN_REASONS] == [0, 0, 0]
