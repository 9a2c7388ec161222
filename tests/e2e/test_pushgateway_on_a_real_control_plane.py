"""The operator beside the real Pushgateway on the real control plane: whose groups go, and whose stay."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import binaries, clusters
from tests.differential import pushgateway_servers
from tests.e2e import pushing_jobs
from tests.support import tidegate_processes, waiting


@pytest.fixture
def pushgateway(tmp_path: Path) -> Iterator[pushgateway_servers.Pushgateway]:
    running = pushgateway_servers.Pushgateway(binaries.ensure(["pushgateway"])["pushgateway"], folder=tmp_path)
    try:
        running.start()
        yield running
    finally:
        running.process.stop()


@pytest.fixture
def push_there(
    cluster: clusters.Cluster, pushgateway: pushgateway_servers.Pushgateway, namespace: str
) -> pushing_jobs.Pushers:
    """Makes Jobs in the test's namespace that push to the Pushgateway."""
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
def test_a_jobs_group_goes_after_its_grace_period_and_a_strangers_and_an_active_jobs_stay(
    cluster: clusters.Cluster,
    pushgateway: pushgateway_servers.Pushgateway,
    push_there: pushing_jobs.Pushers,
) -> None:
    over, active, stranger, by_pod = (push_there.unique(name) for name in ("over", "active", "stranger", "any-name"))
    _push(pushgateway, stranger)
    push_there.job(active, runs_on=True)
    push_there.job(push_there.unique("by-pod"), group=by_pod, key="instance=$(POD)")
    push_there.job(over)
    push_there.ended(over)
    push_there.ended(push_there.unique("by-pod"))
    assert over in _there(pushgateway)
    waiting.eventually(lambda: _there(pushgateway) == {active, stranger}, why="the groups of what is over to go")
    push_there.delete(active)
    waiting.eventually(lambda: _there(pushgateway) == {stranger}, why="the group of the Job that was deleted to go")
    events = cluster.api.list("events", namespace=push_there.namespace, fields="reason=GroupsDeleted")
    assert {event["regarding"]["name"] for event in events} >= {over}
    assert all(
        event["note"].endswith("Pushgateway does not report who has scraped the final values") for event in events
    )


def test_an_operator_that_was_away_while_a_job_ended_still_ends_its_group(
    pushgateway: pushgateway_servers.Pushgateway,
    push_there: pushing_jobs.Pushers,
    operator_there: tidegate_processes.Operator,
) -> None:
    name = push_there.unique("meanwhile")
    operator_there.process.stop()
    push_there.job(name)
    push_there.ended(name)
    operator_there.start()
    waiting.eventually(lambda: name not in _there(pushgateway), why="its group to go")
