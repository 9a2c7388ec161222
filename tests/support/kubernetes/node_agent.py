"""A small node for tests: it runs pods as local processes and reports their status as the kubelet does.

Run as `python -m tests.support.kubernetes.node_agent --kubeconfig=... --folder=...`.

Deliberately missing: images (the `image` is ignored and `command` is required), volumes, probes, resources, security
contexts, lifecycle hooks, sidecars, a network or host name of the pod (HOSTNAME is set, but the kernel's host name is
the machine's), logs and exec through the API, heartbeats. A pod's podIP is a loopback address that it can bind to.
After a restart, the agent starts all pods that have not ended from the beginning.
"""

import argparse
import asyncio
import itertools
import logging
import platform
import signal
import sys
from http import HTTPStatus
from pathlib import Path

from tests.support.kubernetes import admin_client, certificates, node_api_client, pod_runner, pod_status

_log = logging.getLogger(__name__)

NODE = "local"
FOLDER = "tests.tidegate.dev/folder"
"""Annotation of the node: the folder in which its pods work and log."""
_CAPACITY = {"cpu": "1000", "memory": "1000Gi", "pods": "1000"}
"""More than any test needs, so that the scheduler never delays a pod."""
_ENDED = ("Succeeded", "Failed")


class Agent:
    """Manages one `PodRun` for each pod that is bound to the node."""

    def __init__(
        self, calls: node_api_client.Calls, *, folder: Path, node: str = NODE, registered: bool = True
    ) -> None:
        """Prepare an agent.

        :param node: the name of the node.
        :param registered: whether to create the Node. Without it, only pods that name the node are bound to it.
        """
        self._calls = calls
        self._node = node
        self._registered = registered
        self._folder = folder
        self._runs: dict[str, pod_runner.PodRun] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._addresses = (f"127.1.{high}.{low}" for high in itertools.cycle(range(1, 255)) for low in range(1, 255))

    async def work(self) -> None:
        """Register the node and run its pods until cancelled."""
        try:
            if self._registered:
                await self._register()
            while True:
                try:
                    await self._follow()
                except node_api_client.UNREACHABLE as error:
                    _log.info("watching again in %s s: %r", node_api_client.RETRY_SECONDS, error)
                    await asyncio.sleep(node_api_client.RETRY_SECONDS)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _register(self) -> None:
        labels = {"kubernetes.io/hostname": self._node, "kubernetes.io/os": "linux"}
        node = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": self._node, "labels": labels, "annotations": {FOLDER: str(self._folder)}},
        }
        try:
            await self._calls.until_response("POST", "api/v1/nodes", body=node)
        except node_api_client.RejectedError as refusal:
            if refusal.status != HTTPStatus.CONFLICT:
                raise
        now = pod_status.timestamp()
        ready = {"type": "Ready", "status": "True", "reason": "AgentReady", "lastTransitionTime": now}
        status = {
            "capacity": _CAPACITY,
            "allocatable": _CAPACITY,
            "conditions": [{**ready, "lastHeartbeatTime": now}],
            "addresses": [{"type": "InternalIP", "address": pod_status.NODE_IP}],
            "nodeInfo": {"kubeletVersion": "tidegate-test-agent", "architecture": platform.machine()},
        }
        await self._calls.until_response(
            "PATCH",
            f"api/v1/nodes/{self._node}/status",
            body={"status": status},
            content_type=node_api_client.STRATEGIC_PATCH,
        )

    async def _follow(self) -> None:
        """List the node's pods, then watch them until the watch ends."""
        selector = {"fieldSelector": f"spec.nodeName={self._node}"}
        listed = await self._calls.once("GET", "api/v1/pods", params=selector)
        for pod in listed["items"]:
            self._on_pod(pod)
        for uid in self._runs.keys() - {pod["metadata"]["uid"] for pod in listed["items"]}:
            self._on_run_ended(uid)
        since = {"resourceVersion": listed["metadata"]["resourceVersion"]}
        async for event in self._calls.watch("api/v1/pods", params={**selector, **since}):
            match event["type"]:
                case "ADDED" | "MODIFIED":
                    self._on_pod(event["object"])
                case "DELETED":
                    self._on_run_ended(event["object"]["metadata"]["uid"])
                case _:
                    _log.info("watch ended: %s", event)
                    return

    def _on_pod(self, pod: admin_client.Object) -> None:
        uid = pod["metadata"]["uid"]
        if uid not in self._runs:
            if pod["status"].get("phase") in _ENDED:
                return
            run = pod_runner.PodRun(pod, calls=self._calls, folder=self._folder, pod_ip=next(self._addresses))
            self._runs[uid] = run
            self._tasks[uid] = asyncio.create_task(run.live(), name=f"pod {pod['metadata']['name']}")
            self._tasks[uid].add_done_callback(_log_failure)
        if "deletionTimestamp" in pod["metadata"]:
            self._runs[uid].stop(pod["metadata"].get("deletionGracePeriodSeconds", 0))

    def _on_run_ended(self, uid: str) -> None:
        if self._runs.pop(uid, None) is not None:
            self._tasks.pop(uid).cancel()


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.error("%s failed", task.get_name(), exc_info=task.exception())


async def _serve(options: argparse.Namespace) -> None:
    async with node_api_client.connected(certificates.read_kubeconfig(options.kubeconfig)) as calls:
        agent = Agent(calls, folder=options.folder, node=options.node, registered=not options.unregistered)
        working = asyncio.create_task(agent.work())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, working.cancel)
        await asyncio.wait([working])
        if not working.cancelled():
            working.result()


def main() -> int:
    """Run the agent until SIGTERM."""
    parser = argparse.ArgumentParser(description="a node that runs pods as local processes, for tests")
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="where the pods work and log")
    parser.add_argument("--node", default=NODE, help="the node's name")
    parser.add_argument("--unregistered", action="store_true", help="create no Node; run pods that name this one")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    options.folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(_serve(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
