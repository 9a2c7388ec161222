"""The way in for what the API server tells of objects, whether an event or a list told it."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from tidegate.aio import clocks
from tidegate.model import owners
from tidegate.operator import operator_metrics
from tidegate.operator.cache import cluster_cache, owner_views
from tidegate.operator.explain import notifications
from tidegate.operator.kube import server_clock
from tidegate.operator.objects import owner_kinds, pod_addresses
from tidegate.operator.planning import work_queue
from tidegate.operator.policy import policies, policy_index


class Sighting(NamedTuple):
    """An object as an event told of it; ``deleted``: as it was when it was deleted."""

    view: owner_views.OwnerView
    deleted: bool = False


class Intake:
    """Brings objects into the picture, and what they may change onto the agenda. For one event loop."""

    def __init__(
        self,
        picture: cluster_cache.Picture,
        *,
        agenda: work_queue.Agenda,
        told: notifications.Notifier,
        own: operator_metrics.OperatorMetrics,
        clock: clocks.Clock,
        time: server_clock.ServerTime,
    ) -> None:
        self._picture = picture
        self._agenda = agenda
        self._notices = told
        self._metrics = own
        self._clock = clock
        self._time = time

    def sighted(self, sighting: Sighting) -> None:
        """An event told of an object."""
        self._metrics.last_event.set(self._clock.wall())
        view = self._picture.ruled(sighting.view)
        if sighting.deleted:
            self._notices.object_deleted(view)
            self._agenda.add(self._picture.saw_deleted(view, wall=self._time.now()))
        else:
            self._notices.object_seen(view)
            self._agenda.add(self._picture.saw(view, steady=self._clock.steady()))

    def sighted_pod(self, sighting: pod_addresses.Sighting) -> None:
        """An event told of a pod of a Job."""
        self._agenda.add(self._picture.saw_pod(sighting, now=self._time.now()))

    def listed_pods(self, found: Collection[owners.Uid], *, namespace: str, started: float) -> None:
        """A complete list of the pods of Jobs came in; ``started`` is on the API server's clock."""
        now = self._time.now()
        self._agenda.add(self._picture.listed_pods(found, namespace=namespace, started=started, now=now))

    def policies(self, found: Collection[policies.Policy]) -> None:
        """All policies that there are came in. Lists of all kinds of objects follow."""
        self._picture.rule_by(policy_index.PolicyIndex(found))

    def listed(self, kind: owner_kinds.Kind, found: Collection[owner_views.OwnerView], *, started: float) -> None:
        """A complete list of a kind, begun at ``started`` on the steady clock, came in."""
        found = [self._picture.ruled(view) for view in found]
        for view in found:
            self._notices.object_seen(view)
        steady, wall = self._clock.steady(), self._time.now()
        self._picture.listed(kind, found, started=started, steady=steady, wall=wall)
        self._metrics.count(kind, self._picture)
        self._agenda.add_all()
