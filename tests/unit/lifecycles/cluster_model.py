"""A minimal Kubernetes: Jobs, their Pods and events."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

from tidegate.aio import clocks
from tidegate.model import grouping, owners
from tidegate.operator.cache import owner_views
from tidegate.operator.objects import completion, pod_addresses
from tidegate.operator.policy import cleanup_rules

ANNOTATED = grouping.grouping_key({"job": "noted"})
"""The group that Jobs name which have the annotation."""

SHARED = grouping.grouping_key({"job": "shared"})
"""The group that pods of any Jobs push from their own addresses."""

REMEMBERED = 4
"""Addresses that the gateway remembers for a group, even if later pushes replaced their families."""

SKEW, LATE_PUSH_GRACE = 5.0, 60.0
RARE_SCRAPES = 300.0
TTL_DRAIN_TIMEOUT = 120.0
"""Drain timeout of the gateway for groups with an expired TTL."""


@dataclass
class Job:
    """A Job that is there, or was. Times are Unix seconds."""

    owner: owners.Owner
    created: float
    cleanup: str
    annotated: bool
    drain_timeout: float
    version: int = 0
    finished: float | None = None
    succeeded: bool = False
    deleted: float | None = None

    @property
    def present(self) -> bool:
        return self.deleted is None

    @property
    def over(self) -> float | None:
        """Since when it is over by its own policy; ``None`` while it is not."""
        finished = self.finished
        if self.cleanup == "never":
            return None
        if self.cleanup == "on-deletion" or (self.cleanup == "on-success" and not self.succeeded):
            finished = None
        return min((at for at in (finished, self.deleted) if at is not None), default=None)

    @property
    def ended(self) -> float | None:
        """When its pod ended."""
        return min((at for at in (self.finished, self.deleted) if at is not None), default=None)

    @property
    def address(self) -> str:
        """That of its pod, and of no other."""
        return f"10.0.0.{self.owner.uid.rpartition('-')[2]}"

    @property
    def keeps(self) -> bool:
        """Whether it keeps its groups from being deleted."""
        return self.present and self.over is None

    def owns(self, key: grouping.GroupingKey) -> bool:
        labels = dict(key)
        if labels.get("namespace", self.owner.namespace) != self.owner.namespace:
            return False
        return key == ANNOTATED if self.annotated else labels["job"] == self.owner.name

    def may_have_pushed(self, at: float) -> bool:
        """Whether a push at that time may be its own. Its annotation makes its own what was there before it."""
        ends = [end for end in (self.finished, self.deleted) if end is not None]
        since = -math.inf if self.annotated else self.created - SKEW
        return since <= at <= min(ends, default=math.inf) + LATE_PUSH_GRACE

    @functools.cached_property
    def rules(self) -> cleanup_rules.CleanupRules:
        """The rules of its annotations."""
        annotations = {cleanup_rules.CLEANUP: self.cleanup, cleanup_rules.DRAIN_TIMEOUT: f"{self.drain_timeout:g}s"}
        if self.annotated:
            annotations[cleanup_rules.GROUPING_KEY] = f"job={dict(ANNOTATED)['job']}"
        return cleanup_rules.parse(annotations)

    def surely_owns_push(self, at: float) -> bool:
        """Whether the operator must take a push at that time for its own: it knows the end in whole seconds alone."""
        ends = [math.floor(end) for end in (self.finished, self.deleted) if end is not None]
        return self.may_have_pushed(at) and at <= min(ends, default=math.inf) + LATE_PUSH_GRACE

    def view(self) -> owner_views.OwnerView:
        # Kubernetes tells its times in whole seconds.
        finish = None if self.finished is None else completion.Finish(self.succeeded, math.floor(self.finished))
        return owner_views.OwnerView(
            owner=self.owner,
            created=math.floor(self.created),
            rules=self.rules,
            finish=finish,
            version=self.version,
        )


class Kube:
    """All Jobs, oldest first, deleted ones included. Watchers receive each change."""

    def __init__(self, clock: clocks.Clock) -> None:
        self.jobs: list[Job] = []
        self.watcher: Callable[[Job], None] = lambda _: None
        self._clock = clock
        self._version = 0

    def create(self, name: str, namespace: str, *, cleanup: str, annotated: bool, drain_timeout: float) -> None:
        """Nothing where one of that name is there."""
        if not any(job.owner[1:3] == (namespace, name) for job in self.present()):
            owner = owners.Owner("Job", namespace, name, owners.Uid(f"uid-{len(self.jobs)}"))
            self.jobs.append(Job(owner, self._clock.wall(), cleanup, annotated, drain_timeout))
            self._tell(self.jobs[-1])

    def finish(self, job: Job, *, succeeded: bool) -> None:
        if job.present and job.finished is None:
            job.finished, job.succeeded = self._clock.wall(), succeeded
            self._tell(job)

    def delete(self, job: Job) -> None:
        if job.present:
            job.deleted = self._clock.wall()
            self._tell(job)

    def touch(self, job: Job) -> None:
        """Change the Job without finishing it, such as by suspending it."""
        if job.present:
            self._tell(job)

    def present(self) -> list[Job]:
        return [job for job in self.jobs if job.present]

    def pods_at(self, address: str) -> list[pod_addresses.AddressPod]:
        """The pods with this address: a pod goes with its Job."""
        return [
            pod_addresses.AddressPod(
                namespace=job.owner.namespace,
                name=f"{job.owner.name}-pod",
                owner=job.owner.uid,
                started_at=job.created,
                ended_at=job.ended,
                uses_host_network=False,
                uid=owners.Uid(f"pod-of-{job.owner.uid}"),
            )
            for job in self.present()
            if job.address == address
        ]

    def _tell(self, job: Job) -> None:
        self._version += 1
        job.version = self._version
        self.watcher(job)
