"""Credentials and failures in the HTTP session of the watch."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from aiohttp import web

from tests.support import waiting
from tests.support.operator import fake_api_server, faulty_servers
from tidegate import settings
from tidegate.aio import clocks
from tidegate.operator.watch import kopf_session


async def _calls_of(server: fake_api_server.ApiServer, login: Any) -> list[kopf_session.ApiCall]:
    """Send one request, which may fail, and return the recorded calls."""
    recorded: list[kopf_session.ApiCall] = []
    calls = kopf_session.ApiCallMiddleware(
        login, kube_settings=settings.KubernetesSettings(), clock=clocks.SystemClock(), on_call=recorded.append
    )
    async with aiohttp.ClientSession(middlewares=(calls,)) as session:
        try:
            async with session.get(f"{server.login().host}/apis"):
                pass
        except aiohttp.ClientConnectionError:
            assert recorded[-1].error is not None
    return recorded


async def test_each_request_has_the_current_token(server: fake_api_server.ApiServer) -> None:
    authorizations: list[str] = []
    tokens = iter(("old", "new"))

    async def respond(request: web.Request) -> None:
        authorizations.append(request.headers["Authorization"])

    async def read_again(login: Any) -> None:
        login.api_key["BearerToken"] = f"Bearer {next(tokens)}"

    server.respond = respond
    login: Any = server.login()
    login.api_key["BearerToken"] = "Bearer stale"
    login.refresh_api_key_hook = read_again
    for _ in range(2):
        await _calls_of(server, login)
    assert authorizations == ["Bearer old", "Bearer new"]


async def test_unreadable_credentials_fail_with_the_reason_login(server: fake_api_server.ApiServer) -> None:
    async def fail(_login: Any) -> None:
        raise FileNotFoundError("no such token")

    login: Any = server.login()
    login.api_key["BearerToken"] = "Bearer stale"
    login.refresh_api_key_hook = fail
    [call] = await _calls_of(server, login)
    assert call.error is not None
    assert (call.error.reason, str(call.error)) == (
        "login",
        "GET /apis: no such token; check that the service account token is mounted, or that the token of the "
        "kubeconfig exists",
    )
    assert server.calls == []


async def test_watch_of_a_path_starts_at_most_once_a_second(server: fake_api_server.ApiServer) -> None:
    server.respond = faulty_servers.text("")
    clock = clocks.MovableClock()
    calls = kopf_session.ApiCallMiddleware(
        server.login(), kube_settings=settings.KubernetesSettings(), clock=clock, on_call=lambda _: None
    )

    async def is_waiting() -> bool:
        return clock.waiters == 1

    async with aiohttp.ClientSession(server.login().host, middlewares=(calls,)) as session:

        async def watch(resource: str) -> None:
            async with session.get(f"/apis/batch/v1/{resource}?watch=true") as response:
                assert response.status == 200

        await watch("jobs")
        await watch("cronjobs")
        second = asyncio.create_task(watch("jobs"))
        await waiting.eventually_async(is_waiting, why="the pause")
        clock.advance(0.99)
        assert clock.waiters == 1
        assert len(server.calls) == 2
        clock.advance(0.02)
        await second
    assert len(server.calls) == 3


def test_retry_delays_grow_to_the_limit_and_restart_for_each_request() -> None:
    pauses = kopf_session.RetryDelays(first=1.0, limit=4.0)
    for _ in range(2):
        first = [pause for pause, _ in zip(pauses, range(6), strict=False)]
        assert all(low <= pause <= high for pause, (low, high) in zip(first, _BOUNDS, strict=True))


_BOUNDS = ((0.5, 1.0), (1.0, 2.0), (2.0, 4.0), (2.0, 4.0), (2.0, 4.0), (2.0, 4.0))
