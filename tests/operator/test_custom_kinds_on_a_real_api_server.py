"""Kinds that only a flag knows, on a real API server: a resource that is missing at first, comes, and goes again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import prometheus_client
import pytest

from tests.cluster import admin_client, clusters, custom_resources, kubernetes_objects
from tests.operator import object_builders
from tests.support import waiting
from tidegate import settings
from tidegate.aio import clocks
from tidegate.model import owners
from tidegate.operator import operator_metrics
from tidegate.operator.cache import cluster_cache
from tidegate.operator.explain import notifications
from tidegate.operator.kube import credentials, kube_api
from tidegate.operator.objects import owner_kinds, served_kinds
from tidegate.operator.planning import work_queue
from tidegate.operator.watch import cache_updater, resyncs

_PODS = Path(__file__).resolve().parents[2] / "manifests" / "components" / "watch-pods" / "rbac.yaml"
_QUICK = settings.WorkerSettings(resync_seconds=0.2, backoff_seconds=0.1, backoff_limit_seconds=0.2)


class _Listing:
    """The lists at work on a table of kinds, and what they make known."""

    def __init__(self, api: kube_api.KubeApi, *texts: str) -> None:
        self.cache = cluster_cache.ClusterCache()
        self.registry = prometheus_client.CollectorRegistry()
        self.table = served_kinds.ServedKinds(owner_kinds.watched_kinds(texts))
        clock = clocks.SystemClock()
        own = operator_metrics.OperatorMetrics(self.registry)
        told = notifications.Notifier(lambda _: None, grace=None, on_act=lambda *_: None)
        intake = cache_updater.CacheUpdater(
            self.cache,
            queue=work_queue.WorkQueue(),
            notifier=told,
            metrics=own,
            clock=clock,
            server_clock=api.server_clock,
        )
        self.resync = resyncs.Resync(
            api, kinds=self.table, updater=intake, metrics=own, clock=clock, worker_settings=_QUICK
        )

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        running = asyncio.create_task(self.resync.run())
        self.resync.resync_now()
        try:
            yield
        finally:
            running.cancel()
            await asyncio.wait({running})

    async def again(self) -> None:
        """Wait for a list that begins after this: the next one that ends may have begun before."""
        for _ in range(2):
            before = self.resync.last_list_started

            async def listed(before: float = before) -> bool:
                return self.resync.last_list_started > before

            await waiting.eventually_async(listed, why="another list", timeout=20.0)

    def count(self, kind: str) -> float | None:
        return self.registry.get_sample_value("tidegate_operator_objects", {"kind": kind})


@pytest.fixture
def runs(
    cluster: clusters.Cluster,
    operator_rights: Path,  # noqa: ARG001 - it makes the account that the rights are given to
    namespace: str,
) -> Iterator[custom_resources.Runs]:
    """A kind of the test's own, not defined yet; the operator may list and watch it."""
    made = custom_resources.Runs(cluster, group=f"{namespace}.tidegate.example")
    with made.granted():
        yield made


def _owner(runs: custom_resources.Runs, run: admin_client.Object) -> owners.Owner:
    metadata = run["metadata"]
    return owners.Owner(runs.kind, metadata["namespace"], metadata["name"], owners.Uid(metadata["uid"]))


