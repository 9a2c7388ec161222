"""The node agent's asynchronous client of the API server; it retries while the API server is down."""

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus

import aiohttp

from tests.support.kubernetes import admin_client, certificates

_log = logging.getLogger(__name__)

UNREACHABLE = (aiohttp.ClientError, asyncio.TimeoutError, OSError)
"""Errors that a call raises while the API server is down."""

RETRY_SECONDS = 0.2
"""Retry interval: short, so that a test node recovers quickly; a kubelet would back off for seconds."""

STRATEGIC_PATCH = "application/strategic-merge-patch+json"
_CALL_SECONDS = 10.0
_WATCH_SECONDS = 300
_LARGEST_LINE = 4 * 1024 * 1024
"""A watched object is one line; etcd rejects objects above 1.5 MiB."""


class RejectedError(Exception):
    """A final error response of the API server."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status


class Calls:
    """One HTTP session with the API server; create it with `connected`."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def once(
        self,
        method: str,
        path: str,
        *,
        body: admin_client.Object | None = None,
        params: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> admin_client.Object:
        """A single call; raises `RejectedError`, or one of `UNREACHABLE`."""
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Content-Type": content_type}
        limit = aiohttp.ClientTimeout(total=_CALL_SECONDS)
        async with self._session.request(
            method, f"/{path}", data=data, params=params, headers=headers, timeout=limit
        ) as answer:
            if answer.status == HTTPStatus.TOO_MANY_REQUESTS or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                answer.raise_for_status()
            if answer.status >= HTTPStatus.BAD_REQUEST:
                raise RejectedError(answer.status, await answer.text())
            result: admin_client.Object = await answer.json()
            return result

    async def until_response(
        self, method: str, path: str, *, body: admin_client.Object | None = None, content_type: str = "application/json"
    ) -> admin_client.Object:
        """Retry the call until the API server responds; raises `RejectedError`."""
        while True:
            try:
                return await self.once(method, path, body=body, content_type=content_type)
            except UNREACHABLE as error:
                _log.info("%s %s again in %s s: %r", method, path, RETRY_SECONDS, error)
                await asyncio.sleep(RETRY_SECONDS)

    async def watch(self, path: str, *, params: Mapping[str, str]) -> AsyncIterator[admin_client.Object]:
        """Yield events since `params["resourceVersion"]` until the API server ends the watch."""
        query = {**params, "watch": "true", "timeoutSeconds": str(_WATCH_SECONDS)}
        limit = aiohttp.ClientTimeout(total=None, sock_connect=_CALL_SECONDS, sock_read=_WATCH_SECONDS + _CALL_SECONDS)
        async with self._session.get(f"/{path}", params=query, timeout=limit) as answer:
            answer.raise_for_status()
            async for line in answer.content:
                event: admin_client.Object = json.loads(line)
                yield event


@asynccontextmanager
async def connected(login: certificates.Login) -> AsyncIterator[Calls]:
    """A session with the API server of `login`."""
    tls = ssl.create_default_context(cafile=str(login.ca))
    tls.load_cert_chain(login.pair.cert, login.pair.key)
    async with aiohttp.ClientSession(
        base_url=f"https://{login.host}:{login.port}",
        connector=aiohttp.TCPConnector(ssl=tls),
        read_bufsize=_LARGEST_LINE,
    ) as session:
        yield Calls(session)
