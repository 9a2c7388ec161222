"""Many Jobs at once: the groups of all finished ones are cleaned up, and no live group is deleted."""

import itertools
import time
from collections.abc import Callable, Iterable
from concurrent import futures
from typing import TypeVar

import pytest

from tests.support import environments, waiting
from tests.support.jobs import externally_managed_jobs
from tests.support.processes import process_usage

_SECONDS = 180.0
_OPERATOR_BYTES = 150_000_000

Item = TypeVar("Item")


def _at_once(do: Callable[[Item], object], items: Iterable[Item]) -> None:
    with futures.ThreadPoolExecutor(4) as threads:
        for _ in threads.map(do, items):
            pass


class _ManyJobs:
    """Jobs without pods, each with a group."""

    def __init__(self, environment: environments.Environment, count: int) -> None:
        self._environment = environment
        self.all = [f"crowd-{number}" for number in range(count)]
        self.ended, self.deleted, self.running = (
            self.all[: count // 2],
            self.all[count // 2 : count * 5 // 6],
            self.all[count * 5 // 6 :],
        )

    def create(self, name: str) -> None:
        body = externally_managed_jobs.job(name)
        body["metadata"]["labels"] = {"deleted": str(name in self.deleted)}
        self._environment.api.create("jobs", body, namespace=self._environment.namespace)

    def push(self, name: str) -> None:
        self._environment.gateway.push(f"job/{name}/shard/{len(name)}", "crowd 1\n")

    def end(self, name: str) -> None:
        self._environment.end(name, "Complete" if int(name[-1]) % 2 else "Failed")

    def delete(self, selector: str) -> None:
        path = f"apis/batch/v1/namespaces/{self._environment.namespace}/jobs"
        query = {"labelSelector": selector}
        self._environment.api.request("DELETE", path, query=query, body={"propagationPolicy": "Background"})

    def live(self) -> set[str]:
        """The names of the groups that have an owner and are not draining."""
        listed = self._environment.gateway.listed()
        return {
            group["labels"]["job"] for group in listed if group["claims"] and group["drain_pushed_revision"] is None
        }


@pytest.mark.parametrize("count", [300, pytest.param(3_000, marks=pytest.mark.long)])
def test_groups_of_running_jobs_are_kept_when_many_jobs_finish_and_disappear(
    own_environment: environments.Environment, capsys: pytest.CaptureFixture[str], count: int
) -> None:
    own_environment.start()
    jobs = _ManyJobs(own_environment, count)
    moments = [time.monotonic()]
    _at_once(jobs.create, jobs.all)
    _at_once(jobs.push, jobs.all)
    moments.append(time.monotonic())
    _wait_until(lambda: len(jobs.live()) == count, "every group to be claimed")
    moments.append(time.monotonic())
    _at_once(jobs.end, jobs.ended)
    jobs.delete("deleted=True")
    gateway = own_environment.gateway
    _wait_until(lambda: gateway.groups().keys() == set(jobs.running), "every other group to be deleted")
    moments.append(time.monotonic())
    assert own_environment.prometheus.value("count(last_over_time(crowd[1h]))") == count
    assert jobs.live() == set(jobs.running)

    memory = process_usage.peak(own_environment.operator.process.pid)
    with capsys.disabled():
        created, claimed, deleted = (later - earlier for earlier, later in itertools.pairwise(moments))
        print(
            f"\n{count} Jobs and pushes in {created:.1f} s, claimed after {claimed:.1f} s, the groups of "
            f"{count - len(jobs.running)} deleted in {deleted:.1f} s; the operator took {memory / 1e6:.0f} MB"
        )
    assert memory < _OPERATOR_BYTES
    jobs.delete("deleted=False")
    _wait_until(lambda: not gateway.groups(), "the rest to be deleted")


def _wait_until(look: Callable[[], bool], why: str) -> None:
    waiting.eventually(look, why=why, timeout=_SECONDS, interval=0.5)