async def test_a_missing_resource_is_told_of_once_and_what_its_objects_claim_is_not_taken_for_gone(
    runs: custom_resources.Runs, api: kube_api.KubeApi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    listing = _Listing(api, runs.watch)
    night = owners.Owner(runs.kind, "prod", "night", owners.Uid("u"))
    claim = owners.Claim(owner=night, drain_timeout=300.0)
    listing.cache.put_group(object_builders.group("job=night", claims=[claim]), monotonic=0.0)
    async with listing.at_work():
        await listing.again()
        await listing.again()
    assert [kind.plural for kind in listing.table.served] == ["jobs", "cronjobs"]
    assert listing.cache.deleted_at(night) is None
    assert listing.count(runs.kind) is None
    told = [record.getMessage() for record in caplog.records if runs.group in record.getMessage()]
    assert len(told) == 1
    assert f"the list of runs.{runs.group} failed" in told[0]
    assert "keeping their groups until the API server serves this kind" in told[0]


async def test_a_resource_that_comes_is_listed_and_its_objects_end_and_go(
    runs: custom_resources.Runs, namespace: str, api: kube_api.KubeApi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    listing = _Listing(api, runs.watch)
    async with listing.at_work():
        await listing.again()
        with runs.defined():
            night = _owner(runs, runs.create("night", namespace=namespace))
            await listing.again()
            known = listing.cache.get_object(night)
            assert known is not None
            assert not known.has_finished
            assert listing.count(runs.kind) == 1
            assert f"runs.{runs.group} succeeded again" in caplog.text

            runs.set_done("night", namespace=namespace)
            await listing.again()
            known = listing.cache.get_object(night)
            assert known is not None
            assert known.view.finish is not None
            assert known.view.finish.succeeded

            runs.delete("night", namespace=namespace)
            await listing.again()
            assert listing.cache.deleted_at(night) is not None


async def test_what_was_there_when_its_resource_went_is_not_taken_for_gone_by_a_list(
    runs: custom_resources.Runs, namespace: str, api: kube_api.KubeApi
) -> None:
    listing = _Listing(api, runs.watch)
    async with listing.at_work():
        with runs.defined():
            night = _owner(runs, runs.create("night", namespace=namespace))
            await listing.again()
            assert listing.cache.get_object(night) is not None
        await listing.again()
        assert [kind.plural for kind in listing.table.served] == ["jobs", "cronjobs"]
        assert listing.cache.deleted_at(night) is None


async def test_what_was_claimed_before_its_resource_came_back_without_it_is_gone(
    runs: custom_resources.Runs, api: kube_api.KubeApi
) -> None:
    listing = _Listing(api, runs.watch)
    night = owners.Owner(runs.kind, "prod", "night", owners.Uid("u"))
    claim = owners.Claim(owner=night, drain_timeout=300.0)
    listing.cache.put_group(object_builders.group("job=night", claims=[claim]), monotonic=0.0)
    with runs.defined():
        async with listing.at_work():
            await listing.again()
            assert listing.cache.deleted_at(night) is not None


async def test_a_resource_without_namespaces_is_told_of_and_disturbs_nobody(
    api: kube_api.KubeApi, caplog: pytest.LogCaptureFixture
) -> None:
    listing = _Listing(api, "v1/nodes:status.conditions.Ready")
    async with listing.at_work():
        await listing.again()
    assert "nodes is not namespaced; only namespaced resources can be watched" in caplog.text


async def test_what_may_not_be_listed_stops_all_lists_with_words(
    cluster: clusters.Cluster, namespace: str, api: kube_api.KubeApi, caplog: pytest.LogCaptureFixture
) -> None:
    forbidden = custom_resources.Runs(cluster, group=f"{namespace}.tidegate.example")
    listing = _Listing(api, forbidden.watch)

    async def told() -> bool:
        return f'cannot list resource "runs" in API group "{forbidden.group}"' in caplog.text

    with forbidden.defined():
        async with listing.at_work():
            await waiting.eventually_async(told, why="the missing right to be named", timeout=20.0)
            assert not listing.resync.synced.is_set()


async def test_only_bare_pods_that_can_end_are_listed(
    cluster: clusters.Cluster, namespace: str, operator_rights: Path
) -> None:
    cluster.kubectl("apply", "-f", _PODS)
    chosen = settings.KubernetesSettings(kubeconfig=str(operator_rights), page_size=1)
    api = kube_api.KubeApi(await credentials.load(chosen), kube_settings=chosen, clock=clocks.SystemClock())
    try:
        cluster.api.create(
            "jobs", kubernetes_objects.job("x", kubernetes_objects.container("true")), namespace=namespace
        )
        cluster.wait_until_finished("x", namespace=namespace)
        for name, policy in (("bare", "Never"), ("retrying", "OnFailure"), ("service", "Always")):
            spec = {"restartPolicy": policy, "containers": [kubernetes_objects.container("true")]}
            body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
            cluster.api.create("pods", body, namespace=namespace)
        found = [
            view.owner.name for view in await api.list_objects(owner_kinds.POD) if view.owner.namespace == namespace
        ]
        assert sorted(found) == ["bare", "retrying"]
    finally:
        await api.close()
        cluster.kubectl("delete", "-f", _PODS)
