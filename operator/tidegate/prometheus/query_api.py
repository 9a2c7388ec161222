"""Instant queries over HTTP, as Prometheus, Thanos Query, Mimir and VictoriaMetrics serve them."""

from __future__ import annotations

import json
import ssl
from collections.abc import Sequence
from typing import Any

import aiohttp
from aiohttp import hdrs

from tidegate.aio import client_loops
from tidegate.model import errors
from tidegate.prometheus import push_time_query, server_config

MAX_RESPONSE_BYTES = 4 * 1024 * 1024
"""Bytes of a response. A response for 500 groups has about 100 KiB."""

QUERY_TIMEOUT = 10.0
"""Seconds for a query with its response."""

_ERROR_CHARACTERS = 200
"""Characters of a server's error message that are kept."""

_CHUNK_BYTES = 64 * 1024


class QueryApi:
    """One server.

    Use it as an asynchronous context manager: it keeps its connection open. It has an event loop of its own, because
    the gateway's may be uvloop, on which a client with TLS can crash the process. Files with passwords and tokens are
    read for each query, so that they can be rotated.
    """

    def __init__(self, server: server_config.Server) -> None:
        self._server = server
        self._loop: client_loops.ClientLoop | None = None
        self._session: aiohttp.ClientSession | None = None

    @property
    def name(self) -> str:
        """Its URL without credentials."""
        return self._server.url

    async def __aenter__(self) -> QueryApi:
        self._loop = client_loops.ClientLoop(f"queries to {self.name}")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._loop is not None
        await self._loop.do(self._close_session())
        await self._loop.close()

    async def query(self, expression: str) -> Sequence[push_time_query.Series]:
        """Evaluate an expression now.

        :raises errors.LargeResultError: the response has more than :data:`MAX_RESPONSE_BYTES`.
        :raises errors.QueryError: there is no usable response.
        """
        assert self._loop is not None
        return await self._loop.do(self._query(expression))

    async def _query(self, expression: str) -> Sequence[push_time_query.Series]:
        try:
            async with self._open_session().post(
                f"{self._server.url}/api/v1/query",
                # VictoriaMetrics hides the samples of the last 30 s from a query that it may cache.
                data={"query": expression, "nocache": "1"},
                headers=self._headers(),
                server_hostname=self._server.tls.server_name,
                # SECURITY: a redirect could send the credentials to another server.
                allow_redirects=False,
            ) as response:
                return _result(response.status, await _read(response))
        except TimeoutError as error:
            raise errors.QueryError(f"no response within {QUERY_TIMEOUT:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            # Certificates may have been replaced: a new session reads the files again.
            await self._close_session()
            raise errors.QueryError(_reason(error)) from error
        except ValueError as error:
            # SECURITY: the message could quote a header.
            raise errors.QueryError("a header, a password or a token cannot be sent") from error

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            context = _tls(self._server.tls) if self._server.url.startswith("https:") else True
            connector = aiohttp.TCPConnector(limit=1, ssl=context)
            timeout = aiohttp.ClientTimeout(total=QUERY_TIMEOUT)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        return self._session

    async def _close_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _headers(self) -> dict[str, str]:
        headers, credentials = dict(self._server.headers), self._server.credentials
        if credentials is None:
            return headers
        file = credentials.secret_file
        secret = credentials.secret if file is None else file.read_text(encoding="utf-8").strip()
        if credentials.user is None:
            headers[hdrs.AUTHORIZATION] = f"{credentials.scheme} {secret}"
        else:
            headers[hdrs.AUTHORIZATION] = aiohttp.encode_basic_auth(credentials.user, secret)
        return headers


def _tls(tls: server_config.TlsSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=None if tls.ca_file is None else str(tls.ca_file))
    if tls.cert_file is not None:
        context.load_cert_chain(tls.cert_file, tls.key_file)
    if tls.is_unverified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) > MAX_RESPONSE_BYTES:
            raise errors.LargeResultError(f"the response is larger than {MAX_RESPONSE_BYTES // 2**20} MiB")
    return bytes(body)


def _result(status: int, body: bytes) -> list[push_time_query.Series]:
    try:
        answer = json.loads(body)
        if status == 200 and answer["status"] == "success":
            return [_series(each) for each in answer["data"]["result"]]
        reason = str(answer.get("error", ""))
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
        reason = "" if status != 200 else "the response is not that of a Prometheus query"
    shown = "".join(filter(str.isprintable, reason))[:_ERROR_CHARACTERS]
    raise errors.QueryError(f"status {status}: {shown}" if shown else f"status {status}")


def _series(data: Any) -> push_time_query.Series:
    labels = {str(name): str(value) for name, value in data["metric"].items()}
    return push_time_query.Series(labels, float(data["value"][1]))


def _reason(error: Exception) -> str:
    """The reason of a failed connection.

    SECURITY: messages of aiohttp and of files name hosts and paths, but no header or password.
    """
    text = str(error) or type(error).__name__
    return text[:_ERROR_CHARACTERS]
