"""The two calls that a stock Pushgateway gets of the operator: read all groups, delete one."""

from __future__ import annotations

import asyncio
import email.utils
import urllib.parse
from http import HTTPStatus

import aiohttp
from aiohttp import hdrs

from tidegate import settings
from tidegate.aio import clocks
from tidegate.client import urls
from tidegate.model import grouping
from tidegate.operator.gateways import gateway_protocol, pushgateway_paths, pushgateway_responses

_READ_TIMEOUT = aiohttp.ClientTimeout(total=120.0, sock_connect=10.0, sock_read=30.0)
"""A large answer may take long, silence may not."""
_DELETE_TIMEOUT = aiohttp.ClientTimeout(total=10.0)

_SAID = 500
"""Characters of an answer that an error repeats."""

_NOT_TO_BE_READ = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_URI_TOO_LONG, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

_HALF_A_SECOND = 0.5
"""On average a Date header, which has whole seconds, is this old."""


class RefusedError(gateway_protocol.GatewayError):
    """This group it does not delete; the next one it may."""


class StockCalls:
    """The calls. Each raises :class:`gateway_protocol.GatewayError`. The session is the caller's.

    :param url: where its page is; a user and a password may stand in it.
    :ivar url: the same without them.
    :raises settings.BadSettingsError: that is no such URL.
    """

    def __init__(self, url: str, *, answer_bytes: int, session: aiohttp.ClientSession, clock: clocks.Clock) -> None:
        self.url, self._headers = _parse(urls.with_scheme(url))
        self._most = answer_bytes
        self._session = session
        self._clock = clock
        self._ahead = clock.wall() - clock.monotonic()

    def now(self) -> float:
        """Pushgateway's own Unix time, as far as its last answer told."""
        return self._clock.monotonic() + self._ahead

    async def read(self) -> pushgateway_responses.Answer:
        """All groups there are."""
        url = f"{self.url}/api/v1/metrics"
        body = await self._call("GET", url, expected=HTTPStatus.OK, timeout=_READ_TIMEOUT)
        try:
            # In a thread. Much of the work is done in Python, so the event loop has its turns meanwhile.
            return await asyncio.to_thread(pushgateway_responses.parse, body)
        except pushgateway_responses.BadAnswerError as error:
            raise gateway_protocol.GatewayError(f"GET {url}: {error}; is it a Pushgateway?") from error

    async def delete(self, key: grouping.GroupingKey) -> None:
        """Ask for this group to be deleted, which is done a moment after the answer, whether there is such a group.

        :raises RefusedError: it cannot be named.
        """
        url = f"{self.url}/metrics/{pushgateway_paths.path(key)}"
        await self._call("DELETE", url, expected=HTTPStatus.ACCEPTED, timeout=_DELETE_TIMEOUT)

    async def _call(
        self,
        method: str,
        url: str,
        *,
        expected: HTTPStatus,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's
    ) -> bytearray:
        try:
            # SECURITY: the password goes to nobody whom the answer names, and no deletion either.
            async with self._session.request(
                method, url, headers=self._headers, timeout=timeout, allow_redirects=False
            ) as response:
                if response.status != expected:
                    raise await _error(f"{method} {url}", response)
                self._ahead = _time(response, otherwise=self._clock.wall()) - self._clock.monotonic()
                return await self._bounded(f"{method} {url}", response)
        except TimeoutError as error:
            raise gateway_protocol.GatewayError(f"{method} {url}: no answer in time; is it overloaded?") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise gateway_protocol.GatewayError(f"{method} {url}: {error}; is Pushgateway up?") from error

    async def _bounded(self, what: str, response: aiohttp.ClientResponse) -> bytearray:
        """The whole body. One that breaks off is an error of aiohttp's."""
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > self._most:
                raise gateway_protocol.GatewayError(
                    f"{what}: more than {self._most} bytes, too many for the operator beside it; delete what nobody "
                    "needs there, or push to tidegate's own gateway"
                )
        return body


def _parse(url: str) -> tuple[str, dict[str, str]]:
    """The URL without user, password and the last slash; and the headers that show them."""
    # SECURITY: no message repeats the URL.
    bad = settings.BadSettingsError(
        "--gateway.url is to be where the Pushgateway is, such as http://pushgateway:9091 or "
        "https://user:password@host/prefix"
    )
    try:
        given = urllib.parse.urlsplit(url)
        host, port = given.hostname, given.port
    except ValueError:
        raise bad from None
    if given.scheme not in ("http", "https") or not host or given.query or given.fragment or "@" in given.path:
        raise bad
    place = f"[{host}]" if ":" in host else host
    plain = f"{given.scheme}://{place}{'' if port is None else f':{port}'}{given.path.rstrip('/')}"
    if given.username is None:
        return plain, {}
    user, password = (urllib.parse.unquote(part or "") for part in (given.username, given.password))
    if ":" in user:
        raise settings.BadSettingsError("--gateway.url has a user with a colon in the name, which no server takes")
    return plain, {hdrs.AUTHORIZATION: aiohttp.encode_basic_auth(user, password)}


def _time(response: aiohttp.ClientResponse, *, otherwise: float) -> float:
    """Its own Unix time, as its answer tells; a proxy may have taken that away."""
    try:
        return email.utils.parsedate_to_datetime(response.headers[hdrs.DATE]).timestamp() + _HALF_A_SECOND
    except (KeyError, ValueError):
        return otherwise


async def _error(what: str, response: aiohttp.ClientResponse) -> gateway_protocol.GatewayError:
    status = response.status
    if status in _NOT_TO_BE_READ:
        return RefusedError(f"{what}: {status} {await _said(response)}")
    match status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            advice = "is what stands in --gateway.url before the @ right?"
        case HTTPStatus.NOT_FOUND | HTTPStatus.METHOD_NOT_ALLOWED:
            advice = "has --gateway.url the path that Pushgateway's --web.external-url or --web.route-prefix has?"
        case _ if 300 <= status < 400:
            advice = "give --gateway.url as it is after the redirect"
        case _:
            advice = await _said(response)
    return gateway_protocol.GatewayError(f"{what}: {status} {response.reason}: {advice}")


async def _said(response: aiohttp.ClientResponse) -> str:
    said = await response.content.read(_SAID)
    return said.decode(errors="replace").strip()
