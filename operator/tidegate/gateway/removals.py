"""Groups that go because somebody asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from tidegate.gateway import metrics as own_metrics
from tidegate.model import groups, lives
from tidegate.store import interface

_YIELD_EVERY = 50
"""Groups between two looks at other requests."""


async def remove(
    store: interface.Store, keys: Iterable[groups.GroupingKey], *, metrics: own_metrics.GatewayMetrics
) -> list[groups.GroupingKey]:
    """Delete these groups and count them; those that there were. One that is pushed meanwhile may go or stay."""
    removed = []
    for number, key in enumerate(keys, start=1):
        if await store.delete(key):
            metrics.deletions.labels(reason=lives.Reason.REQUEST.value).inc()
            removed.append(key)
        if number % _YIELD_EVERY == 0:
            await asyncio.sleep(0)
    return removed
