"""Confirmations: which actions the group watch has reported back, so that no action is planned twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from tidegate.model import grouping
from tidegate.operator.planning import work_queue
from tidegate.operator.watch import group_watch

_TIMEOUT_SECONDS = 5.0
"""How long a group waits for its confirmation. After that it is planned from the cache as it is: the gateway rejects an
action that no longer applies."""


class Confirmations:
    """Groups whose last action is not in the cache yet. For one event loop.

    The reconciler does not wait for confirmations: it plans all other groups meanwhile, and these groups afterwards.
    """

    def __init__(self, watch: group_watch.GroupWatch, *, queue: work_queue.WorkQueue) -> None:
        self._watch = watch
        self._queue = queue
        self._epoch = ""
        self._unconfirmed: dict[grouping.GroupingKey, int] = {}
        self._deferred: set[grouping.GroupingKey] = set()
        self._requeueing: asyncio.Task[None] | None = None

    def expect(self, keys: Iterable[grouping.GroupingKey], *, revision: int, epoch: str) -> None:
        """Record that actions on these groups were performed; the gateway had this revision afterwards."""
        if epoch != self._epoch:
            self._epoch, self._unconfirmed = epoch, {}
        self._unconfirmed.update(dict.fromkeys(keys, revision))

    def take_confirmed(
        self, keys: set[grouping.GroupingKey], *, epoch: str, tasks: asyncio.TaskGroup
    ) -> set[grouping.GroupingKey]:
        """Return the groups that can be planned now. The others return to the work queue once they are confirmed."""
        if epoch != self._epoch:
            return keys
        revision = self._watch.revision
        self._unconfirmed = {key: acted for key, acted in self._unconfirmed.items() if acted > revision}
        deferred = keys & self._unconfirmed.keys()
        self._deferred |= deferred
        if self._deferred and (self._requeueing is None or self._requeueing.done()):
            self._requeueing = tasks.create_task(self._requeue(), name="queue confirmed groups")
        return keys - deferred

    async def wait(self) -> None:
        """Wait until all actions are confirmed, at most five seconds."""
        if self._unconfirmed:
            revision = max(self._unconfirmed.values())
            await self._watch.wait_for_revision(revision, epoch=self._epoch, seconds=_TIMEOUT_SECONDS)
            self._unconfirmed.clear()

    async def _requeue(self) -> None:
        while self._deferred:
            revision = max((self._unconfirmed.get(key, 0) for key in self._deferred), default=0)
            await self._watch.wait_for_revision(revision, epoch=self._epoch, seconds=_TIMEOUT_SECONDS)
            keys, self._deferred = self._deferred, set()
            for key in keys:
                if self._unconfirmed.get(key, 0) <= revision:
                    self._unconfirmed.pop(key, None)
            self._queue.add(keys)
