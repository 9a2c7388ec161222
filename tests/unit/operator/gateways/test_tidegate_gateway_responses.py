"""The client of the control API turns every response that it cannot use into an error that names the request."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import test_utils, web

from tests.support.operator import object_builders
from tests.support.processes import ports
from tidegate import settings
from tidegate.model import control_api, lifecycle
from tidegate.operator.gateways import gateway_protocol, tidegate_gateway

ACTION = control_api.ReleaseGroup(key=object_builders.key("job=x"), uid=object_builders.job("x").uid)


@contextlib.asynccontextmanager
async def _gateway(response: Any, *, status: int = 200) -> AsyncIterator[tidegate_gateway.TidegateGateway]:
    async def respond(_: web.Request) -> web.Response:
        if isinstance(response, str):
            return web.Response(text=response, status=status)
        return web.json_response(response, status=status)

    application = web.Application()
    application.router.add_route("*", "/control/v1/{path:.*}", respond)
    async with test_utils.TestServer(application) as server, aiohttp.ClientSession() as session:
        token = settings.TokenSettings(value="a-token-of-this-test-and-of-nothing-else")
        yield tidegate_gateway.TidegateGateway(str(server.make_url("/")), token=token, session=session)


async def test_results_are_returned_with_the_revision() -> None:
    rejection = next(iter(lifecycle.Rejection))
    async with _gateway({"revision": 7, "results": [None, rejection.value]}) as gateway:
        assert await gateway.act([ACTION, ACTION], epoch="e") == (7, [None, rejection])


@pytest.mark.parametrize(
    ("response", "problem"),
    [
        ({"results": []}, "has no results: KeyError"),
        ({"results": ["no such rejection"], "revision": 1}, "has no results: ValueError"),
        ([], "has no results: TypeError"),
        ({"results": [None, None], "revision": 1}, "has 2 results for 1 actions"),
    ],
    ids=["no revision", "unknown result", "a list", "too many results"],
)
async def test_response_without_one_result_for_each_action_is_an_error(response: Any, problem: str) -> None:
    async with _gateway(response) as gateway:
        with pytest.raises(gateway_protocol.GatewayError, match=rf"POST .*/control/v1/actions: .*{problem}"):
            await gateway.act([ACTION], epoch="e")


@pytest.mark.parametrize("response", [{}, [], {"groups": 5}], ids=["empty", "a list", "a number"])
async def test_response_without_a_page_of_changes_is_an_error(response: Any) -> None:
    async with _gateway(response) as gateway:
        with pytest.raises(gateway_protocol.GatewayError, match="is it a tidegate gateway"):
            await gateway.changes(after=None)


@pytest.mark.parametrize("status", [409, 410])
async def test_new_epoch_of_the_gateway_is_reported(status: int) -> None:
    async with _gateway("a new epoch", status=status) as gateway:
        with pytest.raises(gateway_protocol.HistoryLostError):
            await gateway.act([ACTION], epoch="e")


async def test_error_of_the_gateway_is_quoted() -> None:
    async with _gateway("the disk is full", status=507) as gateway:
        with pytest.raises(gateway_protocol.GatewayError, match="507 the disk is full"):
            await gateway.changes(after=None)


async def test_response_that_is_not_json_is_an_error() -> None:
    async with _gateway("<html>") as gateway:
        with pytest.raises(gateway_protocol.GatewayError, match="is the gateway up"):
            await gateway.changes(after=None)


async def test_gateway_that_is_down_is_an_error() -> None:
    token = settings.TokenSettings(value="a-token-of-this-test-and-of-nothing-else")
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{ports.free_port()}"
        gateway = tidegate_gateway.TidegateGateway(url, token=token, session=session)
        with pytest.raises(gateway_protocol.GatewayError, match="is the gateway up"):
            await gateway.changes(after=None)
