"""The operator with a real Pushgateway on the real control plane: it deletes groups of finished Jobs only."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import waiting
from tests.support.jobs import pushing_jobs
from tests.support.kubernetes import clusters
from tests.support.processes import tidegate_processes
from tests.support.programs import binaries
from tests.support.pushgateway import pushgateway_servers


@pytest.fixture
def pushgateway(tmp_path: Path) -> Iterator[pushgateway_servers.Pushgateway]:
    with pushgateway_servers.serving(binaries.ensure(["pushgateway"])["pushgateway"], tmp_path) as running:
        yield running


@pytest.fixture
def pushing_jobs_with_pushgateway(
    cluster: clusters.Cluster, pushgateway: pushgateway_servers.Pushgateway, namespace: str
) -> pushing_jobs.Pushers:
    """Creates Jobs in the test's namespace that push to the Pushgateway."""
    return pushing_jobs.Pushers(cluster, pushgateway, namespace=namespace)


@pytest.fixture
def operator_there(
    pushgateway: pushgateway_servers.Pushgateway, operator_kubeconfig: Path, tmp_path: Path
) -> Iterator[tidegate_processes.Operator]:
    running = tidegate_processes.Operator(
        tmp_path,
        gateway=pushgateway.url,
        kubeconfig=operator_kubeconfig,
        arguments=("--operator.resync=5s", "--grace-period=6s", "--gateway.poll-interval=0.5s"),
    )
    try:
        running.start()
        yield running
    finally:
        running.process.stop()


def _there(pushgateway: pushgateway_servers.Pushgateway) -> set[str]:
    with urllib.request.urlopen(f"{pushgateway.url}/api/v1/metrics", timeout=10.0) as answer:
        return {group["labels"]["job"] for group in json.load(answer)["data"]}


def _push(pushgateway: pushgateway_servers.Pushgateway, name: str) -> None:
    pushed = urllib.request.Request(f"{pushgateway.url}/metrics/job/{name}", data=b"mine 1\n", method="PUT")
    urllib.request.urlopen(pushed, timeout=10.0).close()


@pytest.mark.usefixtures("operator_there")
def test_only_the_group_of_a_finished_job_is_deleted_after_the_grace_period(
    cluster: clusters.Cluster,
    pushgateway: pushgateway_servers.Pushgateway,
    pushing_jobs_with_pushgateway: pushing_jobs.Pushers,
) -> None:
    finished, active, stranger, by_pod = (
        pushing_jobs_with_pushgateway.unique(name) for name in ("finished", "active", "stranger", "any-name")
    )
    _push(pushgateway, stranger)
    pushing_jobs_with_pushgateway.job(active, runs_on=True)
    pushing_jobs_with_pushgateway.job(
        pushing_jobs_with_pushgateway.unique("by-pod"), group=by_pod, key="instance=$(POD)"
    )
    pushing_jobs_with_pushgateway.job(finished)
    pushing_jobs_with_pushgateway.wait_until_finished(finished)
    pushing_jobs_with_pushgateway.wait_until_finished(pushing_jobs_with_pushgateway.unique("by-pod"))
    assert finished in _there(pushgateway)
    waiting.eventually(lambda: _there(pushgateway) == {active, stranger}, why="the groups of what is over to go")
    pushing_jobs_with_pushgateway.delete(active)
    waiting.eventually(lambda: _there(pushgateway) == {stranger}, why="the group of the Job that was deleted to go")
    events = cluster.api.list(
        "events", namespace=pushing_jobs_with_pushgateway.namespace, fields="reason=GroupsDeleted"
    )
    assert {event["regarding"]["name"] for event in events} >= {finished}
    assert all(
        event["note"].endswith("Pushgateway does not report who has scraped the final values") for event in events
    )


def test_restarted_operator_deletes_the_group_of_a_job_that_finished_meanwhile(
    pushgateway: pushgateway_servers.Pushgateway,
    pushing_jobs_with_pushgateway: pushing_jobs.Pushers,
    operator_there: tidegate_processes.Operator,
) -> None:
    name = pushing_jobs_with_pushgateway.unique("meanwhile")
    operator_there.process.stop()
    pushing_jobs_with_pushgateway.job(name)
    pushing_jobs_with_pushgateway.wait_until_finished(name)
    operator_there.start()
    waiting.eventually(lambda: name not in _there(pushgateway), why="its group to go")
