"""Transports: how requests reach a gateway or an operator. All failures are :class:`RequestError`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple, Protocol, TypeAlias

import aiohttp
import yarl
from aiohttp import hdrs

from tidegate.client import urls
from tidegate.model import sizes

Query: TypeAlias = Sequence[tuple[str, str]]

TIMEOUT = aiohttp.ClientTimeout(total=120.0, sock_connect=10.0, sock_read=30.0)
"""Seconds. A large response may take long; a pause within it may not."""

MAX_RESPONSE_BYTES = 512 * 1024 * 1024


class RequestError(OSError):
    """There is no usable response; ``str()`` states the reason and what to do."""


class UnreachableError(RequestError):
    """The server cannot be reached; another attempt may succeed."""


class Response(NamedTuple):
    """An HTTP response.

    :param retry_after: the header ``Retry-After``; empty if it is missing.
    """

    status: int
    body: bytes
    retry_after: str = ""


class Transport(Protocol):
    """Sends requests to one server."""

    @property
    def target(self) -> str:
        """The server, for messages."""
        ...

    @property
    def flag(self) -> str:
        """The flag that names the server, for messages."""
        ...

    async def call(self, method: str, path: str, query: Query = ()) -> Response:
        """Send a request and return the response. The path begins with a slash.

        :raises RequestError: there is no response.
        """
        ...


class DirectTransport:
    """Sends requests to the URL of the server."""

    def __init__(self, url: urls.ParsedUrl, *, flag: str, session: aiohttp.ClientSession) -> None:
        self.target = str(url)
        self.flag = flag
        self._session = session
        self._headers = {hdrs.ACCEPT: "application/json"}
        if url.user is not None:
            self._headers[hdrs.AUTHORIZATION] = aiohttp.encode_basic_auth(url.user, url.password)

    async def call(self, method: str, path: str, query: Query = ()) -> Response:
        """Send a request without a body."""
        return await self.send(method, path, query=query)

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: aiohttp.ClientTimeout = TIMEOUT,  # noqa: ASYNC109 - aiohttp's
    ) -> Response:
        """Send a request with a body. SECURITY: redirects are not followed, so no other server gets the password.

        :raises UnreachableError: there is no response; another attempt may succeed.
        :raises RequestError: there is no usable response, and another attempt would fail, too.
        """
        url = yarl.URL(f"{self.target}{path}").with_query(list(query))
        sent = self._headers | dict(headers or {})
        try:
            async with self._session.request(
                method, url, headers=sent, data=body or None, timeout=timeout, allow_redirects=False
            ) as response:
                retry_after = response.headers.get(hdrs.RETRY_AFTER, "")
                return Response(response.status, await read(response, target=self.target), retry_after)
        except TimeoutError as error:
            raise UnreachableError(f"{self.target} did not respond in time; check {self.flag}") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error, RequestError):
                raise
            kind = RequestError if isinstance(error, aiohttp.ClientConnectorCertificateError) else UnreachableError
            raise kind(f"{self.target} cannot be reached: {reason(error)}; check {self.flag}") from error


async def read(response: aiohttp.ClientResponse, *, target: str) -> bytes:
    """Read the whole body.

    :param target: the server, for messages.
    :raises RequestError: the body is larger than :data:`MAX_RESPONSE_BYTES`.
    :raises aiohttp.ClientError: the body is incomplete.
    """
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_RESPONSE_BYTES:
            raise RequestError(f"{target}: the response is larger than {sizes.format(MAX_RESPONSE_BYTES)}")
    return bytes(body)


def reason(error: Exception) -> str:
    """A short description of an error of a connection."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not trusted ({error.certificate_error}); to trust its CA, set SSL_CERT_FILE=ca.crt"
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.strerror:
        number = error.os_error.errno or 0
        # asyncio's message names the address, but not the reason. An unknown host name has a number below 0.
        return os.strerror(number) if number > 0 else error.os_error.strerror
    return str(error) or type(error).__name__


def is_success(response: Response) -> bool:
    """Whether the status code is 2xx."""
    return HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES
