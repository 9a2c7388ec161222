"""The status of policies is counted from the cache and the decisions, and written to the API server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import prometheus_client
import pytest
from aiohttp import web

from tests.support.operator import fake_api_server, object_builders, policy_builders
from tidegate import settings
from tidegate.aio import clocks
from tidegate.operator import operator_metrics
from tidegate.operator.cache import cluster_cache
from tidegate.operator.kube import kube_api
from tidegate.operator.policy import policies, policy_index, policy_status
from tidegate.operator.reconcile import status_reporter

X, Y = object_builders.job("x", labels={"team": "a"}), object_builders.job("y", labels={"team": "b"})
ALL = {"when": "OnSuccess"}


class _Reporter(NamedTuple):
    """A reporter with its API server.

    :ivar patches: what was written, by the name of the policy.
    :ivar statuses: the status codes of failing writes, by the name of the policy.
    """

    reporter: status_reporter.StatusReporter
    cache: cluster_cache.ClusterCache
    registry: prometheus_client.CollectorRegistry
    patches: dict[str, list[dict[str, Any]]]
    statuses: dict[str, int]

    async def report(self) -> None:
        await self.reporter.report(object_builders.plan(self.cache).decisions)

    def errors(self, reason: str) -> float:
        return self.registry.get_sample_value("tidegate_operator_api_errors_total", {"reason": reason}) or 0.0


@contextlib.asynccontextmanager
async def _reporting(*all_policies: policies.Policy, holds: tuple[str, ...] = ()) -> AsyncIterator[_Reporter]:
    patches: dict[str, list[dict[str, Any]]] = {}
    statuses: dict[str, int] = {}

    async def respond(request: web.Request) -> web.Response | None:
        name = request.path.split("/")[-2]
        if request.method != "PATCH":
            return None
        if name in statuses:
            return web.json_response({"message": "rejected"}, status=statuses[name])
        patches.setdefault(name, []).append(await request.json())
        return web.json_response({})

    cache = object_builders.cache(X, Y, holds=[object_builders.group(text) for text in holds])
    cache.replace_policies(policy_index.PolicyIndex(all_policies))
    server, registry, clock = fake_api_server.ApiServer(), prometheus_client.CollectorRegistry(), clocks.SystemClock()
    server.respond = respond
    await server.start()
    api = kube_api.KubeApi(server.login(), kube_settings=settings.KubernetesSettings(), clock=clock)
    metrics = operator_metrics.OperatorMetrics(registry)
    reporter = status_reporter.StatusReporter(cache, api=api, metrics=metrics, clock=clock)
    try:
        yield _Reporter(reporter, cache, registry, patches, statuses)
    finally:
        await api.close()
        await server.stop()


def _selecting(team: str) -> dict[str, Any]:
    return {**ALL, "selector": {"matchLabels": {"team": team}}}


async def test_status_counts_the_objects_that_a_policy_selects_and_their_groups() -> None:
    team_a = policy_builders.policy(_selecting("a"), name="team-a")
    everyone = policy_builders.policy(ALL, name="everyone")
    async with _reporting(team_a, everyone, holds=("job=x", "job=x,instance=1", "job=y", "job=stray")) as scene:
        await scene.report()
    counts = {
        name: (patch["metadata"]["uid"], patch["status"]["matchedJobs"], patch["status"]["matchedGroups"])
        for name, [patch] in scene.patches.items()
    }
    assert counts == {"team-a": ("team-a-uid", 1, 2), "everyone": ("everyone-uid", 2, 3)}


async def test_status_of_a_cluster_wide_policy_is_written() -> None:
    async with _reporting(policy_builders.policy(ALL, scope=policy_builders.CLUSTERWIDE, name="wide")) as scene:
        await scene.report()
    assert [patch["status"]["matchedJobs"] for patch in scene.patches["wide"]] == [2]


async def test_last_action_on_an_owner_is_in_the_status_of_its_policies_only() -> None:
    team_a, team_b = (policy_builders.policy(_selecting(team), name=f"team-{team}") for team in "ab")
    async with _reporting(team_a, team_b, holds=("job=x",)) as scene:
        scene.reporter.record_action(X.owner, policy_status.ActionType.RETIRED, [object_builders.key("job=x")])
        await scene.report()
    [patch] = scene.patches["team-a"]
    assert patch["status"]["lastAction"]["type"] == "Retired"
    assert patch["status"]["lastAction"]["group"] == '{job="x"}'
    assert "lastAction" not in scene.patches["team-b"][0]["status"]


async def test_action_on_an_object_that_is_not_cached_is_ignored() -> None:
    async with _reporting(policy_builders.policy(ALL, name="everyone")) as scene:
        gone = object_builders.job("gone").owner
        scene.reporter.record_action(gone, policy_status.ActionType.DELETED, [object_builders.key("job=gone")])
        await scene.report()
    assert "lastAction" not in scene.patches["everyone"][0]["status"]


async def test_object_that_a_template_does_not_fit_makes_its_policy_not_ready() -> None:
    spec = {"groups": ["job={{.metadata.labels.missing}}"]}
    async with _reporting(policy_builders.policy(spec, name="templated")) as scene:
        await scene.report()
    conditions = {each["type"]: each for each in scene.patches["templated"][0]["status"]["conditions"]}
    assert (conditions["Ready"]["status"], conditions["Ready"]["reason"]) == ("False", "TemplateUnfilled")
    assert "Job prod/x" in conditions["Ready"]["message"]


async def test_nothing_is_written_without_policies() -> None:
    async with _reporting() as scene:
        await scene.report()
    assert scene.patches == {}


async def test_policy_that_was_deleted_meanwhile_is_not_an_error() -> None:
    gone, there = (policy_builders.policy(ALL, name=name) for name in ("gone", "there"))
    async with _reporting(gone, there) as scene:
        scene.statuses["gone"] = 404
        await scene.report()
    assert list(scene.patches) == ["there"]
    assert scene.errors("not-found") == 0


async def test_failed_write_is_counted_and_logged_once_and_does_not_stop_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken, working = (policy_builders.policy(ALL, name=name) for name in ("broken", "working"))
    async with _reporting(broken, working) as scene:
        scene.statuses["broken"] = 403
        with caplog.at_level(logging.INFO):
            await scene.report()
            await scene.report()
            assert [record.levelname for record in caplog.records] == ["WARNING"]
            del scene.statuses["broken"]
            await scene.report()
    assert scene.errors("forbidden") == 2
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert {name: len(patches) for name, patches in scene.patches.items()} == {"broken": 1, "working": 3}


async def test_report_while_another_is_written_is_skipped() -> None:
    async with _reporting(policy_builders.policy(ALL, name="everyone")) as scene:
        await asyncio.gather(scene.report(), scene.report())
    assert len(scene.patches["everyone"]) == 1
