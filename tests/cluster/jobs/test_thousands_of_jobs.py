"""Thousands of Jobs at once: all finished ones are cleaned up, no live group is deleted, the operator stays fast."""

import time
from collections.abc import Callable, Iterable
from concurrent import futures
from typing import TypeVar

import pytest

from tests.support import environments, waiting
from tests.support.jobs import externally_managed_jobs
from tests.support.kubernetes import admin_client, pod_status
from tests.support.processes import process_usage

_JOBS = 3_000
_ENDED, _DELETED = range(1_500), range(1_500, 2_500)
_RUNNING = range(2_500, _JOBS)
_HANDS = 4
_RETIRE_SECONDS = 10.0
"""Time limit from the end of a Job until its group drains, with an API server that is busy with all other Jobs."""
_OPERATOR_BYTES = 150_000_000

Item = TypeVar("Item")


def _all_at_once(do: Callable[[Item], object], items: Iterable[Item]) -> None:
    with futures.ThreadPoolExecutor(_HANDS) as hands:
        for _ in hands.map(do, items):
            pass


class _ManyJobs:
    """Jobs without pods in a namespace of their own, each with a group."""

    def __init__(self, environment: environments.Environment) -> None:
        self._environment = environment
        self._jobs = f"apis/batch/v1/namespaces/{environment.namespace}/jobs"
        self.ended: dict[str, float] = {}
        """The completion time of each Job that the test has finished."""

    def name(self, number: int) -> str:
        return self._environment.push.unique(f"crowd-{number}")

    def names(self, numbers: Iterable[int]) -> set[str]:
        return {self.name(number) for number in numbers}

    def create(self, number: int) -> None:
        body = externally_managed_jobs.job(self.name(number))
        body["metadata"]["labels"] = {"deleted": str(number in _DELETED)}
        self._environment.api.create("jobs", body, namespace=self._environment.namespace)

    def push(self, number: int) -> None:
        self._environment.gateway.push(f"job/{self.name(number)}/shard/{number % 7}", f"crowd {number}\n")

    def end(self, number: int) -> None:
        body = externally_managed_jobs.ended("Complete" if number % 2 else "Failed", at=pod_status.timestamp())
        path = f"{self._jobs}/{self.name(number)}/status"
        self._environment.api.request("PATCH", path, body=body, content_type=admin_client.MERGE_PATCH)
        self.ended[self.name(number)] = time.monotonic()

    def delete(self, selector: str) -> None:
        query = {"labelSelector": selector}
        self._environment.api.request("DELETE", self._jobs, query=query, body={"propagationPolicy": "Background"})

    def live(self) -> set[str]:
        """The names of the groups that have an owner and are not draining."""
        listed = self._environment.gateway.listed()
        return {
            group["labels"]["job"] for group in listed if group["claims"] and group["drain_pushed_revision"] is None
        }


def test_groups_of_running_jobs_are_kept_when_thousands_of_jobs_finish_and_disappear(
    environment: environments.Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = _ManyJobs(environment)
    began = time.monotonic()
    _all_at_once(jobs.create, range(_JOBS))
    _all_at_once(jobs.push, range(_JOBS))
    created = time.monotonic()
    waiting.eventually(lambda: len(jobs.live()) == _JOBS, why="every group to be claimed", timeout=30.0, interval=0.5)
    claimed = time.monotonic()
    lasted = _end_and_see_retired(jobs)
    ended = time.monotonic()
    running = jobs.names(_RUNNING)
    waiting.eventually(
        lambda: environment.gateway.groups().keys() == running, why="every other group to go", interval=0.5
    )
    assert environment.prometheus.value("count(last_over_time(crowd[1h]))") == _JOBS

    memory = process_usage.peak(environment.operator.process.pid)
    with capsys.disabled():
        print(
            f"\n{_JOBS} Jobs and pushes in {created - began:.1f} s, claimed after {claimed - created:.1f} s, "
            f"{len(_ENDED) + len(_DELETED)} ended and their groups retired in {ended - claimed:.1f} s, "
            f"each at most {lasted:.1f} s after its Job; the operator took {memory / 1e6:.0f} MB"
        )
    assert lasted < _RETIRE_SECONDS
    assert memory < _OPERATOR_BYTES
    jobs.delete("deleted=False")
    waiting.eventually(lambda: not environment.gateway.groups(), why="the rest to go", interval=0.2)


def _end_and_see_retired(jobs: _ManyJobs) -> float:
    """Finish most of the Jobs; return the longest time from a Job's end until its group was draining."""
    retired: dict[str, float] = {}
    awaited = jobs.names(_ENDED) | jobs.names(_DELETED)

    def look() -> bool:
        live = jobs.live()
        now = time.monotonic()
        retired.update(dict.fromkeys(awaited - live - retired.keys(), now))
        return awaited <= retired.keys()

    with futures.ThreadPoolExecutor(2) as working:
        ending = working.submit(_all_at_once, jobs.end, _ENDED)
        deleting = working.submit(jobs.delete, "deleted=True")
        waiting.eventually(look, why="every other group to be retired", timeout=60.0, interval=0.1)
        ending.result()
        deleting.result()
    return max(retired[name] - at for name, at in jobs.ended.items())
