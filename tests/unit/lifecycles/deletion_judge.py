"""An independent check of deletions that follows the design and not the code."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.unit.lifecycles import cluster_model
from tidegate.aio import clocks
from tidegate.model import control_api, grouping, lifecycle


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
    """One scrape loop as it knows itself: when it scraped, and which push of each group it has stored.

    :ivar is_replaced: whether a loop that looks like it has appeared since its last scrape. The gateway then waits
        for it for three of its intervals, and for at least ten seconds.
    """

    is_replaced: bool = False
    began: list[float] = field(default_factory=list)
    received: dict[grouping.GroupingKey, int] = field(default_factory=dict)
    stored: dict[grouping.GroupingKey, int] = field(default_factory=dict)

    def begin(self, *, now: float) -> None:
        """Begin a scrape: the loop has stored what it had received."""
        self.is_replaced = False
        self.began.append(now)
        for key, serial in self.received.items():
            self.stored[key] = max(serial, self.stored.get(key, 0))
        self.received = {}

    def receive(self, shown: dict[grouping.GroupingKey, int]) -> None:
        """Receive a response, and store it at any time before the next scrape."""
        self.received = shown

    def die(self) -> None:
        """Lose what was received and not stored."""
        self.received = {}

    def surely_active(self, *, now: float) -> bool:
        """Whether it was seen within five minutes, or within three of its intervals, taken as short as they can be."""
        if not self.began:
            return False
        gaps = [later - earlier for earlier, later in zip(self.began, self.began[1:], strict=False) if later > earlier]
        if self.is_replaced:
            return now - self.began[-1] <= (max(10.0, 3 * gaps[-1]) if gaps else cluster_model.RARE_SCRAPES)
        interval = min(gaps[-1], cluster_model.RARE_SCRAPES) if gaps else cluster_model.RARE_SCRAPES
        return now - self.began[-1] <= max(cluster_model.RARE_SCRAPES, 3 * interval)


class Judge:
    """Knows who pushed what and who has read what, and so which deletion was right.

    :param has_seen: whether the current or last operator has seen that Job.
    """

    def __init__(
        self, kube: cluster_model.Kube, clock: clocks.Clock, *, has_seen: Callable[[cluster_model.Job], bool]
    ) -> None:
        self.scrapers: dict[str, Scraper] = defaultdict(Scraper)
        self._kube = kube
        self._clock = clock
        self._has_seen = has_seen
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
            if record.reason is lifecycle.DeletionReason.INGESTED:
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

    def _ended_owners(self, record: control_api.GroupRecord) -> Iterator[cluster_model.Job]:
        """Owners that are over of which the operator can know: by its claims, or because they are still there."""
        for job in self._kube.jobs:
            if job.over is not None and (
                job.owner.uid in record.claims or (job.present and self._owns(job, record.key))
            ):
                yield job

    def _kept_by(self, key: grouping.GroupingKey) -> list[cluster_model.Job]:
        pushed = self._last_pushers(key)[: cluster_model.REMEMBERED]
        return [job for job in self._kube.jobs if job.keeps and (job.owns(key) or job.owner.uid in pushed)]

    def _owns(self, job: cluster_model.Job, key: grouping.GroupingKey) -> bool:
        """Whether the group is this Job's own; what several pods push goes when the one ends that pushed last."""
        return job.owner.uid == self._last_pushers(key)[0] if key == cluster_model.SHARED else job.owns(key)

    def _last_pushers(self, key: grouping.GroupingKey) -> list[str | None]:
        """Return the Jobs of the pods that pushed a shared group, latest first, without duplicates."""
        return (
            list(dict.fromkeys(push.uid for push in reversed(self._pushes[key]))) if key == cluster_model.SHARED else []
        )

    def _expect_expired(self, record: control_api.DeletedRecord, last: Push) -> None:
        now = self._clock.monotonic()
        assert now >= last.expires, "it had no owner and its ttl was not over"
        if record.reason is lifecycle.DeletionReason.INGESTED:
            self._expect_read(record.key, last)
        else:
            assert now >= last.expires + cluster_model.TTL_DRAIN_TIMEOUT, "before its drain timeout"

    def _expect_no_active_owner(self, record: control_api.DeletedRecord, pushes: list[Push]) -> None:
        pushers = {push.uid for push in pushes}
        for job in self._kept_by(record.key):
            assert job.owner.uid not in record.claims, f"{job} is active and had a claim"
            assert job.owner.uid not in pushers or not self._has_seen(job), f"{job} is active and has pushed"

    def _expect_no_strangers_push(self, record: control_api.DeletedRecord, last: Push) -> None:
        owning = [job for job in self._kube.jobs if self._owns(job, record.key)]
        # The operator knows of a deleted Job only since when it is missing.
        deleted_owners = [job for job in owning if not job.present and last.at >= job.created - cluster_model.SKEW]
        assert deleted_owners or any(job.may_have_pushed(last.at) for job in owning), "its last push was a stranger's"

    def _expect_read(self, key: grouping.GroupingKey, last: Push) -> None:
        now = self._clock.monotonic()
        waited_for = [scraper for scraper in self.scrapers.values() if scraper.surely_active(now=now)]
        stored = [scraper for scraper in self.scrapers.values() if scraper.stored.get(key) == last.serial]
        assert all(scraper in stored for scraper in waited_for), "an active scraper has not stored it"
        assert stored, "nobody has stored it"

    def _expect_timeout(self, record: control_api.DeletedRecord) -> None:
        claimed = [job for job in self._kube.jobs if job.owner.uid in record.claims]
        assert claimed, "only a claimed group has a drain timeout"
        for job in claimed:
            assert job.over is not None
            assert self._clock.monotonic() >= job.over + job.drain_timeout, "before its drain timeout"
