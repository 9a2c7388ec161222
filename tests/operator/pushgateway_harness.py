"""A stock gateway of the operator under a clock that the test moves, and what is followed of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from typing import Any

import aiohttp
import prometheus_client

from tests.operator import object_builders
from tidegate import settings
from tidegate.aio import clocks
from tidegate.model import control_api, grouping, lifecycle, owners
from tidegate.operator.cache import owner_views
from tidegate.operator.gateways import pushgateway_adapter

POLL, GRACE = 5.0, 60.0
_LAST = grouping.grouping_key({"job": "last"})
CHOSEN = settings.PushgatewaySettings(grace_seconds=GRACE, poll_seconds=POLL, max_response_bytes=1_000_000)
HTTP_SECONDS = aiohttp.ClientTimeout(total=10.0)


class WatchedClock(clocks.MovableClock):
    """One that tells when somebody waits for it."""

    def __init__(self) -> None:
        super().__init__(now=time.time())
        self._idle = asyncio.Event()

    async def wait(self, event: asyncio.Event, *, until: float | None) -> None:
        self._idle.set()
        await super().wait(event, until=until)

    async def idle_or(self, work: asyncio.Task[Any]) -> bool:
        """Wait until somebody waits for the clock, or this is done; whether that is so."""
        idle = asyncio.create_task(self._idle.wait())
        await asyncio.wait({work, idle}, return_when=asyncio.FIRST_COMPLETED)
        idle.cancel()
        self._idle.clear()
        return work.done()


class Stage:
    """Follows a Pushgateway as the operator's feed does, and acts as its worker does."""

    def __init__(
        self,
        url: str,
        session: aiohttp.ClientSession,
        *,
        chosen: settings.PushgatewaySettings = CHOSEN,
        given: str = "",
    ) -> None:
        """:param given: the URL that the operator is given, where it is another one."""
        self.url = url
        self.session = session
        self.clock = WatchedClock()
        self._chosen = chosen
        self._given = given or url
        self.begin_anew()

    def begin_anew(self) -> None:
        """As after the operator's restart."""
        self.registry = prometheus_client.CollectorRegistry()
        self.gateway = pushgateway_adapter.PushgatewayAdapter(
            self._given,
            session=self.session,
            clock=self.clock,
            registry=self.registry,
            pushgateway_settings=self._chosen,
        )
        self.groups: dict[grouping.GroupingKey, control_api.GroupRecord] = {}
        self.deleted: list[control_api.DeletedRecord] = []
        self._last: control_api.Changes | None = None

    async def follow(self) -> None:
        """Take every page that is there now, and all that must be read and deleted for it."""
        while await self._take_page():
            continue

    async def after(self, seconds: float) -> None:
        """The same, so much later."""
        self.clock.advance(seconds)
        await self.follow()

    async def _take_page(self) -> bool:
        page = asyncio.create_task(self.gateway.changes(after=self._last))
        if not await self.clock.idle_or(page):
            page.cancel()
            await asyncio.wait({page})
            return False
        self._last = page.result()
        for gone in self._last.deleted:
            self.groups.pop(gone.key, None)
        self.deleted += self._last.deleted
        self.groups |= {record.key: record for record in self._last.groups if record.key != _LAST}
        return True

    async def claim(self, key: grouping.GroupingKey, view: owner_views.OwnerView) -> None:
        """Claim a group, and see it done."""
        assert (
            await self.act(control_api.ClaimGroup(key=key, claim=object_builders.claim(view, drain_timeout=0.0)))
            is None
        )

    async def retire(
        self, key: grouping.GroupingKey, *, over: Collection[owners.Uid] | None = None, drain_timeout: float = 0.0
    ) -> lifecycle.Rejection | None:
        """Retire a group with the push that is known, all its owners over; why it was refused."""
        known = self.groups[key]
        over = tuple(known.claims if over is None else over)
        return await self.act(
            control_api.StartDrain(
                key=key, finished=over, pushed_revision=known.pushed_revision, drain_timeout=drain_timeout
            )
        )

    async def act(self, action: control_api.Action) -> lifecycle.Rejection | None:
        """Have this done; why it was refused."""
        assert self._last is not None
        _, [refusal] = await self.gateway.act([action], epoch=self._last.epoch)
        await self.follow()
        return refusal

    async def end(self, key: grouping.GroupingKey, *, owner: str = "x") -> None:
        """Claim a group and retire it at once."""
        await self.claim(key, object_builders.job(owner))
        assert await self.retire(key) is None

    async def push(self, path: str, body: str = "a 1\n", *, status: int = 200) -> None:
        """Push to the Pushgateway itself."""
        async with self.session.put(f"{self.url}/metrics/{path}", data=body.encode(), timeout=HTTP_SECONDS) as answer:
            assert answer.status == status, await answer.text()

    async def there(self) -> set[grouping.GroupingKey]:
        """The groups that the Pushgateway itself tells of, once all that it was told before is done: it deletes after
        its answer, and answers a push after that."""
        await self.push("job/last")
        async with self.session.get(f"{self.url}/api/v1/metrics", timeout=HTTP_SECONDS) as answer:
            found = {grouping.grouping_key(group["labels"]) for group in (await answer.json())["data"]}
            return found - {_LAST}

    def metric(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"tidegate_operator_stock_{name}", labels)
