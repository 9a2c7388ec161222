"""Groups that go because somebody asked for it."""

from __future__ import annotations

from collections.abc import Iterable

from tidegate.aiokits import turns
from tidegate.gateway import metrics as own_metrics
from tidegate.model import groups
from tidegate.store import interface


async def remove(
    store: interface.Store, keys: Iterable[groups.GroupingKey], *, metrics: own_metrics.GatewayMetrics
) -> list[groups.GroupingKey]:
    """Delete these groups and count them; those that there were. One that is pushed meanwhile may go or stay."""
    removed = []
    turn = turns.Turn()
    for key in keys:
        if await store.delete(key):
            metrics.ends.removed()
            removed.append(key)
        await turn.step()
    return removed
