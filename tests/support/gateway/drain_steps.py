"""The steps of a group from its push to its deletion, as pushers, the operator and scrapers take them."""

from __future__ import annotations

from tests.support import waiting
from tests.support.gateway import gateway_client
from tidegate.gateway import server
from tidegate.model import control_api, grouping, lifecycle

A = gateway_client.key(job="a")


class Drain:
    """A gateway with a client, and the steps of these tests."""

    def __init__(self, client: gateway_client.Client, gateway: server.Gateway) -> None:
        self.client = client
        self._gateway = gateway

    async def retired(
        self, group: grouping.GroupingKey = A, *, drain_timeout: float = 300.0
    ) -> control_api.GroupRecord:
        """Push a group, claim it for the owner ``u``, and retire it."""
        await self.client.put("/".join(part for label in reversed(group) for part in label), "x 1\n")
        assert await self.client.act(gateway_client.claims(group, "u")) == [None]
        record = await self.record(group)
        assert await self.client.act(gateway_client.retires(record, "u", drain_timeout=drain_timeout)) == [None]
        return await self.record(group)

    async def record(self, group: grouping.GroupingKey = A) -> control_api.GroupRecord:
        record = await self.client.group(group)
        assert record is not None
        return record

    async def deleted(self, group: grouping.GroupingKey = A) -> None:
        """Wait until the group is deleted."""

        async def look() -> bool:
            return await self.client.group(group) is None

        await waiting.eventually_async(look, why=f"the deletion of {grouping.describe(group)}", interval=0.01)

    async def remains(self, group: grouping.GroupingKey = A) -> None:
        """Make the gateway check its draining groups now, and check that this one remains."""
        await self._gateway.drainer.sweep()
        assert await self.client.group(group) is not None

    async def deletions(self, reason: lifecycle.DeletionReason) -> float | None:
        return await self.client.value(f'tidegate_groups_deleted_total{{reason="{reason.value}"}}')
