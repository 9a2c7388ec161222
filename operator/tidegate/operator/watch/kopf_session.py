"""The HTTP session of kopf: authenticates, limits and reports each request to the API server.

kopf only logs failed requests; it stops when it gets an unexpected response; and after a 401 it closes the session
while other requests are in flight. So it uses our session, which reports each request and presents failures of the API
server or the network as lost connections, after which kopf retries.
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

from tidegate import settings
from tidegate.aio import backoffs, clocks
from tidegate.operator.kube import kube_api

_JSON = "application/json"


class ApiCall(NamedTuple):
    """A finished request to the API server.

    :param path: the path without the query.
    :param is_watch: whether it is a watch; a watch counts as finished when its response has started.
    :param error: ``None`` if the request succeeded.
    """

    path: str
    is_watch: bool
    error: kube_api.ApiError | None = None


class RetryDelays:
    """An endless series of delays in seconds that grow to ``limit``; can be iterated many times.

    After the last delay of a finite series kopf would stop, or start again without a delay.
    """

    def __init__(self, *, first: float, limit: float) -> None:
        self._first = first
        self._limit = limit

    def __iter__(self) -> Iterator[float]:
        backoff = backoffs.Backoff(first=self._first, limit=self._limit)
        while True:
            yield backoff.next()


class _RetriableError(aiohttp.ClientConnectionError):
    """An error after which kopf retries, and aiohttp does not (findings/aiohttp-repeated-request.sh)."""


class ApiCallMiddleware:
    """A middleware for aiohttp's client. For one event loop.

    :param kube_settings: its ``request_timeout`` limits the whole response; for a watch, its start. A watch of a path
        starts at least ``min_watch_seconds`` after the previous one: kopf restarts a watch that ended normally at once.
    :param on_call: called with each finished request; must return at once.
    """

    def __init__(
        self,
        login: client.Configuration,
        *,
        kube_settings: settings.KubernetesSettings,
        clock: clocks.Clock,
        on_call: Callable[[ApiCall], None],
    ) -> None:
        self._login = login
        self._timeout_seconds = kube_settings.request_timeout
        self._min_watch_seconds = kube_settings.min_watch_seconds
        self._clock = clock
        self._on_call = on_call
        self._watch_started: dict[str, float] = {}
        self._fatal_errors: dict[str, kube_api.ApiError] = {}

    @property
    def fatal_error(self) -> kube_api.ApiError | None:
        """The error of a response that makes kopf stop, unless the same request has succeeded since."""
        return next(iter(self._fatal_errors.values()), None)

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        call = ApiCall(request.url.path, "watch" in request.url.query)
        description = f"{request.method} {call.path}{'?watch=true' if call.is_watch else ''}"
        if call.is_watch:
            await self._pace(call.path)
        try:
            request.headers.update(await _authorization_header(self._login))
        except (config.ConfigException, OSError) as error:
            advice = "check that the service account token is mounted, or that the token of the kubeconfig exists"
            raise self._report_failure(
                call, kube_api.ApiError(f"{description}: {error}; {advice}", reason="login")
            ) from error
        try:
            response = await self._send(request, handler, is_watch=call.is_watch)
        except (aiohttp.ClientError, OSError) as error:
            raise self._report_failure(
                call, kube_api.connection_error(description, error, timeout_seconds=self._timeout_seconds)
            ) from error
        response_error = await _response_error(description, response)
        if response_error is not None and not _is_handled_by_kopf(response.status):
            response.close()
            raise self._report_failure(call, response_error) from response_error
        if response_error is None:
            self._fatal_errors.pop(call.path, None)
        else:
            self._fatal_errors[call.path] = response_error
        self._on_call(call._replace(error=response_error))
        return response

    def _report_failure(self, call: ApiCall, error: kube_api.ApiError) -> _RetriableError:
        self._on_call(call._replace(error=error))
        return _RetriableError(str(error))

    async def _pace(self, path: str) -> None:
        earliest = self._watch_started.get(path, 0.0) + self._min_watch_seconds
        await self._clock.sleep(earliest - self._clock.monotonic())
        self._watch_started[path] = self._clock.monotonic()

    async def _send(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType, *, is_watch: bool
    ) -> aiohttp.ClientResponse:
        async with asyncio.timeout(self._timeout_seconds):
            response = await handler(request)
            if not is_watch or response.status >= HTTPStatus.BAD_REQUEST:
                await response.read()
        return response


async def _response_error(request: str, response: aiohttp.ClientResponse) -> kube_api.ApiError | None:
    if response.status >= HTTPStatus.BAD_REQUEST:
        return kube_api.status_error(request, response.status, await response.read())
    if response.content_type != _JSON:
        return kube_api.invalid_response(request, f"is {response.content_type} and not JSON")
    return None


def _is_handled_by_kopf(status: int) -> bool:
    """Whether kopf handles this status itself, such as a missing resource or a delay requested by the server."""
    is_client_error = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return is_client_error and status not in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def tls_context(login: client.Configuration) -> ssl.SSLContext:
    """Build the TLS context for connections with these credentials."""
    context = ssl.create_default_context(cafile=login.ssl_ca_cert)
    if not login.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if login.cert_file:
        context.load_cert_chain(login.cert_file, login.key_file)
    return context


async def _authorization_header(login: client.Configuration) -> dict[str, str]:
    """The header with a token, or with user name and password, or none. Tokens from files are reloaded regularly."""
    auth_settings: Any = await login.auth_settings()
    token = auth_settings.get("BearerToken", {}).get("value")
    if token:
        return {hdrs.AUTHORIZATION: str(token)}
    if login.username:
        return {hdrs.AUTHORIZATION: aiohttp.encode_basic_auth(login.username, login.password or "")}
    return {}
