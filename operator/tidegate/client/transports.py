"""Ways to a gateway or an operator. What goes wrong on the way has one type."""

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
"""A large answer may take long, silence may not."""

MOST_BYTES = 512 * 1024 * 1024
"""Of an answer."""


class InquiryError(OSError):
    """There is no answer that can be used; ``str()`` says why and what to do."""


class UnreachableError(InquiryError):
    """Nobody answers there."""


class Answer(NamedTuple):
    """What came back.

    :param retry_after: when to come again, as the answer spells it; empty where it does not say.
    """

    status: int
    body: bytes
    retry_after: str = ""


class Door(Protocol):
    """A way to one of them."""

    @property
    def where(self) -> str:
        """Where it leads, for messages."""
        ...

    @property
    def flag(self) -> str:
        """The flag that says so, for messages."""
        ...

    async def call(self, method: str, path: str, query: Query = ()) -> Answer:
        """Ask. The path begins with a slash.

        :raises InquiryError: there is no answer.
        """
        ...


class DirectDoor:
    """The way by its URL."""

    def __init__(self, place: urls.Place, *, flag: str, session: aiohttp.ClientSession) -> None:
        self.where = str(place)
        self.flag = flag
        self._session = session
        self._headers = {hdrs.ACCEPT: "application/json"}
        if place.user is not None:
            self._headers[hdrs.AUTHORIZATION] = aiohttp.encode_basic_auth(place.user, place.password)

    async def call(self, method: str, path: str, query: Query = ()) -> Answer:
        """Ask it itself."""
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
    ) -> Answer:
        """Ask it, with a body. SECURITY: the password goes to nobody whom the answer names, and no deletion either.

        :raises InquiryError: there is no answer, and would be none later.
        :raises UnreachableError: there is none now.
        """
        url = yarl.URL(f"{self.where}{path}").with_query(list(query))
        sent = self._headers | dict(headers or {})
        try:
            async with self._session.request(
                method, url, headers=sent, data=body or None, timeout=timeout, allow_redirects=False
            ) as response:
                said = response.headers.get(hdrs.RETRY_AFTER, "")
                return Answer(response.status, await read(response, where=self.where), said)
        except TimeoutError as error:
            raise UnreachableError(f"{self.where} does not answer in time; is {self.flag} right?") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error, InquiryError):
                raise
            kind = InquiryError if isinstance(error, aiohttp.ClientConnectorCertificateError) else UnreachableError
            raise kind(f"{self.where} cannot be reached: {reason(error)}; is {self.flag} right?") from error


async def read(response: aiohttp.ClientResponse, *, where: str) -> bytes:
    """The whole body. One that breaks off is an error of aiohttp's."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MOST_BYTES:
            raise InquiryError(f"{where} answers with more than {sizes.format(MOST_BYTES)}")
    return bytes(body)


def reason(error: Exception) -> str:
    """What went wrong, in few words."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not trusted ({error.certificate_error}); with SSL_CERT_FILE=ca.crt its authority is"
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.strerror:
        number = error.os_error.errno or 0
        # Of a connection asyncio says where to, and not why it failed; a name that is not found has a number below 0.
        return os.strerror(number) if number > 0 else error.os_error.strerror
    return str(error) or type(error).__name__


def is_success(answer: Answer) -> bool:
    """Whether it did what it was asked."""
    return HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES
