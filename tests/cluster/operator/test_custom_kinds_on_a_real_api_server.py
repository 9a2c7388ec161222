"""Kinds of custom resources on a real API server: a resource that is missing at first, appears, and disappears."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import prometheus_client
import pytest

from tests.support import waiting
from tests.support.kubernetes import admin_client, clusters, custom_resources, kubernetes_objects
from tests.support.manifests import kustomizations, service_account_rights
from tests.support.operator import object_builders
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

_QUICK = settings.WorkerSettings(resync_seconds=0.2, backoff_seconds=0.1, backoff_limit_seconds=0.2)


class _Listing:
    """The resyncs of a table of kinds, and the cache that they fill."""

    def __init__(self, api: kube_api.KubeApi, *texts: str) -> None:
        self.cache = cluster_cache.ClusterCache()
        self.registry = prometheus_client.CollectorRegistry()
        self.table = served_kinds.ServedKinds(owner_kinds.watched_kinds(texts))
        clock = clocks.SystemClock()
        metrics = operator_metrics.OperatorMetrics(self.registry)
        notifier = notifications.Notifier(lambda _: None, grace=None, on_act=lambda *_: None)
        updater = cache_updater.CacheUpdater(
            self.cache,
            queue=work_queue.WorkQueue(),
            notifier=notifier,
            metrics=metrics,
            clock=clock,
            server_clock=api.server_clock,
        )
        self.resync = resyncs.Resync(
            api, kinds=self.table, updater=updater, metrics=metrics, clock=clock, worker_settings=_QUICK
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
        """Wait for a list that starts after this call; the next list to end may have started before it."""
        for _ in range(2):
            before = self.resync.last_list_started

            async def listed(before: float = before) -> bool:
                return self.resync.last_list_started > before

            await waiting.eventually_async(listed, why="another list", timeout=60.0)

    def count(self, kind: str) -> float | None:
        return self.registry.get_sample_value("tidegate_operator_objects", {"kind": kind})


@pytest.fixture
def runs(
    cluster: clusters.Cluster,
    operator_kubeconfig: Path,  # noqa: ARG001 - creates the service account that gets the permissions
    namespace: str,
) -> Iterator[custom_resources.Runs]:
    """A custom kind that is not defined yet; the operator may list and watch it."""
    custom_runs = custom_resources.Runs(cluster, group=f"{namespace}.tidegate.example")
    with custom_runs.granted():
        yield custom_runs


def _owner(runs: custom_resources.Runs, run: admin_client.Object) -> owners.Owner:
    metadata = run["metadata"]
    return owners.Owner(runs.kind, metadata["namespace"], metadata["name"], owners.Uid(metadata["uid"]))


async def test_missing_resource_is_logged_once_and_its_claimed_objects_are_not_deleted(
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
    lines = [record.getMessage() for record in caplog.records if runs.group in record.getMessage()]
    assert len(lines) == 1
    assert f"the list of runs.{runs.group} failed" in lines[0]
    assert "keeping their groups until the API server serves this kind" in lines[0]


async def test_new_resource_is_listed_and_its_objects_finish_and_are_deleted(
    runs: custom_resources.Runs, namespace: str, api: kube_api.KubeApi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    listing = _Listing(api, runs.watch)
    async with listing.at_work():
        await listing.again()
        with runs.defined():
            night = _owner(runs, runs.create("night", namespace=namespace))
            await listing.again()
            cached = listing.cache.get_object(night)
            assert cached is not None
            assert not cached.has_finished
            assert listing.count(runs.kind) == 1
            assert f"runs.{runs.group} succeeded again" in caplog.text

            runs.set_done("night", namespace=namespace)
            await listing.again()
            cached = listing.cache.get_object(night)
            assert cached is not None
            assert cached.view.finish is not None
            assert cached.view.finish.succeeded

            runs.delete("night", namespace=namespace)
            await listing.again()
            assert listing.cache.deleted_at(night) is not None


async def test_objects_are_not_deleted_when_their_resource_disappears(
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


async def test_claimed_object_is_deleted_when_its_resource_is_listed_without_it(
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


async def test_cluster_scoped_resource_is_logged_and_does_not_affect_other_kinds(
    api: kube_api.KubeApi, caplog: pytest.LogCaptureFixture
) -> None:
    listing = _Listing(api, "v1/nodes:status.conditions.Ready")
    async with listing.at_work():
        await listing.again()
    assert "nodes is not namespaced; only namespaced resources can be watched" in caplog.text


async def test_forbidden_list_is_logged_and_stops_all_lists(
    cluster: clusters.Cluster, namespace: str, api: kube_api.KubeApi, caplog: pytest.LogCaptureFixture
) -> None:
    forbidden = custom_resources.Runs(cluster, group=f"{namespace}.tidegate.example")
    listing = _Listing(api, forbidden.watch)

    async def is_logged() -> bool:
        return f'cannot list resource "runs" in API group "{forbidden.group}"' in caplog.text

    with forbidden.defined():
        async with listing.at_work():
            await waiting.eventually_async(is_logged, why="the missing permission to be named", timeout=60.0)
            assert not listing.resync.synced.is_set()


async def test_only_uncontrolled_pods_that_can_finish_are_listed(
    cluster: clusters.Cluster, namespace: str, tmp_path: Path
) -> None:
    overlay = kustomizations.write(tmp_path / "overlay", components=["watch-pods"])
    async with contextlib.AsyncExitStack() as stack:
        prefix = stack.enter_context(service_account_rights.granted(cluster, overlay))
        kubeconfig = cluster.kubeconfig_for(f"{prefix}tidegate", namespace="tidegate")
        kube_settings = settings.KubernetesSettings(kubeconfig=str(kubeconfig), page_size=1)
        api = kube_api.KubeApi(
            await credentials.load(kube_settings), kube_settings=kube_settings, clock=clocks.SystemClock()
        )
        stack.push_async_callback(api.close)
        cluster.api.create(
            "jobs", kubernetes_objects.job("x", kubernetes_objects.container("true")), namespace=namespace
        )
        cluster.wait_until_finished("x", namespace=namespace)
        for name, policy in (("bare", "Never"), ("retrying", "OnFailure"), ("service", "Always")):
            spec = {"restartPolicy": policy, "containers": [kubernetes_objects.container("true")]}
            body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
            cluster.api.create("pods", body, namespace=namespace)
        names = [
            view.owner.name for view in await api.list_objects(owner_kinds.POD) if view.owner.namespace == namespace
        ]
        assert sorted(names) == ["bare", "retrying"]
