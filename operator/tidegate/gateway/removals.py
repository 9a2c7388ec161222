"""What requests about many groups share: deletes that are counted, and a walk that lets other requests in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from tidegate.gateway import metrics as own_metrics
from tidegate.model import groups, lives
from tidegate.store import interface

_YIELD_EVERY = 50
"""Groups between two looks at other requests: a store of many thousand takes seconds to go through."""


async def delete(store: interface.Store, metrics: own_metrics.GatewayMetrics, key: groups.GroupingKey) -> bool:
    """Delete a group at somebody's request, and count it; whether there was one."""
    deleted = await store.delete(key)
    if deleted:
        metrics.deletions.labels(reason=lives.Reason.REQUEST.value).inc()
    return deleted


async def each(store: interface.Store) -> AsyncIterator[groups.GroupingKey]:
    """All groups that there are now; one may be gone by the time that it comes."""
    for number, key in enumerate(store.grouping_keys()):
        yield key
        if number % _YIELD_EVERY == 0:
            await asyncio.sleep(0)
