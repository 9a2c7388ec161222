"""Faults of a Pushgateway are reported, and delete no group.

The Pushgateway is a fake, for faults that a real one does not produce on request.
"""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import web

from tests.support.operator import fake_pushgateways, object_builders, pushgateway_harness
from tidegate.operator.gateways import gateway_protocol

X, Y = object_builders.key("job=x"), object_builders.key("job=y")


async def breaking_off(request: web.Request) -> web.StreamResponse:
    """Send half of the announced response."""
    whole = fake_pushgateways.body()
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
    response = web.Response(body=fake_pushgateways.body())
    response.headers["Date"] = "today"
    return response


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param(
            fake_pushgateways.responding_with(200, "<html>"),
            "the response is not JSON: .*; is it a Pushgateway",
            id="a page",
        ),
        pytest.param(
            fake_pushgateways.responding_with(200, '{"status":"error"}'),
            "no list of groups; is it a Push",
            id="an error of the API",
        ),
        pytest.param(
            fake_pushgateways.responding_with(404),
            "404 Not Found: does --gateway.url have the path of",
            id="another server",
        ),
        pytest.param(
            fake_pushgateways.responding_with(403),
            "403 Forbidden: check the user and password in --gateway.url",
            id="forbidden",
        ),
        pytest.param(
            fake_pushgateways.responding_with(302, Location="http://b/"),
            "302 Found: set --gateway.url to the target",
            id="elsewhere",
        ),
        pytest.param(
            fake_pushgateways.responding_with(503, "in a minute"),
            "503 Service Unavailable: in a minute",
            id="overloaded",
        ),
        pytest.param(
            fake_pushgateways.responding_with(503, "x" * 9_999),
            "503 Service Unavailable: x{500}$",
            id="a long response",
        ),
        pytest.param(
            fake_pushgateways.responding_with(200, " " * 1_000_001),
            "more than 1000000 bytes, the limit of the",
            id="too large",
        ),
        pytest.param(breaking_off, "is Pushgateway up", id="half a response"),
        pytest.param(hanging_up, "is Pushgateway up", id="no response"),
    ],
)
async def test_faulty_response_is_reported_and_deletes_no_group(
    stage: pushgateway_harness.Stage,
    fake_pushgateway: fake_pushgateways.FakePushgateway,
    fault: fake_pushgateways.Fault,
    expected: str,
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


async def test_clock_of_the_operator_is_used_without_a_date_of_pushgateway(
    stage: pushgateway_harness.Stage, fake_pushgateway: fake_pushgateways.FakePushgateway
) -> None:
    fake_pushgateway.read_fault = without_a_date
    await stage.follow()
    assert stage.gateway.now() == stage.clock.wall()


async def test_clock_of_pushgateway_is_read_from_its_responses(
    stage: pushgateway_harness.Stage, fake_pushgateway: fake_pushgateways.FakePushgateway
) -> None:
    fake_pushgateway.read_fault = fake_pushgateways.responding_with(
        200, fake_pushgateways.body().decode(), Date="Sat, 31 Jan 2026 08:00:00 GMT"
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
