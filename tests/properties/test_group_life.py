"""The invariants of the design over random lives: real store, tracker, drain, picture and plan; a judge of their own.

Random are the Jobs, who pushes when, who scrapes how far, which events arrive, when the operator runs, and the clock.
"""

from __future__ import annotations

import re
from typing import Any

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.properties import operators, restarts, worlds
from tests.store import builders
from tidegate.aiokits import clocks
from tidegate.model import groups, records, scrapers
from tidegate.scrapes import drains, trackers

KEYS = [
    builders.key(job="x"),
    builders.key(job="y"),
    builders.key(job="x", namespace="prod"),
    worlds.ANNOTATED,
]
DRAIN_TIMEOUTS = [90.0, 300.0]
LONGEST_LIFE = max(DRAIN_TIMEOUTS) + operators.RESYNC

_ANY = st.integers(0, 1_000)
_JOBS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["x", "y"]),
        "namespace": st.sampled_from(["prod", "prod", "dev"]),
        "cleanup": st.sampled_from(["on-completion"] * 2 + ["on-success", "on-deletion", "never"]),
        "annotated": st.sampled_from([False, False, False, True]),
        "drain_timeout": st.sampled_from(DRAIN_TIMEOUTS),
    }
)
_TTLS = st.sampled_from([None, None, None, 5.0, 60.0])
_SCRAPERS = st.sampled_from(["one", "two", "three"])
_PUSHED = re.compile(r"^pushed\{(.*)\} (\d+)$", re.MULTILINE)


