"""A minimal Kubernetes, and an independent check of deletions that follows the design and not the code."""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tidegate.aio import clocks
from tidegate.model import control_api, grouping, lifecycle, owners
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


@dataclass(frozen=True)
class Push:
    serial: int
    at: float
    uid: str | None
    """Of the Job that pushed; ``None`` for another client."""
    ttl: float | None

    @property
    def expires(self) -> float:
        return math.inf if self.ttl is None else self.at + self.ttl


@dataclass
class Scraper:
    """One scraper as it knows itself: when it scraped, and which push of each group it was sent."""

    began: list[float] = field(default_factory=list)
    read: dict[grouping.GroupingKey, int] = field(default_factory=dict)

    def surely_active(self, *, now: float) -> bool:
        """Whether it was seen within five minutes, or within three of its intervals, taken as short as they can be."""
        if not self.began:
            return False
        gaps = [later - earlier for earlier, later in zip(self.began, self.began[1:], strict=False) if later > earlier]
        interval = min(gaps[-1], RARE_SCRAPES) if gaps else RARE_SCRAPES
        return now - self.began[-1] <= max(RARE_SCRAPES, 3 * interval)


class Judge:
    """Knows who pushed what and who has read what, and so which deletion was right.

    :param told: whether the current or last operator has seen that Job.
    """

    def __init__(self, kube: Kube, clock: clocks.Clock, *, told: Callable[[Job], bool]) -> None:
        self.scrapers: dict[str, Scraper] = defaultdict(Scraper)
        self._kube = kube
        self._clock = clock
        self._told = told
        self._pushes: dict[grouping.GroupingKey, list[Push]] = defaultdict(list)
        self._serial = 0

    def pushes(self, key: grouping.GroupingKey, *, uid: str | None, ttl: float | None) -> int:
        """A push begins now; its serial number, which is what it pushes."""
        self._serial += 1
        self._pushes[key].append(Push(self._serial, self._clock.wall(), uid, ttl))
        return self._serial

    def last(self, key: grouping.GroupingKey) -> Push:
        """The last push of a group."""
        return self._pushes[key][-1]

    def nobody_could_scrape_for(self, seconds: float) -> None:
        """Exclude a time without a gateway from the silence of the scrapers."""
        for scraper in self.scrapers.values():
            scraper.began = [began + seconds for began in scraper.began]

    def deleted(self, record: control_api.DeletedRecord) -> None:
        """Judge a deletion at the moment at which it happens."""
        pushes = self._pushes[record.key]
        if not record.claims:
            self._expect_expired(record, pushes[-1])
        else:
            self._expect_no_active_owner(record, pushes)
            self._expect_no_strangers_push(record, pushes[-1])
            if record.reason is lifecycle.DeletionReason.DRAINED:
                self._expect_read(record.key, pushes[-1])
            else:
                self._expect_timeout(record)
        del self._pushes[record.key]

    def swept(self, live: list[control_api.GroupRecord]) -> None:
        """Judge what is left after the gateway has looked: a group without an owner drains from the end of its ttl."""
        for record in live:
            over = self._clock.monotonic() >= self.last(record.key).expires
            assert record.claims or record.draining is over, f"{grouping.describe(record.key)} and its ttl"

    def expect_gone(self, live: list[control_api.GroupRecord]) -> None:
        """Check the groups after the time limit: none of them has only finished owners."""
        for record in live:
            last = self._pushes[record.key][-1]
            assert self._kept_by(record.key) or not any(
                job.surely_owns_push(last.at) for job in self._ended_owners(record)
            ), f"{grouping.describe(record.key)} outlives its owners"

    def _ended_owners(self, record: control_api.GroupRecord) -> Iterator[Job]:
        """Owners that are over of which the operator can know: by its claims, or because they are still there."""
        for job in self._kube.jobs:
            if job.over is not None and (
                job.owner.uid in record.claims or (job.present and self._owns(job, record.key))
            ):
                yield job

    def _kept_by(self, key: grouping.GroupingKey) -> list[Job]:
        pushed = self._last_pushers(key)[:REMEMBERED]
        return [job for job in self._kube.jobs if job.keeps and (job.owns(key) or job.owner.uid in pushed)]

    def _owns(self, job: Job, key: grouping.GroupingKey) -> bool:
        """Whether the group is this Job's own; what several pods push goes when the one ends that pushed last."""
        return job.owner.uid == self._last_pushers(key)[0] if key == SHARED else job.owns(key)

    def _last_pushers(self, key: grouping.GroupingKey) -> list[str | None]:
        """Return the Jobs of the pods that pushed a shared group, latest first, without duplicates."""
        return list(dict.fromkeys(push.uid for push in reversed(self._pushes[key]))) if key == SHARED else []

    def _expect_expired(self, record: control_api.DeletedRecord, last: Push) -> None:
        now = self._clock.monotonic()
        assert now >= last.expires, "it had no owner and its ttl was not over"
        if record.reason is lifecycle.DeletionReason.DRAINED:
            self._expect_read(record.key, last)
        else:
            assert now >= last.expires + TTL_DRAIN_TIMEOUT, "before its drain timeout"

    def _expect_no_active_owner(self, record: control_api.DeletedRecord, pushes: list[Push]) -> None:
        pushers = {push.uid for push in pushes}
        for job in self._kept_by(record.key):
            assert job.owner.uid not in record.claims, f"{job} is active and had a claim"
            assert job.owner.uid not in pushers or not self._told(job), f"{job} is active and has pushed"

    def _expect_no_strangers_push(self, record: control_api.DeletedRecord, last: Push) -> None:
        owning = [job for job in self._kube.jobs if self._owns(job, record.key)]
        # The operator knows of a deleted Job only since when it is missing.
        gone = [job for job in owning if not job.present and last.at >= job.created - SKEW]
        assert gone or any(job.may_have_pushed(last.at) for job in owning), "its last push was a stranger's"

    def _expect_read(self, key: grouping.GroupingKey, last: Push) -> None:
        now = self._clock.monotonic()
        waited_for = [scraper for scraper in self.scrapers.values() if scraper.surely_active(now=now)]
        assert all(scraper.read.get(key) == last.serial for scraper in waited_for), "an active scraper has not read it"
        assert any(scraper.read.get(key) == last.serial for scraper in self.scrapers.values()), "nobody has read it"

    def _expect_timeout(self, record: control_api.DeletedRecord) -> None:
        claimed = [job for job in self._kube.jobs if job.owner.uid in record.claims]
        assert claimed, "only a claimed group has a drain timeout"
        for job in claimed:
            assert job.over is not None
            assert self._clock.monotonic() >= job.over + job.drain_timeout, "before its drain timeout"
