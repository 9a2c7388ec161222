"""The event handler of all watches and lists: updates the cache and puts affected groups on the work queue."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from tidegate.aio import clocks
from tidegate.model import owners
from tidegate.operator import operator_metrics
from tidegate.operator.cache import cluster_cache, owner_views
from tidegate.operator.explain import notifications
from tidegate.operator.kube import server_clocks
from tidegate.operator.objects import owner_kinds, pod_addresses
from tidegate.operator.planning import work_queue
from tidegate.operator.policy import policies, policy_index


class ObjectEvent(NamedTuple):
    """A watch event: an added or modified object, or the last state of a deleted one."""

    view: owner_views.OwnerView
    deleted: bool = False


class CacheUpdater:
    """Stores events and lists in the cache. For one event loop."""

    def __init__(
        self,
        cache: cluster_cache.ClusterCache,
        *,
        queue: work_queue.WorkQueue,
        notifier: notifications.Notifier,
        metrics: operator_metrics.OperatorMetrics,
        clock: clocks.Clock,
        server_clock: server_clocks.ServerClock,
    ) -> None:
        self._cache = cache
        self._queue = queue
        self._notifier = notifier
        self._metrics = metrics
        self._clock = clock
        self._server_clock = server_clock

    def handle_event(self, event: ObjectEvent) -> None:
        """Store an object that a watch reported."""
        self._metrics.last_event.set(self._clock.wall())
        view = self._cache.with_rules(event.view)
        if event.deleted:
            self._notifier.object_deleted(view)
            self._queue.add(self._cache.delete_object(view, wall=self._server_clock.now()))
        else:
            self._notifier.object_seen(view)
            self._queue.add(self._cache.put_object(view, monotonic=self._clock.monotonic()))

    def handle_pod_event(self, event: pod_addresses.PodEvent) -> None:
        """Store a pod of a Job that the watch on pods reported."""
        self._queue.add(self._cache.put_pod(event, now=self._server_clock.now()))

    def replace_pods(self, listed: Collection[owners.Uid], *, namespace: str, started: float) -> None:
        """Apply a complete list of the pods of Jobs that started at ``started`` on the API server's clock."""
        now = self._server_clock.now()
        self._queue.add(self._cache.replace_pods(listed, namespace=namespace, started=started, now=now))

    def replace_policies(self, listed: Collection[policies.Policy]) -> None:
        """Apply a complete list of policies. Lists of all kinds of objects must follow."""
        self._cache.replace_policies(policy_index.PolicyIndex(listed))

    def replace_objects(
        self, kind: owner_kinds.Kind, listed: Collection[owner_views.OwnerView], *, started: float
    ) -> None:
        """Store a complete list of a kind that started at ``started``, in monotonic seconds."""
        listed = [self._cache.with_rules(view) for view in listed]
        for view in listed:
            self._notifier.object_seen(view)
        monotonic, wall = self._clock.monotonic(), self._server_clock.now()
        self._cache.replace_objects(kind, listed, started=started, monotonic=monotonic, wall=wall)
        self._metrics.track_object_count(kind, self._cache)
        self._queue.add_all()
