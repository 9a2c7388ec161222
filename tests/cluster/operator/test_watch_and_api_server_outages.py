"""The watch, with the permissions of the operator, continues after an outage of the API server."""

from __future__ import annotations

import asyncio

from tests.support.kubernetes import admin_client, clusters, kubernetes_objects
from tests.support.operator import supervised_watches
from tests.support.processes import tidegate_processes


async def test_watch_continues_after_an_outage_of_the_api_server(
    own_cluster: clusters.LocalCluster, own_namespace: str
) -> None:
    def create(name: str) -> admin_client.Object:
        body = kubernetes_objects.job(name, kubernetes_objects.container("true"), suspend=True)
        return own_cluster.api.create("jobs", body, namespace=own_namespace)

    kubeconfig = await asyncio.to_thread(tidegate_processes.operator_kubeconfig, own_cluster)
    async with supervised_watches.at_work(supervised_watches.Watching(kubeconfig)) as watching:
        await watching.sees(create("before"))
        with own_cluster.control_plane.outage():
            pass
        await watching.sees(create("after"))
    assert own_cluster.api.list("events", namespace=own_namespace, fields="reportingController=kopf") == []
