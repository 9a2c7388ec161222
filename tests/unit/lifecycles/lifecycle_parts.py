"""The parts of a random life of groups: real ones, except Kubernetes and the disk."""

from __future__ import annotations

import re
from typing import NamedTuple, Self

from tests.support.store import proof_builders, store_builders
from tests.unit.lifecycles import cluster_model, crashable_store, deletion_judge, operator_driver
from tidegate.aio import clocks
from tidegate.draining import drain_conditions, group_drainer, scrape_progress
from tidegate.model import control_api, grouping, proofs, scrapers

KEYS = [
    store_builders.key(job="x"),
    store_builders.key(job="y"),
    store_builders.key(job="x", namespace="prod"),
    cluster_model.ANNOTATED,
]
_PUSHED = re.compile(r"^pushed\{(.*)\} (\d+)$", re.MULTILINE)


SCRAPERS = {
    "one": scrapers.Scraper("loopback", "Prometheus/3"),
    "one, second job": scrapers.Scraper("loopback", "Prometheus/3"),
    "one, third job": scrapers.Scraper("loopback", "Prometheus/3"),
    "two": scrapers.Scraper("loopback", "vmagent"),
}
"""Scrape loops, and how their requests look. The jobs of one server look alike."""


class Scrape(NamedTuple):
    """A scrape under way.

    :param shown: the serial number of the last push of each group in the response.
    """

    name: str
    begun: scrape_progress.Scrape
    revision: int
    shown: dict[grouping.GroupingKey, int]


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
        self.connections: dict[str, proof_builders.Connection] = {}
        self.scrapes: list[Scrape] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        store_builders.done(self.disk.close())

    def _has_seen(self, job: cluster_model.Job) -> bool:
        return self.operator.has_seen(job)

    def _new_drainer(self) -> group_drainer.Drainer:
        return group_drainer.Drainer(
            self.store,
            drain_conditions.DrainConditions(self.tracker, grade=proofs.Grade.INGESTED),
            clock=self.clock,
            on_deleted=self.judge.deleted,
            on_expired=lambda _: None,
        )

    def _pick(self, which: int) -> list[cluster_model.Job]:
        """One of the Jobs that are there, if there are any."""
        present = self.kube.present()
        return [present[which % len(present)]] if present else []

    def _begin_a_scrape(self, name: str) -> None:
        """Begin a scrape, unless the last one of this scrape loop is still under way: a loop is sequential."""
        if any(scrape.name == name for scrape in self.scrapes) or self._would_be_taken_for_another(name):
            return
        now = self.clock.monotonic()
        connection = self.connections.setdefault(name, proof_builders.Connection())
        readers = len(self.tracker.known())
        begun = self.tracker.began(SCRAPERS[name], connection=connection, now=now)
        assert begun is not None
        if len(self.tracker.known()) > readers:
            for each in _alike(name):
                self.judge.scrapers[each].is_replaced = True
        store_builders.done(self.disk.commit())
        self.judge.scrapers[name].begin(now=now)
        snapshot = store_builders.done(self.store.snapshot())
        self.scrapes.append(Scrape(name, begun, snapshot.revision, self._shown()))
        store_builders.done(self.drainer.sweep())

    def _would_be_taken_for_another(self, name: str) -> bool:
        """Whether the gateway does not know this loop yet, and another one that looks like it is not connected.

        The gateway then takes the new loop for the other one, as documented, until both have scraped.
        """
        others = [each for each in _alike(name) if self.judge.scrapers[each].began]
        known = [reading for reading in self.tracker.known() if reading.reader.scraper == SCRAPERS[name]]
        is_known = len(known) > len(others)
        return not is_known and any(each not in self.connections for each in others)

    def _end_a_scrape(self, which: int, *, complete: bool) -> None:
        scrape = self.scrapes.pop(which)
        if not complete:
            self._disconnect(scrape.name)
            return
        self.judge.scrapers[scrape.name].receive(scrape.shown)
        self.tracker.delivered(scrape.begun, revision=scrape.revision, now=self.clock.monotonic())
        store_builders.done(self.drainer.sweep())

    def _disconnect(self, name: str) -> None:
        if name in self.connections:
            self.connections.pop(name).close()

    def _kill_scraper(self, name: str) -> None:
        """Kill a scrape loop: what it has received and not stored is lost. Its next scrape has a new connection."""
        self.scrapes[:] = [scrape for scrape in self.scrapes if scrape.name != name]
        self._disconnect(name)
        self.judge.scrapers[name].die()

    def _scrape(self, name: str) -> None:
        self._kill_scrapes_of(name)
        self._begin_a_scrape(name)
        if self.scrapes and self.scrapes[-1].name == name:
            self._end_a_scrape(len(self.scrapes) - 1, complete=True)

    def _kill_scrapes_of(self, name: str) -> None:
        for which in [number for number, scrape in enumerate(self.scrapes) if scrape.name == name]:
            self._end_a_scrape(which, complete=False)

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


def _alike(name: str) -> list[str]:
    """The other scrape loops whose requests look like those of this one."""
    return [each for each, scraper in SCRAPERS.items() if scraper == SCRAPERS[name] and each != name]


def _labels(key: grouping.GroupingKey) -> str:
    return ",".join(f'{name}="{value}"' for name, value in sorted({"instance": "", **dict(key)}.items()))
