"""The effect of each flag of the operator, with a real gateway and a fake API server."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import aiohttp

from tests.integration.cli import effects, operator_stage
from tests.support import waiting
from tests.support.gateway import gateway_client
from tests.support.operator import object_builders, operator_harness

_OTHER_HOST = "127.0.0.2"
_Y = object_builders.key("job=y")


async def _outcome(stage: operator_stage.Stage) -> str:
    """The outcome for the group of the finished Job."""
    return await stage.first_of(
        drains=lambda: stage.drains(operator_harness.X),
        logged=lambda: stage.metric("actions_total", action="retire", result="dry-run"),
        fails=lambda: stage.metric("gateway_errors_total"),
    )


async def _reads_a_pushgateway(stage: operator_stage.Stage) -> str:
    return await stage.first_of(
        reads=lambda: stage.metric("stock_last_read_timestamp_seconds"),
        fails=lambda: stage.metric("gateway_errors_total"),
    )


async def _deletes_within_a_minute(stage: operator_stage.Stage) -> bool:
    await stage.first_of(retired=lambda: stage.metric("actions_total", action="retire", result="done"))
    return await stage.after(60, lambda: stage.scene.gateway.store.group(operator_harness.X) is None)


async def _reads_again_within_ten_seconds(stage: operator_stage.Stage) -> bool:
    await _reads_a_pushgateway(stage)
    before = stage.metric("stock_last_read_timestamp_seconds")
    return await stage.after(10, lambda: stage.metric("stock_last_read_timestamp_seconds") > before)


async def _lists_again_within_ten_seconds(stage: operator_stage.Stage) -> bool:
    await _outcome(stage)
    await stage.after(0, lambda: False)
    before = stage.metric("last_list_timestamp_seconds")
    return await stage.after(10, lambda: stage.metric("last_list_timestamp_seconds") > before)


async def _host(stage: operator_stage.Stage) -> str:
    await _outcome(stage)
    port = stage.listens.rpartition(":")[2]
    for host in (gateway_client.HOST, _OTHER_HOST):
        with contextlib.suppress(aiohttp.ClientConnectorError):
            async with stage.scene.session.get(f"http://{host}:{port}/healthz"):
                return host
    return ""


async def _jobs_listed(stage: operator_stage.Stage) -> str:
    calls = stage.scene.api_server.calls
    return await stage.first_of(
        all=lambda: any(call.startswith("GET /apis/batch/v1/jobs?") for call in calls),
        prod=lambda: any(call.startswith("GET /apis/batch/v1/namespaces/prod/jobs?") for call in calls),
    )


async def _lists_pods(stage: operator_stage.Stage) -> bool:
    """Whether Pods that can finish are listed; the Pods of Jobs are watched in any case."""
    calls = stage.scene.api_server.calls
    first = await stage.first_of(
        pods=lambda: any(call.startswith("GET /api/v1/pods?") and "restartPolicy" in call for call in calls),
        drains=lambda: stage.drains(operator_harness.X),
    )
    return first == "pods"


async def _breaker(stage: operator_stage.Stage) -> str:
    return await stage.first_of(
        trips=lambda: stage.metric("breaker_tripped"), drain=lambda: stage.drains(operator_harness.X, _Y)
    )


async def _joined_by_name(stage: operator_stage.Stage) -> list[str]:
    """The job labels of the groups that a Job of this name owns."""

    async def rules() -> list[str]:
        async with stage.scene.session.get(f"http://{stage.listens}/api/v1/groups") as answer:
            assert answer.status == 200
            listed = (await answer.json())["groups"]
        # No rule decides until the API server has responded which Pod has an address.
        assert not [group for group in listed if group["verdict"] == "asking"]
        return [f"{group['labels']['job']}:{group['rule']}" for group in listed]

    standing = await waiting.eventually_async(rules, why="the groups", retry_on=(aiohttp.ClientConnectorError,))
    return sorted(one.removesuffix(":name") for one in standing if one.endswith(":name"))


async def _drain_seconds(stage: operator_stage.Stage) -> float:
    await _outcome(stage)
    view = stage.scene.gateway.store.group(operator_harness.X)
    assert view is not None
    assert view.life.drain is not None
    return round(view.life.drain.deadline - view.life.drain.since)


_BESIDE_PUSHGATEWAY = ("--gateway.kind=pushgateway", "--gateway.url={public_url}")

EFFECTS: Mapping[str, effects.Effect[operator_stage.Stage]] = {
    "--gateway.url": effects.Effect("--gateway.url={control_url}", _outcome, unseen="fails", seen="drains"),
    "--gateway.kind": effects.Effect(
        "--gateway.kind=pushgateway",
        _reads_a_pushgateway,
        unseen="fails",
        seen="reads",
        beside=["--gateway.url={public_url}"],
    ),
    "--gateway.grace-period": effects.Effect(
        "--gateway.grace-period=30s", _deletes_within_a_minute, unseen=False, seen=True, beside=_BESIDE_PUSHGATEWAY
    ),
    "--gateway.poll-interval": effects.Effect(
        "--gateway.poll-interval=1h",
        _reads_again_within_ten_seconds,
        unseen=True,
        seen=False,
        beside=_BESIDE_PUSHGATEWAY,
    ),
    "--control.token-file": effects.Effect(
        "--control.token-file={folder}/token", _outcome, unseen=effects.FAILED_TO_START, seen="drains"
    ),
    "--operator.listen-address": effects.Effect(
        f"--operator.listen-address={_OTHER_HOST}:{{free_port}}", _host, unseen=gateway_client.HOST, seen=_OTHER_HOST
    ),
    "--operator.resync": effects.Effect(
        "--operator.resync=2s", _lists_again_within_ten_seconds, unseen=False, seen=True
    ),
    "--kubernetes.kubeconfig": effects.Effect(
        "--kubernetes.kubeconfig={folder}/kubeconfig", _outcome, unseen=effects.FAILED_TO_START, seen="drains"
    ),
    "--kubernetes.namespace": effects.Effect("--kubernetes.namespace=prod", _jobs_listed, unseen="all", seen="prod"),
    "--watch": effects.Effect("--watch=pods", _lists_pods, unseen=False, seen=True),
    "--dry-run": effects.Effect("--dry-run", _outcome, unseen="drains", seen="logged"),
    "--breaker.limit": effects.Effect(
        "--breaker.limit=1", _breaker, unseen="drain", seen="trips", beside=["--drain.late-push-grace=1h"]
    ),
    "--ownership": effects.Effect("--ownership=annotation", _joined_by_name, unseen=["x"], seen=[]),
    "--drain.timeout": effects.Effect("--drain.timeout=7s", _drain_seconds, unseen=300, seen=7),
    "--drain.late-push-grace": effects.Effect(
        "--drain.late-push-grace=1h", _joined_by_name, unseen=["x"], seen=["x", "y"]
    ),
}
