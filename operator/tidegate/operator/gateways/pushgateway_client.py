"""The two requests of the operator to a stock Pushgateway: read all groups, delete one."""

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
"""A large response may take long; a pause in it may not."""
_DELETE_TIMEOUT = aiohttp.ClientTimeout(total=10.0)

_BODY_BYTES = 500
"""Bytes of a response body in an error."""

_UNREADABLE_PATH = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_URI_TOO_LONG, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

_HALF_A_SECOND = 0.5
"""The average age of a Date header, which has whole seconds."""


class RejectedError(gateway_protocol.GatewayError):
    """Pushgateway rejected the deletion of this group; it may accept the next one."""


class PushgatewayClient:
    """A client of Pushgateway. Calls raise :class:`gateway_protocol.GatewayError`. The session is the caller's.

    :param url: the URL of its page, with a user and a password if it needs them.
    :ivar url: the same without user and password.
    :raises settings.BadSettingsError: the URL is invalid.
    """

    def __init__(
        self, url: str, *, max_response_bytes: int, session: aiohttp.ClientSession, clock: clocks.Clock
    ) -> None:
        self.url, self._headers = _parse(urls.with_scheme(url))
        self._max_bytes = max_response_bytes
        self._session = session
        self._clock = clock
        self._clock_offset = clock.wall() - clock.monotonic()

    def now(self) -> float:
        """Pushgateway's Unix time, by the Date header of its last response."""
        return self._clock.monotonic() + self._clock_offset

    async def read(self) -> pushgateway_responses.GroupList:
        """Read all groups."""
        url = f"{self.url}/api/v1/metrics"
        body = await self._call("GET", url, expected=HTTPStatus.OK, timeout=_READ_TIMEOUT)
        try:
            # In a thread: it may take seconds, and runs Python code, so the event loop gets its turns.
            return await asyncio.to_thread(pushgateway_responses.parse, body)
        except pushgateway_responses.BadResponseError as error:
            raise gateway_protocol.GatewayError(f"GET {url}: {error}; is it a Pushgateway?") from error

    async def delete(self, key: grouping.GroupingKey) -> None:
        """Delete this group. Pushgateway deletes it shortly after its response, which it sends for unknown groups, too.

        :raises RejectedError: its path is invalid or too long.
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
            # SECURITY: send neither the password nor a deletion to where a response redirects.
            async with self._session.request(
                method, url, headers=self._headers, timeout=timeout, allow_redirects=False
            ) as response:
                if response.status != expected:
                    raise await _error(f"{method} {url}", response)
                self._clock_offset = _time(response, default=self._clock.wall()) - self._clock.monotonic()
                return await self._body(f"{method} {url}", response)
        except TimeoutError as error:
            raise gateway_protocol.GatewayError(
                f"{method} {url}: no response in time; is Pushgateway overloaded?"
            ) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise gateway_protocol.GatewayError(f"{method} {url}: {error}; is Pushgateway up?") from error

    async def _body(self, request: str, response: aiohttp.ClientResponse) -> bytearray:
        """The whole body; aiohttp raises an error if it is incomplete."""
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > self._max_bytes:
                raise gateway_protocol.GatewayError(
                    f"{request}: the response has more than {self._max_bytes} bytes, the limit of the operator; delete "
                    "unneeded groups from Pushgateway, or push to tidegate's gateway"
                )
        return body


def _parse(url: str) -> tuple[str, dict[str, str]]:
    """The URL without user, password and trailing slash, and the headers that send them."""
    # SECURITY: no message contains the URL, which may have a password.
    bad = settings.BadSettingsError(
        "--gateway.url must be the URL of the Pushgateway, such as http://pushgateway:9091 or "
        "https://user:password@host/prefix"
    )
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise bad from None
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or "@" in parts.path:
        raise bad
    netloc = f"[{host}]" if ":" in host else host
    plain = f"{parts.scheme}://{netloc}{'' if port is None else f':{port}'}{parts.path.rstrip('/')}"
    if parts.username is None:
        return plain, {}
    user, password = (urllib.parse.unquote(part or "") for part in (parts.username, parts.password))
    if ":" in user:
        raise settings.BadSettingsError(
            "--gateway.url: the user name must not contain a colon, because HTTP basic authentication does not allow it"
        )
    return plain, {hdrs.AUTHORIZATION: aiohttp.encode_basic_auth(user, password)}


def _time(response: aiohttp.ClientResponse, *, default: float) -> float:
    """The Unix time of the Date header; the default if it is missing, as a proxy may remove it."""
    try:
        return email.utils.parsedate_to_datetime(response.headers[hdrs.DATE]).timestamp() + _HALF_A_SECOND
    except (KeyError, ValueError):
        return default


async def _error(request: str, response: aiohttp.ClientResponse) -> gateway_protocol.GatewayError:
    status = response.status
    if status in _UNREADABLE_PATH:
        return RejectedError(f"{request}: {status} {await _body_text(response)}")
    match status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            advice = "check the user and password in --gateway.url"
        case HTTPStatus.NOT_FOUND | HTTPStatus.METHOD_NOT_ALLOWED:
            advice = "does --gateway.url have the path of Pushgateway's --web.external-url or --web.route-prefix?"
        case _ if 300 <= status < 400:
            advice = "set --gateway.url to the target of the redirect"
        case _:
            advice = await _body_text(response)
    return gateway_protocol.GatewayError(f"{request}: {status} {response.reason}: {advice}")


async def _body_text(response: aiohttp.ClientResponse) -> str:
    body = await response.content.read(_BODY_BYTES)
    return body.decode(errors="replace").strip()
