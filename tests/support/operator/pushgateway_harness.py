"""The operator's adapter for Pushgateway under a movable clock, and the groups that it follows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from typing import Any

import aiohttp
import prometheus_client

from tests.support.operator import object_builders
from tidegate import settings
from tidegate.aio import clocks
from tidegate.model import control_api, grouping, lifecycle, owners
from tidegate.operator.cache import owner_views
from tidegate.operator.gateways import pushgateway_adapter

POLL, GRACE = 5.0, 60.0
_LAST = grouping.grouping_key({"job": "last"})
SETTINGS = settings.PushgatewaySettings(grace_seconds=GRACE, poll_seconds=POLL, max_response_bytes=1_000_000)
HTTP_SECONDS = aiohttp.ClientTimeout(total=10.0)


class WatchedClock(clocks.MovableClock):
    """A clock that reports when a task waits for it."""

    def __init__(self) -> None:
        super().__init__(now=time.time())
        self._idle = asyncio.Event()

    async def wait(self, event: asyncio.Event, *, until: float | None) -> None:
        self._idle.set()
        await super().wait(event, until=until)

    async def idle_or(self, work: asyncio.Task[Any]) -> bool:
        """Wait until a task waits for the clock, or this work is done; return whether it is done."""
        idle = asyncio.create_task(self._idle.wait())
        await asyncio.wait({work, idle}, return_when=asyncio.FIRST_COMPLETED)
        idle.cancel()
        self._idle.clear()
        return work.done()


class Stage:
    """Follows a Pushgateway as the operator does, and acts on it as its worker does."""

    def __init__(
        self,
        url: str,
        session: aiohttp.ClientSession,
        *,
        pushgateway_settings: settings.PushgatewaySettings = SETTINGS,
        given: str = "",
    ) -> None:
        """:param given: URL for the operator, if it differs."""
        self.url = url
        self.session = session
        self.clock = WatchedClock()
        self._pushgateway_settings = pushgateway_settings
        self._given = given or url
        self.restart()

    def restart(self) -> None:
        """Reset the state, as after a restart of the operator."""
        self.registry = prometheus_client.CollectorRegistry()
        self.gateway = pushgateway_adapter.PushgatewayAdapter(
            self._given,
            session=self.session,
            clock=self.clock,
            registry=self.registry,
            pushgateway_settings=self._pushgateway_settings,
        )
        self.groups: dict[grouping.GroupingKey, control_api.GroupRecord] = {}
        self.deleted: list[control_api.DeletedRecord] = []
        self._last: control_api.Changes | None = None

    async def follow(self) -> None:
        """Read every available page, including the reads and deletions that this triggers."""
        while await self._take_page():
            continue

    async def after(self, seconds: float) -> None:
        """Advance the clock, and follow."""
        self.clock.advance(seconds)
        await self.follow()

    async def _take_page(self) -> bool:
        page = asyncio.create_task(self.gateway.changes(after=self._last))
        if not await self.clock.idle_or(page):
            page.cancel()
            await asyncio.wait({page})
            return False
        self._last = page.result()
        for deleted in self._last.deleted:
            self.groups.pop(deleted.key, None)
        self.deleted += self._last.deleted
        self.groups |= {record.key: record for record in self._last.groups if record.key != _LAST}
        return True

    async def claim(self, key: grouping.GroupingKey, view: owner_views.OwnerView) -> None:
        """Claim a group, and check that it is claimed."""
        assert (
            await self.act(control_api.ClaimGroup(key=key, claim=object_builders.claim(view, drain_timeout=0.0)))
            is None
        )

    async def retire(
        self, key: grouping.GroupingKey, *, finished: Collection[owners.Uid] | None = None, drain_timeout: float = 0.0
    ) -> lifecycle.Rejection | None:
        """Retire a group with its known push and finished owners; return the rejection, if any."""
        record = self.groups[key]
        finished_uids = tuple(record.claims if finished is None else finished)
        return await self.act(
            control_api.StartDrain(
                key=key, finished=finished_uids, pushed_revision=record.pushed_revision, drain_timeout=drain_timeout
            )
        )

    async def act(self, action: control_api.Action) -> lifecycle.Rejection | None:
        """Send this action, and return the rejection, if any."""
        assert self._last is not None
        _, [rejection] = await self.gateway.act([action], epoch=self._last.epoch)
        await self.follow()
        return rejection

    async def end(self, key: grouping.GroupingKey, *, owner: str = "x") -> None:
        """Claim a group and retire it at once."""
        await self.claim(key, object_builders.job(owner))
        assert await self.retire(key) is None

    async def push(self, path: str, body: str = "a 1\n", *, status: int = 200) -> None:
        """Push to the Pushgateway directly."""
        async with self.session.put(f"{self.url}/metrics/{path}", data=body.encode(), timeout=HTTP_SECONDS) as response:
            assert response.status == status, await response.text()

    async def groups_in_pushgateway(self) -> set[grouping.GroupingKey]:
        """Return the groups of the Pushgateway, after it has processed all earlier requests.

        It deletes groups after its response, and before it responds to a later push.
        """
        await self.push("job/last")
        async with self.session.get(f"{self.url}/api/v1/metrics", timeout=HTTP_SECONDS) as response:
            keys = {grouping.grouping_key(group["labels"]) for group in (await response.json())["data"]}
            return keys - {_LAST}

    def metric(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"tidegate_operator_stock_{name}", labels)
