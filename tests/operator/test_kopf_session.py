"""What the session of the watch makes of credentials and of failures."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.operator import fake_api_server
from tidegate.operator.watch import kopf_session


async def _called(server: fake_api_server.ApiServer, login: Any) -> list[kopf_session.ApiCall]:
    """What is told of one call, which may fail."""
    told: list[kopf_session.ApiCall] = []
    calls = kopf_session.ApiCallMiddleware(login, timeout_seconds=5.0, on_call=told.append)
    async with aiohttp.ClientSession(middlewares=(calls,)) as session:
        try:
            async with session.get(f"{server.login().host}/apis"):
                pass
        except aiohttp.ClientConnectionError:
            assert told[-1].error is not None
    return told


@pytest.fixture
async def server() -> Any:
    made = fake_api_server.ApiServer()
    await made.start()
    yield made
    await made.stop()


async def test_each_call_has_the_token_of_its_own_moment(server: fake_api_server.ApiServer) -> None:
    seen: list[str] = []
    tokens = iter(("old", "new"))

    async def answer(request: web.Request) -> None:
        seen.append(request.headers["Authorization"])

    async def read_again(login: Any) -> None:
        login.api_key["BearerToken"] = f"Bearer {next(tokens)}"

    server.answer = answer
    login: Any = server.login()
    login.api_key["BearerToken"] = "Bearer stale"
    login.refresh_api_key_hook = read_again
    for _ in range(2):
        await _called(server, login)
    assert seen == ["Bearer old", "Bearer new"]


async def test_credentials_that_cannot_be_read_are_a_failure_of_their_own(server: fake_api_server.ApiServer) -> None:
    async def fail(_login: Any) -> None:
        raise FileNotFoundError("no such token")

    login: Any = server.login()
    login.api_key["BearerToken"] = "Bearer stale"
    login.refresh_api_key_hook = fail
    [call] = await _called(server, login)
    assert call.error is not None
    assert (call.error.reason, str(call.error)) == (
        "login",
        "GET /apis: no such token; check that the service account token is mounted, or that the token of the "
        "kubeconfig exists",
    )
    assert server.calls == []


def test_pauses_grow_to_their_limit_anew_each_time() -> None:
    pauses = kopf_session.RetryDelays(first=1.0, limit=4.0)
    for _ in range(2):
        first = [pause for pause, _ in zip(pauses, range(6), strict=False)]
        assert all(low <= pause <= high for pause, (low, high) in zip(first, _BOUNDS, strict=True))


_BOUNDS = ((0.5, 1.0), (1.0, 2.0), (2.0, 4.0), (2.0, 4.0), (2.0, 4.0), (2.0, 4.0))
