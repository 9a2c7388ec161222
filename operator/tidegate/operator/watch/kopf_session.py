"""kopf's calls to the API server: who we are, how long a call may take, and what became of it.

kopf logs a failed call and tells nobody else; it ends as a whole over an answer that it does not expect; and after a
401 it closes the session under the other calls in flight. So the session that it uses is ours: each call is reported,
and to kopf a failure of the API server or the network looks like a lost connection, after which it tries again.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, NamedTuple

import aiohttp
from aiohttp import hdrs
from kubernetes.aio import client, config

from tidegate.aio import backoffs
from tidegate.operator.kube import kube_api

_JSON = "application/json"

_MIN_WATCH_SECONDS = 1.0
"""A watch of one path begins at most this often. kopf begins one that has ended in order at once."""


class ApiCall(NamedTuple):
    """What became of a call.

    :param path: where, without the query.
    :param is_watch: whether it is one of the calls whose answer goes on for minutes; an answer is its beginning.
    :param error: ``None`` if the API server does what it is asked.
    """

    path: str
    is_watch: bool
    error: kube_api.ApiError | None = None


class RetryDelays:
    """Seconds between tries of one call: they grow to ``limit``, and there is no last one. To be iterated many times.

    After its last try kopf would end, or begin anew without a pause.
    """

    def __init__(self, *, first: float, limit: float) -> None:
        self._first = first
        self._limit = limit

    def __iter__(self) -> Iterator[float]:
        pauses = backoffs.Backoff(first=self._first, limit=self._limit)
        while True:
            yield pauses.next()


class _RetriableError(aiohttp.ClientConnectionError):
    """The kind of error after which kopf tries again, and aiohttp by itself does not."""


class ApiCallMiddleware:
    """A middleware of aiohttp's client. For one event loop.

    :param limit: seconds until an answer must be there as a whole, or have begun where it is one of a watch.
    :param tell: called with each call; must return at once.
    """

    def __init__(
        self, login: client.Configuration, *, timeout_seconds: float, on_call: Callable[[ApiCall], None]
    ) -> None:
        self._login = login
        self._timeout_seconds = timeout_seconds
        self._on_call = on_call
        self._watch_started: dict[str, float] = {}
        self._fatal_errors: dict[str, kube_api.ApiError] = {}

    @property
    def fatal_error(self) -> kube_api.ApiError | None:
        """An answer that kopf ends over, if there was one and the same call has not been answered otherwise since."""
        return next(iter(self._fatal_errors.values()), None)

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        call = ApiCall(request.url.path, "watch" in request.url.query)
        what = f"{request.method} {call.path}{'?watch=true' if call.is_watch else ''}"
        if call.is_watch:
            await self._pace(call.path)
        try:
            request.headers.update(await _authorization_header(self._login))
        except (config.ConfigException, OSError) as caught:
            advice = "is the token of the service account mounted, or the one of the kubeconfig there?"
            raise self._report_failure(
                call, kube_api.ApiError(f"{what}: {caught}; {advice}", reason="login")
            ) from caught
        try:
            response = await self._send(request, handler, is_watch=call.is_watch)
        except (aiohttp.ClientError, OSError) as caught:
            raise self._report_failure(
                call, kube_api.connection_error(what, caught, timeout_seconds=self._timeout_seconds)
            ) from caught
        wrong = await _response_error(what, response)
        if wrong is not None and not _is_handled_by_kopf(response.status):
            response.close()
            raise self._report_failure(call, wrong) from wrong
        if wrong is None:
            self._fatal_errors.pop(call.path, None)
        else:
            self._fatal_errors[call.path] = wrong
        self._on_call(call._replace(error=wrong))
        return response

    def _report_failure(self, call: ApiCall, error: kube_api.ApiError) -> _RetriableError:
        self._on_call(call._replace(error=error))
        return _RetriableError(str(error))

    async def _pace(self, path: str) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._watch_started.get(path, 0.0) + _MIN_WATCH_SECONDS - loop.time())
        self._watch_started[path] = loop.time()

    async def _send(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType, *, is_watch: bool
    ) -> aiohttp.ClientResponse:
        async with asyncio.timeout(self._timeout_seconds):
            response = await handler(request)
            if not is_watch or response.status >= HTTPStatus.BAD_REQUEST:
                await response.read()
        return response


async def _response_error(what: str, response: aiohttp.ClientResponse) -> kube_api.ApiError | None:
    if response.status >= HTTPStatus.BAD_REQUEST:
        return kube_api.status_error(what, response.status, await response.read())
    if response.content_type != _JSON:
        return kube_api.invalid_response(what, f"is {response.content_type} and not JSON")
    return None


def _is_handled_by_kopf(status: int) -> bool:
    """Whether kopf knows better than to ask the same again: that there is no such resource, how long it is to wait."""
    is_client_error = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return is_client_error and status not in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def tls_context(login: client.Configuration) -> ssl.SSLContext:
    """For connections with these credentials."""
    context = ssl.create_default_context(cafile=login.ssl_ca_cert)
    if not login.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if login.cert_file:
        context.load_cert_chain(login.cert_file, login.key_file)
    return context


async def _authorization_header(login: client.Configuration) -> dict[str, str]:
    """The header with a token, or with name and password, or none. A token from a file is read again as it ages."""
    found: Any = await login.auth_settings()
    token = found.get("BearerToken", {}).get("value")
    if token:
        return {hdrs.AUTHORIZATION: str(token)}
    if login.username:
        return {hdrs.AUTHORIZATION: aiohttp.encode_basic_auth(login.username, login.password or "")}
    return {}
