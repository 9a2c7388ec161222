"""The parts of a random life of groups: real ones, except Kubernetes and the disk."""

from __future__ import annotations

import re
from typing import Self

from tests.support.store import store_builders
from tests.unit.lifecycles import cluster_model, crashable_store, deletion_judge, operator_driver
from tidegate.aio import clocks
from tidegate.draining import group_drainer, scrape_progress
from tidegate.model import control_api, grouping, scrapers

KEYS = [
    store_builders.key(job="x"),
    store_builders.key(job="y"),
    store_builders.key(job="x", namespace="prod"),
    cluster_model.ANNOTATED,
]
_PUSHED = re.compile(r"^pushed\{(.*)\} (\d+)$", re.MULTILINE)


class LifecycleParts:
    """A store with its tracker and drainer, a minimal Kubernetes, an operator, and the judge of all deletions."""

    def __init__(self) -> None:
        self.clock = clocks.MovableClock()
        self.kube = cluster_model.Kube(self.clock)
        self.judge = deletion_judge.Judge(self.kube, self.clock, has_seen=self._has_seen)
        self.disk = crashable_store.Disk(self.clock)
        self.store = crashable_store.restarted(self.disk, clock=self.clock)
        self.tracker = scrape_progress.ScrapeTracker(self.store)
        self.drainer = self._new_drainer()
        self.operator = operator_driver.Operator(self.kube, self.store, drainer=self.drainer, clock=self.clock)
        self.scrapes: list[tuple[str, int, dict[grouping.GroupingKey, int]]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        store_builders.done(self.disk.close())

    def _has_seen(self, job: cluster_model.Job) -> bool:
        return self.operator.has_seen(job)

    def _new_drainer(self) -> group_drainer.Drainer:
        return group_drainer.Drainer(
            self.store,
            self.tracker,
            clock=self.clock,
            on_deleted=self.judge.deleted,
            on_expired=lambda _: None,
        )

    def _pick(self, which: int) -> list[cluster_model.Job]:
        """One of the Jobs that are there, if there are any."""
        present = self.kube.present()
        return [present[which % len(present)]] if present else []

    def _begin_a_scrape(self, name: str) -> None:
        now = self.clock.monotonic()
        self.tracker.began(scrapers.Scraper("loopback", name), now=now)
        store_builders.done(self.disk.commit())
        self.judge.scrapers[name].began.append(now)
        snapshot = store_builders.done(self.store.snapshot())
        self.scrapes.append((name, snapshot.revision, self._shown()))

    def _end_a_scrape(self, which: int, *, complete: bool) -> None:
        name, revision, shown = self.scrapes.pop(which)
        if complete:
            for key, serial in shown.items():
                self.judge.scrapers[name].read[key] = max(serial, self.judge.scrapers[name].read.get(key, 0))
            scraper = scrapers.Scraper("loopback", name)
            self.tracker.delivered(scraper, revision=revision, now=self.clock.monotonic())
            store_builders.done(self.drainer.sweep())

    def _scrape(self, name: str) -> None:
        self.scrapes.clear()
        self._begin_a_scrape(name)
        self._end_a_scrape(0, complete=True)

    def _sweep(self) -> None:
        store_builders.done(self.drainer.sweep())
        self.judge.swept(self._left())

    def _with_pods(self) -> list[cluster_model.Job]:
        return [job for job in self.kube.present() if job.finished is None and not job.annotated]

    def _push_from_pod(self, job: cluster_model.Job) -> None:
        self._push(cluster_model.SHARED, uid=job.owner.uid, ttl=None, pusher=job.address)

    def _push_of(self, job: cluster_model.Job, which: int, *, ttl: float | None = None) -> None:
        own = [group for group in KEYS if job.owns(group)]
        self._push(own[which % len(own)], uid=job.owner.uid, ttl=ttl)

    def _push(
        self, key: grouping.GroupingKey, *, uid: str | None, ttl: float | None, pusher: str | None = None
    ) -> None:
        value = self.judge.pushes(key, uid=uid, ttl=ttl)
        pushed = store_builders.family("pushed", store_builders.number(value))
        store_builders.done(self.store.push(key, pushed, replace=True, ttl=ttl, pusher=pusher))

    def _left(self) -> list[control_api.GroupRecord]:
        return list(self.store.changes(epoch=None, since=0, limit=1_000).groups)

    def _shown(self) -> dict[grouping.GroupingKey, int]:
        """By group the push that a scrape of now shows, read from its text."""
        found = [family for family in store_builders.done(self.store.snapshot()).families if family.name == "pushed"]
        text = b"".join(page.text for family in found for page in family.pages).decode()
        by_labels = {_labels(key): key for key in [*KEYS, cluster_model.SHARED]}
        return {by_labels[labels]: int(value) for labels, value in _PUSHED.findall(text)}


def _labels(key: grouping.GroupingKey) -> str:
    return ",".join(f'{name}="{value}"' for name, value in sorted({"instance": "", **dict(key)}.items()))
