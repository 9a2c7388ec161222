"""Faults of a Pushgateway are reported, and delete no group.

The Pushgateway is a fake, for faults that a real one does not produce on request.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import test_utils, web

from tests.support.operator import object_builders, pushgateway_harness
from tests.unit.operator.gateways import test_pushgateway_responses
from tidegate.model import control_api, lifecycle
from tidegate.operator.gateways import gateway_protocol

X, Y = object_builders.key("job=x"), object_builders.key("job=y")
Fault = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FakePushgateway:
    """Lists its groups and deletes them; ``read_fault`` and ``delete_fault`` respond instead."""

    def __init__(self) -> None:
        self.pushed = {"x": 1.0}
        self.log: list[str] = []
        """``read``, or the job of a deletion."""
        self.ignores_deletions = False
        self.read_fault: Fault | None = None
        self.delete_fault: Fault | None = None

    async def read(self, request: web.Request) -> web.StreamResponse:
        self.log.append("read")
        if self.read_fault is not None:
            return await self.read_fault(request)
        return self.listing()

    def listing(self) -> web.Response:
        """Return the response with all groups."""
        groups = [test_pushgateway_responses.group({"job": job}, pushed=repr(at)) for job, at in self.pushed.items()]
        return web.Response(body=test_pushgateway_responses.body(*groups), content_type="application/json")

    async def delete(self, request: web.Request) -> web.StreamResponse:
        self.log.append(request.match_info["job"])
        if self.delete_fault is not None:
            return await self.delete_fault(request)
        if not self.ignores_deletions:
            self.pushed.pop(self.log[-1], None)
        return web.Response(status=202)

    @property
    def deletions(self) -> list[str]:
        """Return the jobs of the requested deletions."""
        return [entry for entry in self.log if entry != "read"]

    def app(self) -> web.Application:
        application = web.Application()
        application.add_routes([web.get("/api/v1/metrics", self.read), web.delete("/metrics/job/{job}", self.delete)])
        return application


@pytest.fixture
async def fake_pushgateway() -> FakePushgateway:
    return FakePushgateway()


@pytest.fixture
async def stage(
    fake_pushgateway: FakePushgateway, session: aiohttp.ClientSession
) -> AsyncIterator[pushgateway_harness.Stage]:
    async with test_utils.TestServer(fake_pushgateway.app()) as server:
        yield pushgateway_harness.Stage(str(server.make_url("/")).rstrip("/"), session)


def responding_with(status: int, body: str = "", **headers: str) -> Fault:
    async def respond(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=body, headers=headers)

    return respond


async def breaking_off(request: web.Request) -> web.StreamResponse:
    """Send half of the announced response."""
    whole = test_pushgateway_responses.body()
    response = web.StreamResponse(headers={"Content-Length": str(2 * len(whole))})
    await response.prepare(request)
    await response.write(whole)
    assert request.transport is not None
    request.transport.close()
    return response


async def hanging_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def without_a_date(_: web.Request) -> web.StreamResponse:
    response = web.Response(body=test_pushgateway_responses.body())
    response.headers["Date"] = "today"
    return response


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param(responding_with(200, "<html>"), "the response is not JSON: .*; is it a Pushgateway", id="a page"),
        pytest.param(
            responding_with(200, '{"status":"error"}'), "no list of groups; is it a Push", id="an error of the API"
        ),
        pytest.param(responding_with(404), "404 Not Found: does --gateway.url have the path of", id="another server"),
        pytest.param(
            responding_with(403), "403 Forbidden: check the user and password in --gateway.url", id="forbidden"
        ),
        pytest.param(
            responding_with(302, Location="http://b/"), "302 Found: set --gateway.url to the target", id="elsewhere"
        ),
        pytest.param(responding_with(503, "in a minute"), "503 Service Unavailable: in a minute", id="overloaded"),
        pytest.param(responding_with(503, "x" * 9_999), "503 Service Unavailable: x{500}$", id="a long response"),
        pytest.param(
            responding_with(200, " " * 1_000_001), "more than 1000000 bytes, the limit of the", id="too large"
        ),
        pytest.param(breaking_off, "is Pushgateway up", id="half a response"),
        pytest.param(hanging_up, "is Pushgateway up", id="no response"),
    ],
)
async def test_faulty_response_is_reported_and_deletes_no_group(
    stage: pushgateway_harness.Stage, fake_pushgateway: FakePushgateway, fault: Fault, expected: str
) -> None:
    await stage.follow()
    await stage.end(X)
    fake_pushgateway.read_fault = fault
    stage.clock.advance(pushgateway_harness.GRACE)
    with pytest.raises(gateway_protocol.GatewayError, match=expected):
        await stage.follow()
    assert (stage.deleted, fake_pushgateway.deletions) == ([], [])
    fake_pushgateway.read_fault = None
    await stage.follow()
    assert fake_pushgateway.deletions == ["x"]


async def test_unreachable_pushgateway_is_reported_with_its_address(session: aiohttp.ClientSession) -> None:
    stage = pushgateway_harness.Stage("http://alice:secret@127.0.0.1:1", session)
    with pytest.raises(gateway_protocol.GatewayError, match=r"^GET http://127\.0\.0\.1:1/api/v1/metrics: ") as raised:
        await stage.follow()
    assert "secret" not in str(raised.value)


async def test_each_deletion_follows_a_separate_read(
    stage: pushgateway_harness.Stage, fake_pushgateway: FakePushgateway
) -> None:
    """With reads that take no time, as under this clock."""
    fake_pushgateway.pushed = {"x": 1.0, "y": 1.0, "z": 1.0}
    await stage.follow()
    for key in (X, Y):
        await stage.end(key)
    fake_pushgateway.log.clear()
    await stage.after(pushgateway_harness.GRACE)
    assert fake_pushgateway.log == ["read", "x", "read", "y"]
    await stage.after(pushgateway_harness.POLL)
    assert stage.groups.keys() == {object_builders.key("job=z")}


async def test_several_groups_are_deleted_after_one_read_for_as_long_as_the_read_took(
    stage: pushgateway_harness.Stage, fake_pushgateway: FakePushgateway
) -> None:
    fake_pushgateway.pushed = {f"x{number}": 1.0 for number in range(6)}
    await stage.follow()
    for key in list(stage.groups):
        await stage.end(key)

    async def slowly(_: web.Request) -> web.StreamResponse:
        stage.clock.advance(3.0)
        fake_pushgateway.read_fault = None
        return fake_pushgateway.listing()

    async def also_slowly(_: web.Request) -> web.StreamResponse:
        stage.clock.advance(1.0)
        fake_pushgateway.pushed.pop(fake_pushgateway.deletions[-1])
        return web.Response(status=202)

    fake_pushgateway.read_fault, fake_pushgateway.delete_fault = slowly, also_slowly
    fake_pushgateway.log.clear()
    await stage.after(pushgateway_harness.GRACE)
    assert fake_pushgateway.log[:5] == ["read", "x0", "x1", "x2", "read"]
    await stage.after(pushgateway_harness.POLL)
    assert stage.groups == {}


async def test_claim_between_read_and_deletion_keeps_the_group(
    stage: pushgateway_harness.Stage, fake_pushgateway: FakePushgateway
) -> None:
    fake_pushgateway.pushed = {"x": 1.0, "y": 1.0}
    await stage.follow()
    await stage.end(X)
    await stage.end(Y)
    claim = control_api.ClaimGroup(key=Y, claim=object_builders.claim(object_builders.job("y", uid="next")))

    async def meanwhile(_: web.Request) -> web.StreamResponse:
        epoch = (await stage.gateway.changes(after=None)).epoch
        await stage.gateway.act([claim], epoch=epoch)
        fake_pushgateway.pushed.pop("x")
        return web.Response(status=202)

    async def slowly(_: web.Request) -> web.StreamResponse:
        stage.clock.advance(3.0)
        fake_pushgateway.read_fault = None
        return fake_pushgateway.listing()

    fake_pushgateway.read_fault, fake_pushgateway.delete_fault = slowly, meanwhile
    await stage.after(pushgateway_harness.GRACE)
    await stage.after(pushgateway_harness.GRACE)
    assert fake_pushgateway.deletions == ["x"]
    assert not stage.groups[Y].draining


@pytest.mark.parametrize("status", [401, 403, 405, 500, 503])
async def test_failed_deletions_are_retried_later_and_block_nothing(
    stage: pushgateway_harness.Stage, fake_pushgateway: FakePushgateway, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    fake_pushgateway.pushed = {"x": 1.0, "y": 1.0}
    await stage.follow()
    await stage.end(X)
    await stage.end(Y)
    fake_pushgateway.delete_fault = responding_with(status)
    await stage.after(pushgateway_harness.GRACE)
    assert fake_pushgateway.deletions == ["x"]
    fake_pushgateway.pushed["z"] = 1.0
    await stage.after(pushgateway_harness.POLL)
    assert object_builders.key("job=z") in stage.groups
    await stage.after(pushgateway_harness.POLL)
    assert caplog.text.count("deleting groups from Pushgateway failed") == 1
    assert (stage.metric("deletion_failures_total", result="failed") or 0) >= 2
    fake_pushgateway.delete_fault = None
    await stage.after(pushgateway_harness.GRACE)
    await stage.after(pushgateway_harness.POLL)
    assert [deleted.reason for deleted in stage.deleted] == [lifecycle.DeletionReason.GRACE_PERIOD] * 2
    assert "deleting groups from Pushgateway succeeded again" in caplog.text


async def test_rejected_deletion_does_not_block_others(
    stage: pushgateway_harness.Stage, fake_pushgateway: FakePushgateway, caplog: pytest.LogCaptureFixture
) -> None:
    fake_pushgateway.pushed = {"x": 1.0, "y": 1.0}
    await stage.follow()
    await stage.end(X)
    await stage.end(Y)

    async def not_x(_: web.Request) -> web.StreamResponse:
        if fake_pushgateway.deletions[-1] == "x":
            return web.Response(status=400, text="improper label name")
        fake_pushgateway.pushed.pop("y")
        return web.Response(status=202)

    fake_pushgateway.delete_fault = not_x
    await stage.after(pushgateway_harness.GRACE)
    await stage.after(pushgateway_harness.POLL)
    assert fake_pushgateway.deletions == ["x", "y"]
    assert 'cannot delete group {job="x"}: DELETE' in caplog.text
    assert stage.metric("deletion_failures_total", result="refused") == 1
    await stage.after(pushgateway_harness.GRACE)
    assert fake_pushgateway.deletions == ["x", "y", "x"]


async def test_group_that_remains_after_its_deletion_is_reported_and_deleted_again_later(
    stage: pushgateway_harness.Stage, fake_pushgateway: FakePushgateway, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.follow()
    await stage.end(X)
    fake_pushgateway.ignores_deletions = True
    await stage.after(pushgateway_harness.GRACE)
    await stage.after(pushgateway_harness.GRACE - pushgateway_harness.POLL)
    assert fake_pushgateway.deletions == ["x"]
    await stage.after(pushgateway_harness.POLL)
    assert fake_pushgateway.deletions == ["x", "x"]
    assert 'group {job="x"} still exists although Pushgateway accepted its deletion' in caplog.text
    assert stage.metric("deletion_failures_total", result="stayed") == 1


async def test_clock_of_the_operator_is_used_without_a_date_of_pushgateway(
    stage: pushgateway_harness.Stage, fake_pushgateway: FakePushgateway
) -> None:
    fake_pushgateway.read_fault = without_a_date
    await stage.follow()
    assert stage.gateway.now() == stage.clock.wall()


async def test_clock_of_pushgateway_is_read_from_its_responses(
    stage: pushgateway_harness.Stage, fake_pushgateway: FakePushgateway
) -> None:
    fake_pushgateway.read_fault = responding_with(
        200, test_pushgateway_responses.body().decode(), Date="Sat, 31 Jan 2026 08:00:00 GMT"
    )
    await stage.follow()
    assert stage.gateway.now() == pytest.approx(1769846400.5)
    stage.clock.advance(10.0)
    assert stage.gateway.now() == pytest.approx(1769846410.5)


async def test_actions_with_another_epoch_are_rejected(stage: pushgateway_harness.Stage) -> None:
    await stage.follow()
    with pytest.raises(gateway_protocol.HistoryLostError):
        await stage.gateway.act([], epoch="another")


async def test_waiting_request_returns_after_its_timeout(stage: pushgateway_harness.Stage) -> None:
    page = await stage.gateway.changes(after=None)
    waiting = asyncio.create_task(stage.gateway.changes(after=page))
    for _ in range(int(gateway_protocol.WAIT_SECONDS / pushgateway_harness.POLL)):
        assert not await stage.clock.idle_or(waiting)
        stage.clock.advance(pushgateway_harness.POLL)
    assert await stage.clock.idle_or(waiting)
    assert (await waiting).revision == page.revision
