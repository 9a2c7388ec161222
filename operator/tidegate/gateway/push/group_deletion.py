"""Deletion of groups on request of a client."""

from __future__ import annotations

from collections.abc import Iterable

from tidegate.aio import time_slices
from tidegate.gateway.metrics import own_metrics
from tidegate.model import grouping
from tidegate.store import interface


async def delete(
    store: interface.Store, keys: Iterable[grouping.GroupingKey], *, metrics: own_metrics.GatewayMetrics
) -> list[grouping.GroupingKey]:
    """Delete these groups and count them; return those that existed. A group pushed meanwhile may or may not stay."""
    deleted = []
    time_slice = time_slices.TimeSlice()
    for key in keys:
        if await store.delete(key):
            metrics.deletions.requested()
            deleted.append(key)
        await time_slice.step()
    return deleted
