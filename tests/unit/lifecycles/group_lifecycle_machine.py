"""All events of groups, with the real store, tracker, collector, cache and planner, and an independent check.

Random are the Jobs, who pushes when, who scrapes how far, which events arrive, when the operator runs, and the clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.support.store import store_builders
from tests.unit.lifecycles import (
    crashable_store,
    lifecycle_parts,
    operator_driver,
    random_steps,
)
from tidegate.draining import scrape_progress
from tidegate.model import lifecycle

DRAIN_TIMEOUTS = [90.0, 300.0]
LONGEST_LIFE = max(DRAIN_TIMEOUTS) + operator_driver.RESYNC

_ANY = range(4)
_JOB: dict[str, Sequence[Any]] = {
    "name": ["x", "y"],
    "namespace": ["prod", "prod", "dev"],
    "cleanup": ["on-completion", "on-completion", "on-success", "on-deletion", "never"],
    "annotated": [False, False, False, True],
    "drain_timeout": DRAIN_TIMEOUTS,
}
_TTLS = [None, None, None, 5.0, 60.0]
_SCRAPERS = list(lifecycle_parts.SCRAPERS)
_BOTH = [True, False]


class GroupLife(lifecycle_parts.LifecycleParts):
    """The steps by which the parts change. A step that makes no sense now does nothing."""

    def check(self) -> None:
        """The exposition shows the last push of each group there is."""
        assert self._shown() == {key: self.judge.last(key).serial for key in self.store.grouping_keys()}

    def deletions(self) -> list[lifecycle.DeletionReason]:
        """Why each group was deleted that this process of the gateway has deleted, the last one first."""
        return [deletion.record.reason for deletion in self.store.recent_deletions()]

    # Jobs

    @random_steps.step(**_JOB)
    def create(self, /, **job: Any) -> None:
        self.kube.create(**job)

    @random_steps.step(**_JOB, succeeded=_BOTH)
    def a_job_pushes_and_ends_at_once(self, /, *, succeeded: bool, **job: Any) -> None:
        self.kube.create(**job)
        for made in self.kube.present():
            if made.owner[1:3] == (job["namespace"], job["name"]):
                self._push_of(made, 0)
                self.clock.advance(1.0)
                self.kube.finish(made, succeeded=succeeded)

    @random_steps.step(which=_ANY, succeeded=_BOTH)
    def finish(self, *, which: int, succeeded: bool) -> None:
        for job in self._pick(which):
            self.kube.finish(job, succeeded=succeeded)

    @random_steps.step(which=_ANY)
    def delete(self, *, which: int) -> None:
        for job in self._pick(which):
            self.kube.delete(job)

    @random_steps.step(which=_ANY)
    def recreate(self, *, which: int) -> None:
        for job in self._pick(which):
            self.kube.delete(job)
            self.kube.create(
                job.owner.name,
                job.owner.namespace,
                cleanup=job.cleanup,
                annotated=job.annotated,
                drain_timeout=job.drain_timeout,
            )

    @random_steps.step(which=_ANY)
    def suspend(self, *, which: int) -> None:
        for job in self._pick(which):
            self.kube.touch(job)

    # Pushes and scrapes

    @random_steps.step(which=_ANY, key=_ANY, ttl=_TTLS)
    def push_by_a_job_that_is_there_or_was(self, *, which: int, key: int, ttl: float | None) -> None:
        if self.kube.jobs:
            self._push_of(self.kube.jobs[-1 - which % len(self.kube.jobs)], key, ttl=ttl)

    @random_steps.step(which=_ANY)
    def push_by_the_pod_of_a_job_that_runs(self, *, which: int) -> None:
        if running := self._with_pods():
            self._push_from_pod(running[which % len(running)])

    @random_steps.step(which=_ANY, succeeded=_BOTH, name=_SCRAPERS)
    def two_pods_push_at_once_and_the_job_of_the_last_push_ends_and_all_is_scraped(
        self, *, which: int, succeeded: bool, name: str
    ) -> None:
        if len(running := self._with_pods()) < 2:
            return
        first, last = running[which % len(running)], running[(which + 1) % len(running)]
        self._push_from_pod(first)
        self._push_from_pod(last)
        self.clock.advance(1.0)
        self.kube.finish(last, succeeded=succeeded)
        if self.operator.running:
            self.operator.resync()
        self._scrape(name)

    @random_steps.step(key=range(len(lifecycle_parts.KEYS)), ttl=_TTLS)
    def push_by_a_stranger(self, *, key: int, ttl: float | None) -> None:
        self._push(lifecycle_parts.KEYS[key], uid=None, ttl=ttl)

    @random_steps.step(name=_SCRAPERS)
    def begin_a_scrape(self, *, name: str) -> None:
        self._begin_a_scrape(name)

    @random_steps.step(which=[0, 0, 1, 2], complete=[True, True, True, False])
    def end_a_scrape(self, *, which: int, complete: bool) -> None:
        if self.scrapes:
            self._end_a_scrape(which % len(self.scrapes), complete=complete)

    @random_steps.step(name=_SCRAPERS)
    def scrape_all_at_once(self, *, name: str) -> None:
        self._scrape(name)

    @random_steps.step(name=_SCRAPERS)
    def a_scraper_is_killed(self, *, name: str) -> None:
        self._kill_scraper(name)

    @random_steps.step(name=_SCRAPERS, times=[1, 2, 3])
    def a_scraper_is_killed_while_it_stores_a_scrape_and_comes_back(self, *, name: str, times: int) -> None:
        self._scrape(name)
        self._kill_scraper(name)
        for _ in range(times):
            self._scrape(name)

    @random_steps.step(name=_SCRAPERS, times=[1, 2, 3])
    def every_connection_ends_and_one_scrape_loop_continues(self, *, name: str, times: int) -> None:
        for each in lifecycle_parts.SCRAPERS:
            self._kill_scrapes_of(each)
            self._disconnect(each)
        for _ in range(times):
            self.clock.advance(1.0)
            self._scrape(name)

    @random_steps.step(name=_SCRAPERS)
    def a_connection_of_a_scraper_ends(self, *, name: str) -> None:
        if not any(scrape.name == name for scrape in self.scrapes):
            self._disconnect(name)

    @random_steps.step(name=_SCRAPERS, interval=[15.0, 1.0, 60.0, 150.0, 300.0], times=[9, 5, 2])
    def scrape_regularly(self, *, name: str, interval: float, times: int) -> None:
        for _ in range(times):
            self.clock.advance(interval)
            self._sweep()
            self._scrape(name)

    # The operator and time

    @random_steps.step()
    def the_operator_hears_events(self) -> None:
        if self.operator.running:
            self.operator.hear()

    @random_steps.step()
    def the_operator_misses_events(self) -> None:
        if self.operator.running:
            self.operator.miss()

    @random_steps.step()
    def the_operator_follows_the_gateway(self) -> None:
        if self.operator.running:
            self.operator.work()

    @random_steps.step()
    def the_operator_decides(self) -> None:
        if self.operator.running:
            self.operator.decide()

    @random_steps.step()
    def the_operator_does_what_it_decided(self) -> None:
        if self.operator.running:
            self.operator.act()

    @random_steps.step()
    def the_operator_lists_all(self) -> None:
        if self.operator.running:
            self.operator.resync()

    @random_steps.step()
    def the_operator_starts_anew(self) -> None:
        self.operator.start()

    @random_steps.step()
    def the_operator_is_killed(self) -> None:
        self.operator.kill()

    @random_steps.step(seconds=[0.0, 5.0, 50.0, 400.0])
    def the_gateway_is_killed_and_comes_back(self, *, seconds: float) -> None:
        self.disk.killed()
        self.scrapes.clear()
        for name in list(self.connections):
            self._disconnect(name)
        self.clock.advance(seconds)
        self.judge.nobody_could_scrape_for(seconds)
        self.store = crashable_store.restarted(self.disk, clock=self.clock)
        self.tracker = scrape_progress.ScrapeTracker(self.store)
        readings, ended = self.store.restored_readers()
        self.tracker.restore(readings, ended=ended, now=self.clock.monotonic())
        self.drainer = self._new_drainer()
        self.operator.meet(self.store, drainer=self.drainer)
        self._sweep()

    @random_steps.step(seconds=[1.0, 7.0, 20.0, 20.0, 70.0, 280.0, 400.0])
    def time_passes(self, *, seconds: float) -> None:
        self.clock.advance(seconds)
        self._sweep()

    @random_steps.step()
    def the_operator_runs_for_as_long_as_a_group_may_outlive_its_owners(self) -> None:
        self.operator.start()
        until = self.clock.monotonic() + LONGEST_LIFE
        while self.clock.monotonic() < until:
            self.clock.advance(operator_driver.RESYNC)
            self.operator.resync()
            store_builders.done(self.drainer.sweep())
        self.judge.expect_gone(self._left())
