"""Counts over all groups, for people: in turns with everything else, and never on the way of a push or a scrape."""

from __future__ import annotations

from collections.abc import Sequence

from tidegate.aio import time_slices
from tidegate.store import group_states

_LOOKED_AT_ONCE = 100
"""Groups between two looks at the time: some twenty microseconds."""


async def count_unowned(found: Sequence[group_states.Group], *, now: float, longer_than: Sequence[float]) -> list[int]:
    """See :meth:`tidegate.store.interface.Store.idle`; a refused push counts as one, too: somebody is there.

    :param found: what there was at the start; groups that go meanwhile may be counted.
    """
    turn = time_slices.Turn()
    counts = [0] * len(longer_than)
    for start in range(0, len(found), _LOOKED_AT_ONCE):
        for group in found[start : start + _LOOKED_AT_ONCE]:
            life = group.life
            if life.claims or life.drain is not None or life.expires is not None:
                continue
            silent = now - max(group.push_time, group.push_failure_time)
            for number, seconds in enumerate(longer_than):
                counts[number] += silent >= seconds
        await turn.step()
    return counts
