"""Groups that go because somebody asked for it."""

from __future__ import annotations

from collections.abc import Iterable

from tidegate.aio import time_slices
from tidegate.gateway.metrics import own_metrics
from tidegate.model import grouping
from tidegate.store import interface


async def remove(
    store: interface.Store, keys: Iterable[grouping.GroupingKey], *, metrics: own_metrics.GatewayMetrics
) -> list[grouping.GroupingKey]:
    """Delete these groups and count them; those that there were. One that is pushed meanwhile may go or stay."""
    removed = []
    turn = time_slices.Turn()
    for key in keys:
        if await store.delete(key):
            metrics.ends.removed()
            removed.append(key)
        await turn.step()
    return removed
