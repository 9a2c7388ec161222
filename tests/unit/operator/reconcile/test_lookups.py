"""Look-ups of Pods: what the operator does while the API server fails, or does not permit them."""

from __future__ import annotations

import pytest
from aiohttp import web

from tests.support import waiting
from tests.support.gateway import gateway_client
from tests.support.operator import fake_api_server, object_builders, operator_harness

NAMED = object_builders.key("job=y,instance=x-b2c4d")
ANY = object_builders.key("job=any")


def _failing(kind: str, status: int) -> fake_api_server.Responder:
    """Respond with this status to look-ups by name or by address."""

    async def respond(request: web.Request) -> web.Response | None:
        by_name = "/pods/" in request.path
        by_address = "fieldSelector" in request.query and request.path.endswith("/pods")
        if {"name": by_name, "address": by_address}[kind]:
            return web.json_response({"message": f"fault {status}"}, status=status)
        return None

    return respond


def _pod(uid: str) -> dict[str, object]:
    """Return the running Pod of an object at the address that the tests push from."""
    reference = {"apiVersion": "batch/v1", "kind": "Job", "name": "x", "uid": uid, "controller": True}
    return {
        "metadata": {
            "namespace": "prod",
            "name": "x-b2c4d",
            "uid": "pod",
            "creationTimestamp": "2023-01-01T00:00:00Z",
            "ownerReferences": [reference],
        },
        "spec": {},
        "status": {"startTime": "2023-01-01T00:00:00Z", "podIP": gateway_client.HOST, "phase": "Running"},
    }


@pytest.mark.parametrize(("status", "reason"), [(403, "forbidden"), (500, "server")])
@pytest.mark.parametrize(("kind", "path"), [("name", "job/y/instance/x-b2c4d"), ("address", "job/any")])
async def test_failed_lookup_is_counted_and_keeps_the_group(
    scene: operator_harness.Scene, kind: str, path: str, status: int, reason: str
) -> None:
    scene.api_server.put(scene.running("x"))
    scene.api_server.respond = _failing(kind, status)
    await scene.push(path)
    async with operator_harness.at_work(scene):
        await scene.until_true(
            lambda: scene.metric("tidegate_operator_api_errors_total", reason=reason) >= 1, why="the failed look-up"
        )
    [key] = scene.gateway.store.grouping_keys()
    assert scene.state(key).startswith("live")


async def test_lookup_by_name_is_repeated_after_a_fault(
    scene: operator_harness.Scene, caplog: pytest.LogCaptureFixture
) -> None:
    job = scene.running("x")
    scene.api_server.put(job)
    scene.api_server.pods["x-b2c4d"] = job.uid
    scene.api_server.respond = _failing("name", 500)
    await scene.push("job/y/instance/x-b2c4d")
    async with operator_harness.at_work(scene):
        await scene.until_true(lambda: "looking up a pod failed" in caplog.text, why="the fault in the log")
        scene.api_server.respond = None
        await scene.until("live Job prod/x", key=NAMED)


async def test_lookup_by_address_is_repeated_after_a_fault(scene: operator_harness.Scene) -> None:
    job = scene.running("x")
    scene.api_server.put(job)
    scene.api_server.pods_by_address[gateway_client.HOST] = [_pod(job.uid)]
    scene.api_server.respond = _failing("address", 500)
    await scene.push("job/any")
    async with operator_harness.at_work(scene):
        await scene.until_true(
            lambda: scene.metric("tidegate_operator_api_errors_total", reason="server") >= 1, why="the fault"
        )
        scene.api_server.respond = None
        await scene.until("live Job prod/x", key=ANY)


async def test_forbidden_lookup_by_address_leaves_the_decision_to_the_names(scene: operator_harness.Scene) -> None:
    scene.api_server.put(scene.finished("x"))
    scene.api_server.respond = _failing("address", 403)
    await scene.push("job/x")
    async with operator_harness.at_work(scene):
        await scene.until("draining Job prod/x")


async def test_actions_are_planned_again_after_the_gateway_was_down(scene: operator_harness.Scene) -> None:
    scene.api_server.put(scene.running("x"))
    async with operator_harness.at_work(scene):
        await scene.push("job/x")
        await scene.until("live Job prod/x")
        await scene.gateway.stop()
        scene.api_server.put(scene.finished("x"))

        async def failed() -> bool:
            return scene.metric("tidegate_operator_gateway_errors_total") > 0

        await waiting.eventually_async(failed, why="a failed call to the gateway")
        await scene.restart_gateway()
        await scene.push("job/x")
        await scene.until("draining Job prod/x")