class GroupLife(RuleBasedStateMachine):
    """Everything that can happen to groups, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = clocks.MovableClock()
        self.kube = worlds.Kube(self.clock)
        self.judge = worlds.Judge(self.kube, self.clock, told=self._told)
        self.disk = restarts.Disk(self.clock)
        self.store = restarts.restarted(self.disk, clock=self.clock)
        self.tracker = trackers.ScrapeTracker(self.store)
        self.drainer = self._new_drainer()
        self.operator = operators.Operator(self.kube, self.store, drainer=self.drainer, clock=self.clock)
        self.scrapes: list[tuple[str, int, dict[groups.GroupingKey, int]]] = []

    @initialize(runs=st.booleans())
    def the_operator_runs_or_not(self, runs: bool) -> None:
        if runs:
            self.operator.start()

    # Jobs

    @rule(job=_JOBS)
    def create(self, job: dict[str, Any]) -> None:
        self.kube.create(**job)

    @rule(job=_JOBS, succeeded=st.booleans())
    def a_job_pushes_and_ends_at_once(self, job: dict[str, Any], succeeded: bool) -> None:
        self.kube.create(**job)
        for made in self.kube.present():
            if made.owner[1:3] == (job["namespace"], job["name"]):
                self._push_of(made, 0)
                self.clock.advance(1.0)
                self.kube.finish(made, succeeded=succeeded)

    @precondition(lambda self: self.kube.present())
    @rule(which=_ANY, succeeded=st.booleans())
    def finish(self, which: int, succeeded: bool) -> None:
        self.kube.finish(self._pick(which), succeeded=succeeded)

    @precondition(lambda self: self.kube.present())
    @rule(which=_ANY)
    def delete(self, which: int) -> None:
        self.kube.delete(self._pick(which))

    @precondition(lambda self: self.kube.present())
    @rule(which=_ANY)
    def recreate(self, which: int) -> None:
        job = self._pick(which)
        self.kube.delete(job)
        self.kube.create(
            job.owner.name,
            job.owner.namespace,
            cleanup=job.cleanup,
            annotated=job.annotated,
            drain_timeout=job.drain_timeout,
        )

    @precondition(lambda self: self.kube.present())
    @rule(which=_ANY)
    def suspend(self, which: int) -> None:
        self.kube.touch(self._pick(which))

    # Pushes and scrapes

    @precondition(lambda self: self.kube.jobs)
    @rule(which=_ANY, key=_ANY, ttl=_TTLS)
    def push_by_a_job_that_is_there_or_was(self, which: int, key: int, ttl: float | None) -> None:
        job = self.kube.jobs[-1 - which % len(self.kube.jobs)]
        self._push_of(job, key, ttl=ttl)

    @rule(key=st.sampled_from(KEYS), ttl=_TTLS)
    def push_by_a_stranger(self, key: groups.GroupingKey, ttl: float | None) -> None:
        self._push(key, uid=None, ttl=ttl)

    @rule(name=_SCRAPERS)
    def begin_a_scrape(self, name: str) -> None:
        now = self.clock.steady()
        self.tracker.began(scrapers.Scraper("loopback", name), now=now)
        builders.done(self.disk.committed())
        self.judge.scrapers[name].began.append(now)
        snapshot = builders.done(self.store.snapshot())
        self.scrapes.append((name, snapshot.revision, self._shown()))

    @precondition(lambda self: self.scrapes)
    @rule(complete=st.sampled_from([True, True, True, False]))
    def end_a_scrape(self, complete: bool) -> None:
        name, revision, shown = self.scrapes.pop(0)
        if complete:
            for key, serial in shown.items():
                self.judge.scrapers[name].read[key] = max(serial, self.judge.scrapers[name].read.get(key, 0))
            scraper = scrapers.Scraper("loopback", name)
            self.tracker.delivered(scraper, revision=revision, now=self.clock.steady())
            builders.done(self.drainer.sweep())

    @rule(name=_SCRAPERS)
    def scrape_all_at_once(self, name: str) -> None:
        self.scrapes.clear()
        self.begin_a_scrape(name)
        self.end_a_scrape(complete=True)

    # The operator and time

    @precondition(lambda self: self.operator.running)
    @rule()
    def the_operator_hears_events(self) -> None:
        self.operator.hear()

    @precondition(lambda self: self.operator.running)
    @rule()
    def the_operator_misses_events(self) -> None:
        self.operator.miss()

    @precondition(lambda self: self.operator.running)
    @rule()
    def the_operator_follows_the_gateway(self) -> None:
        self.operator.work()

    @precondition(lambda self: self.operator.running)
    @rule()
    def the_operator_lists_all(self) -> None:
        self.operator.resync()

    @rule()
    def the_operator_starts_anew(self) -> None:
        self.operator.start()

    @rule()
    def the_operator_is_killed(self) -> None:
        self.operator.kill()

    @rule(seconds=st.sampled_from([0.0, 5.0, 50.0, 400.0]))
    def the_gateway_is_killed_and_comes_back(self, seconds: float) -> None:
        self.disk.killed()
        self.scrapes.clear()
        self.clock.advance(seconds)
        self.store = restarts.restarted(self.disk, clock=self.clock)
        self.tracker = trackers.ScrapeTracker(self.store)
        readings, ended = self.store.kept_readings()
        self.tracker.resume(readings, ended=ended, now=self.clock.steady())
        self.drainer = self._new_drainer()
        self.operator.meet(self.store, drainer=self.drainer)
        builders.done(self.drainer.sweep())
        self.judge.swept(self._left())

    @rule(seconds=st.sampled_from([1.0, 7.0, 20.0, 20.0, 70.0, 400.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)
        builders.done(self.drainer.sweep())
        self.judge.swept(self._left())

    @rule()
    def the_operator_runs_for_as_long_as_a_group_may_outlive_its_owners(self) -> None:
        self.operator.start()
        until = self.clock.steady() + LONGEST_LIFE
        while self.clock.steady() < until:
            self.clock.advance(operators.RESYNC)
            self.operator.resync()
            builders.done(self.drainer.sweep())
        self.judge.expect_gone(self._left())

    # Always

    @invariant()
    def the_exposition_shows_the_last_push_of_each_group_there_is(self) -> None:
        assert self._shown() == {key: self.judge.last(key).serial for key in self.store.grouping_keys()}

    # Inside

    def _new_drainer(self) -> drains.Drainer:
        return drains.Drainer(
            self.store,
            self.tracker,
            clock=self.clock,
            on_deleted=self.judge.deleted,
            on_expired=lambda _: None,
        )

    def _told(self, job: worlds.Job) -> bool:
        return self.operator.told(job)

    def _pick(self, which: int) -> worlds.Job:
        present = self.kube.present()
        return present[which % len(present)]

    def _push_of(self, job: worlds.Job, which: int, *, ttl: float | None = None) -> None:
        own = [group for group in KEYS if job.owns(group)]
        self._push(own[which % len(own)], uid=job.owner.uid, ttl=ttl)

    def _push(self, key: groups.GroupingKey, *, uid: str | None, ttl: float | None) -> None:
        value = self.judge.pushes(key, uid=uid, ttl=ttl)
        pushed = builders.family("pushed", builders.number(value))
        builders.done(self.store.push(key, pushed, replace=True, ttl=ttl))

    def _left(self) -> list[records.GroupRecord]:
        return list(self.store.changes(epoch=None, since=0, limit=1_000).groups)

    def _shown(self) -> dict[groups.GroupingKey, int]:
        """By group the push that a scrape of now shows, read from its text."""
        found = [family for family in builders.done(self.store.snapshot()).families if family.name == "pushed"]
        text = b"".join(page.text for family in found for page in family.pages).decode()
        by_labels = {_labels(key): key for key in KEYS}
        return {by_labels[labels]: int(value) for labels, value in _PUSHED.findall(text)}


def _labels(key: groups.GroupingKey) -> str:
    return ",".join(f'{name}="{value}"' for name, value in sorted({"instance": "", **dict(key)}.items()))


TestGroupLife = GroupLife.TestCase
TestGroupLife.settings = hypothesis.settings(deadline=None, max_examples=150, stateful_step_count=50)
