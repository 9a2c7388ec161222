"""The operator logs each missing permission once at the start, with the rule that grants it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import prometheus_client
import pytest
from aiohttp import web

from tests.support import waiting
from tests.support.operator import fake_api_server
from tidegate import settings
from tidegate.aio import backoffs, clocks
from tidegate.operator import operator_metrics
from tidegate.operator.kube import access_reviews, kube_api
from tidegate.operator.objects import served_kinds

_WATCH_JOBS = (
    "the operator's service account lacks the permission to watch jobs.batch in all namespaces; without this "
    "permission, changes are detected by resyncs only, every 30 s; grant it with the rule "
    '{apiGroups: ["batch"], resources: [jobs], verbs: [watch]} in manifests/base/rbac.yaml'
)


class _Scene:
    def __init__(self) -> None:
        self.server = fake_api_server.ApiServer()
        self.clock = clocks.MovableClock()
        self.registry = prometheus_client.CollectorRegistry()

    @property
    def missing(self) -> float | None:
        return self.registry.get_sample_value("tidegate_operator_rights_missing")

    def reviews(self) -> access_reviews.AccessReviews:
        operator_settings = settings.OperatorSettings()
        self.api = kube_api.KubeApi(
            self.server.login(), kube_settings=operator_settings.kubernetes, clock=clocks.SystemClock()
        )
        return access_reviews.AccessReviews(
            self.api,
            kinds=served_kinds.ServedKinds(),
            clock=self.clock,
            metrics=operator_metrics.OperatorMetrics(self.registry),
            backoff=backoffs.Backoff(first=1.0, limit=30.0),
            operator_settings=operator_settings,
        )


@pytest.fixture
async def scene(caplog: pytest.LogCaptureFixture) -> _Scene:
    caplog.set_level(logging.INFO)
    return _Scene()


async def _run(scene: _Scene, *steps: tuple[Callable[[], bool], Callable[[], object]]) -> None:
    """Run the reviews to their end; each step is a condition to wait for, and an action after it."""
    await scene.server.start()
    running = asyncio.create_task(scene.reviews().run())
    try:
        for condition, act in steps:

            async def look(condition: Callable[[], bool] = condition) -> bool:
                return condition()

            await waiting.eventually_async(look, why="the next step")
            act()
        await asyncio.wait_for(running, timeout=30.0)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await scene.api.close()
        await scene.server.stop()


async def test_nothing_is_logged_with_all_permissions(scene: _Scene, caplog: pytest.LogCaptureFixture) -> None:
    await _run(scene)
    assert (caplog.messages, scene.missing) == ([], 0.0)
    assert {"verb": "watch", "group": "batch", "resource": "jobs"} in scene.server.reviewed
    assert {"verb": "get", "resource": "pods"} in scene.server.reviewed


async def test_each_missing_permission_is_logged_once_and_again_when_granted(
    scene: _Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.server.denied = {"watch jobs.batch", "list pods"}

    def grant_one() -> None:
        assert caplog.messages[0] == _WATCH_JOBS
        assert len(caplog.messages) == 2
        scene.server.denied.remove("watch jobs.batch")
        scene.clock.advance(60.0)

    def grant_all() -> None:
        assert caplog.messages[2:] == [
            "the operator's service account now has the permission to watch jobs.batch in all namespaces"
        ]
        scene.server.denied.clear()
        scene.clock.advance(60.0)

    await _run(scene, (lambda: scene.missing == 2, grant_one), (lambda: scene.missing == 1, grant_all))
    assert caplog.messages[3:] == [
        "the operator's service account now has the permission to list pods in all namespaces"
    ]
    assert scene.missing == 0


async def test_reviews_end_if_the_api_server_rejects_them(scene: _Scene, caplog: pytest.LogCaptureFixture) -> None:
    async def forbid(request: web.Request) -> web.StreamResponse | None:
        if request.method != "POST":
            return None
        return web.json_response({"message": "no"}, status=403)

    scene.server.respond = forbid
    await _run(scene)
    [line] = caplog.messages
    assert line.startswith("cannot review the operator's permissions: POST /apis/authorization.k8s.io/")
    assert line.endswith("continuing without the review: requests that lack a permission will fail and be logged")


async def test_reviews_are_retried_while_the_api_server_is_unavailable(
    scene: _Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="tidegate")
    scene.server.down = True

    def come_back() -> None:
        scene.server.down = False
        scene.clock.advance(1.0)

    await _run(scene, (lambda: "cannot review the operator's permissions yet" in caplog.text, come_back))
    assert scene.missing == 0
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []
