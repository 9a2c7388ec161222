"""A Pushgateway that does not do as it should: what is told of it, and that nothing is concluded from it.

It is a stand-in, for the faults that a real one cannot be asked for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import test_utils, web

from tests.operator import object_builders, pushgateway_harness, test_pushgateway_responses
from tidegate.model import control_api, lifecycle
from tidegate.operator.gateways import gateway_protocol

X, Y = object_builders.key("job=x"), object_builders.key("job=y")
Fault = Callable[[web.Request], Awaitable[web.StreamResponse]]


class StandIn:
    """Tells of its groups, and takes deletions; ``read_fault`` and ``delete_fault`` answer instead."""

    def __init__(self) -> None:
        self.pushed = {"x": 1.0}
        self.log: list[str] = []
        """``read``, or the job of a deletion."""
        self.deaf = False
        self.read_fault: Fault | None = None
        self.delete_fault: Fault | None = None

    async def read(self, request: web.Request) -> web.StreamResponse:
        self.log.append("read")
        if self.read_fault is not None:
            return await self.read_fault(request)
        return self.told()

    def told(self) -> web.Response:
        """All groups."""
        found = [test_pushgateway_responses.group({"job": job}, pushed=repr(at)) for job, at in self.pushed.items()]
        return web.Response(body=test_pushgateway_responses.body(*found), content_type="application/json")

    async def delete(self, request: web.Request) -> web.StreamResponse:
        self.log.append(request.match_info["job"])
        if self.delete_fault is not None:
            return await self.delete_fault(request)
        if not self.deaf:
            self.pushed.pop(self.log[-1], None)
        return web.Response(status=202)

    @property
    def asked(self) -> list[str]:
        """The deletions that were asked for."""
        return [what for what in self.log if what != "read"]

    def app(self) -> web.Application:
        made = web.Application()
        made.add_routes([web.get("/api/v1/metrics", self.read), web.delete("/metrics/job/{job}", self.delete)])
        return made


@pytest.fixture
async def stand_in() -> StandIn:
    return StandIn()


@pytest.fixture
async def stage(stand_in: StandIn, session: aiohttp.ClientSession) -> AsyncIterator[pushgateway_harness.Stage]:
    async with test_utils.TestServer(stand_in.app()) as server:
        yield pushgateway_harness.Stage(str(server.make_url("/")).rstrip("/"), session)


def answering(status: int, body: str = "", **headers: str) -> Fault:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=body, headers=headers)

    return answer


async def breaking_off(request: web.Request) -> web.StreamResponse:
    """Half of what was announced."""
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
    ("fault", "said"),
    [
        pytest.param(answering(200, "<html>"), "the response is not JSON: .*; is it a Pushgateway", id="a page"),
        pytest.param(answering(200, '{"status":"error"}'), "no list of groups; is it a Push", id="an error of the API"),
        pytest.param(answering(404), "404 Not Found: does --gateway.url have the path of", id="another server"),
        pytest.param(answering(403), "403 Forbidden: check the user and password in --gateway.url", id="forbidden"),
        pytest.param(
            answering(302, Location="http://b/"), "302 Found: set --gateway.url to the target", id="elsewhere"
        ),
        pytest.param(answering(503, "in a minute"), "503 Service Unavailable: in a minute", id="overloaded"),
        pytest.param(answering(503, "x" * 9_999), "503 Service Unavailable: x{500}$", id="a long answer"),
        pytest.param(answering(200, " " * 1_000_001), "more than 1000000 bytes, the limit of the", id="too large"),
        pytest.param(breaking_off, "is Pushgateway up", id="half an answer"),
        pytest.param(hanging_up, "is Pushgateway up", id="no answer"),
    ],
)
async def test_what_is_no_whole_answer_is_told_and_ends_no_group(
    stage: pushgateway_harness.Stage, stand_in: StandIn, fault: Fault, said: str
) -> None:
    await stage.follow()
    await stage.end(X)
    stand_in.read_fault = fault
    stage.clock.advance(pushgateway_harness.GRACE)
    with pytest.raises(gateway_protocol.GatewayError, match=said):
        await stage.follow()
    assert (stage.deleted, stand_in.asked) == ([], [])
    stand_in.read_fault = None
    await stage.follow()
    assert stand_in.asked == ["x"]


async def test_a_gateway_that_is_away_is_told_with_its_place(session: aiohttp.ClientSession) -> None:
    stage = pushgateway_harness.Stage("http://alice:secret@127.0.0.1:1", session)
    with pytest.raises(gateway_protocol.GatewayError, match=r"^GET http://127\.0\.0\.1:1/api/v1/metrics: ") as failed:
        await stage.follow()
    assert "secret" not in str(failed.value)


async def test_each_deletion_follows_a_read_of_its_own(stage: pushgateway_harness.Stage, stand_in: StandIn) -> None:
    """Where reading takes no time, as under this clock."""
    stand_in.pushed = {"x": 1.0, "y": 1.0, "z": 1.0}
    await stage.follow()
    for key in (X, Y):
        await stage.end(key)
    stand_in.log.clear()
    await stage.after(pushgateway_harness.GRACE)
    assert stand_in.log == ["read", "x", "read", "y"]
    await stage.after(pushgateway_harness.POLL)
    assert stage.groups.keys() == {object_builders.key("job=z")}


async def test_more_is_deleted_after_one_read_for_as_long_as_that_took(
    stage: pushgateway_harness.Stage, stand_in: StandIn
) -> None:
    stand_in.pushed = {f"x{number}": 1.0 for number in range(6)}
    await stage.follow()
    for key in list(stage.groups):
        await stage.end(key)

    async def slowly(_: web.Request) -> web.StreamResponse:
        stage.clock.advance(3.0)
        stand_in.read_fault = None
        return stand_in.told()

    async def also_slowly(_: web.Request) -> web.StreamResponse:
        stage.clock.advance(1.0)
        stand_in.pushed.pop(stand_in.asked[-1])
        return web.Response(status=202)

    stand_in.read_fault, stand_in.delete_fault = slowly, also_slowly
    stand_in.log.clear()
    await stage.after(pushgateway_harness.GRACE)
    assert stand_in.log[:5] == ["read", "x0", "x1", "x2", "read"]
    await stage.after(pushgateway_harness.POLL)
    assert stage.groups == {}


async def test_a_claim_that_comes_between_read_and_deletion_keeps_the_group(
    stage: pushgateway_harness.Stage, stand_in: StandIn
) -> None:
    stand_in.pushed = {"x": 1.0, "y": 1.0}
    await stage.follow()
    await stage.end(X)
    await stage.end(Y)
    claim = control_api.ClaimGroup(key=Y, claim=object_builders.claim(object_builders.job("y", uid="next")))

    async def meanwhile(_: web.Request) -> web.StreamResponse:
        epoch = (await stage.gateway.changes(after=None)).epoch
        await stage.gateway.act([claim], epoch=epoch)
        stand_in.pushed.pop("x")
        return web.Response(status=202)

    async def slowly(_: web.Request) -> web.StreamResponse:
        stage.clock.advance(3.0)
        stand_in.read_fault = None
        return stand_in.told()

    stand_in.read_fault, stand_in.delete_fault = slowly, meanwhile
    await stage.after(pushgateway_harness.GRACE)
    await stage.after(pushgateway_harness.GRACE)
    assert stand_in.asked == ["x"]
    assert not stage.groups[Y].draining


@pytest.mark.parametrize("status", [401, 403, 405, 500, 503])
async def test_deletions_that_fail_are_tried_again_later_and_hold_up_nothing(
    stage: pushgateway_harness.Stage, stand_in: StandIn, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    stand_in.pushed = {"x": 1.0, "y": 1.0}
    await stage.follow()
    await stage.end(X)
    await stage.end(Y)
    stand_in.delete_fault = answering(status)
    await stage.after(pushgateway_harness.GRACE)
    assert stand_in.asked == ["x"]
    stand_in.pushed["z"] = 1.0
    await stage.after(pushgateway_harness.POLL)
    assert object_builders.key("job=z") in stage.groups
    await stage.after(pushgateway_harness.POLL)
    assert caplog.text.count("deleting groups from Pushgateway failed") == 1
    assert (stage.metric("deletion_failures_total", result="failed") or 0) >= 2
    stand_in.delete_fault = None
    await stage.after(pushgateway_harness.GRACE)
    await stage.after(pushgateway_harness.POLL)
    assert [gone.reason for gone in stage.deleted] == [lifecycle.DeletionReason.GRACE_PERIOD] * 2
    assert "deleting groups from Pushgateway succeeded again" in caplog.text


async def test_a_deletion_that_is_refused_holds_up_no_other(
    stage: pushgateway_harness.Stage, stand_in: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    stand_in.pushed = {"x": 1.0, "y": 1.0}
    await stage.follow()
    await stage.end(X)
    await stage.end(Y)

    async def not_x(_: web.Request) -> web.StreamResponse:
        if stand_in.asked[-1] == "x":
            return web.Response(status=400, text="improper label name")
        stand_in.pushed.pop("y")
        return web.Response(status=202)

    stand_in.delete_fault = not_x
    await stage.after(pushgateway_harness.GRACE)
    await stage.after(pushgateway_harness.POLL)
    assert stand_in.asked == ["x", "y"]
    assert 'cannot delete group {job="x"}: DELETE' in caplog.text
    assert stage.metric("deletion_failures_total", result="refused") == 1
    await stage.after(pushgateway_harness.GRACE)
    assert stand_in.asked == ["x", "y", "x"]


async def test_a_group_that_outlives_its_deletion_is_told_of_and_deleted_again_later(
    stage: pushgateway_harness.Stage, stand_in: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.follow()
    await stage.end(X)
    stand_in.deaf = True
    await stage.after(pushgateway_harness.GRACE)
    await stage.after(pushgateway_harness.GRACE - pushgateway_harness.POLL)
    assert stand_in.asked == ["x"]
    await stage.after(pushgateway_harness.POLL)
    assert stand_in.asked == ["x", "x"]
    assert 'group {job="x"} still exists although Pushgateway accepted its deletion' in caplog.text
    assert stage.metric("deletion_failures_total", result="stayed") == 1


async def test_a_pushgateway_without_a_clock_has_ours(stage: pushgateway_harness.Stage, stand_in: StandIn) -> None:
    stand_in.read_fault = without_a_date
    await stage.follow()
    assert stage.gateway.now() == stage.clock.wall()


async def test_its_clock_is_told_by_its_answers(stage: pushgateway_harness.Stage, stand_in: StandIn) -> None:
    stand_in.read_fault = answering(
        200, test_pushgateway_responses.body().decode(), Date="Sat, 31 Jan 2026 08:00:00 GMT"
    )
    await stage.follow()
    assert stage.gateway.now() == pytest.approx(1769846400.5)
    stage.clock.advance(10.0)
    assert stage.gateway.now() == pytest.approx(1769846410.5)


async def test_words_about_another_history_are_not_taken(stage: pushgateway_harness.Stage) -> None:
    await stage.follow()
    with pytest.raises(gateway_protocol.HistoryLostError):
        await stage.gateway.act([], epoch="another")


async def test_who_waits_is_answered_when_the_wait_is_over(stage: pushgateway_harness.Stage) -> None:
    page = await stage.gateway.changes(after=None)
    waiting = asyncio.create_task(stage.gateway.changes(after=page))
    for _ in range(int(gateway_protocol.WAIT_SECONDS / pushgateway_harness.POLL)):
        assert not await stage.clock.idle_or(waiting)
        stage.clock.advance(pushgateway_harness.POLL)
    assert await stage.clock.idle_or(waiting)
    assert (await waiting).revision == page.revision
