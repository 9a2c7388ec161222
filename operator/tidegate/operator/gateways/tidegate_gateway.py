"""The client of the control API of tidegate's gateway."""

from __future__ import annotations

import urllib.parse
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import aiohttp
from aiohttp import hdrs

from tidegate import control_token, settings
from tidegate.client import urls
from tidegate.model import control_api, lifecycle
from tidegate.operator.gateways import gateway_protocol
from tidegate.system import addresses

_TIMEOUT_SECONDS = 10.0
"""The timeout of a request, beyond the time that it waits for a change."""

_BODY_CHARACTERS = 500
"""Characters of a response body in an error."""


class TidegateGateway:
    """The :class:`gateway_protocol.Gateway` of tidegate, on loopback. The session is the caller's.

    :raises settings.BadSettingsError: the URL is not on loopback, or there is no token.
    """

    def __init__(self, url: str, *, token: settings.TokenSettings, session: aiohttp.ClientSession) -> None:
        url = urls.with_scheme(url)
        _expect_loopback(url)
        if not (token.file or token.value):
            raise settings.BadSettingsError(
                "the operator needs --control.token-file; set it to the same file as the gateway, which creates it"
            )
        self.url = url
        self.grace_seconds = None
        self._token = control_token.Token(token)
        self._url = url.rstrip("/") + "/control/v1/"
        self._session = session

    async def changes(self, *, after: control_api.Changes | None) -> control_api.Changes:
        """The page of changes after this one; ``None`` starts a list of all groups. Waits for a change."""
        query = {"limit": str(gateway_protocol.PAGE), "wait": str(gateway_protocol.WAIT_SECONDS)}
        if after is None:
            query["wait"] = "0"
        else:
            query |= {"epoch": after.epoch, "since": str(after.revision), "began": str(after.began)}
        data = await self._call("GET", "groups", params=query, timeout=_TIMEOUT_SECONDS + gateway_protocol.WAIT_SECONDS)
        try:
            return control_api.Changes.from_json(data)
        except (KeyError, TypeError, ValueError) as error:
            raise gateway_protocol.GatewayError(
                f"GET {self._url}groups: the response has no page of changes: {error!r}; is it a tidegate gateway?"
            ) from error

    async def act(
        self, actions: Sequence[control_api.Action], *, epoch: str
    ) -> tuple[int, list[lifecycle.Rejection | None]]:
        """Perform at most :data:`gateway_protocol.BATCH` actions, in order.

        Returns the revision after them, and for each action why it was rejected; ``None`` where it was performed.
        """
        body = {"epoch": epoch, "actions": [action.to_json() for action in actions]}
        data = await self._call("POST", "actions", json=body, timeout=_TIMEOUT_SECONDS)
        try:
            results = [None if result is None else lifecycle.Rejection(result) for result in data["results"]]
            revision = int(data["revision"])
        except (KeyError, TypeError, ValueError) as error:
            raise gateway_protocol.GatewayError(
                f"POST {self._url}actions: the response has no results: {error!r}; is it a tidegate gateway?"
            ) from error
        if len(results) != len(actions):
            raise gateway_protocol.GatewayError(
                f"POST {self._url}actions: the response has {len(results)} results for {len(actions)} actions"
            )
        return revision, results

    async def _call(self, method: str, path: str, *, timeout: float, **options: Any) -> Any:  # noqa: ASYNC109 - aiohttp's
        try:
            headers = {hdrs.AUTHORIZATION: f"Bearer {self._token.value()}"}
        except control_token.TokenFileError as error:
            raise gateway_protocol.GatewayError(str(error)) from error
        options |= {"timeout": aiohttp.ClientTimeout(total=timeout), "headers": headers}
        try:
            # SECURITY: do not send the token to where a response redirects.
            async with self._session.request(method, self._url + path, allow_redirects=False, **options) as response:
                if response.status == HTTPStatus.UNAUTHORIZED:
                    self._token.invalidate()
                if response.status in (HTTPStatus.GONE, HTTPStatus.CONFLICT):
                    raise gateway_protocol.HistoryLostError(
                        f"the gateway at {self._url} has a new epoch; listing all groups"
                    )
                if response.status != HTTPStatus.OK:
                    body = (await response.text())[:_BODY_CHARACTERS]
                    raise gateway_protocol.GatewayError(f"{method} {self._url}{path}: {response.status} {body}")
                return await response.json()
        except TimeoutError as error:
            raise gateway_protocol.GatewayError(
                f"{method} {self._url}{path}: no response within {timeout:g} s; is the gateway overloaded?"
            ) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise gateway_protocol.GatewayError(f"{method} {self._url}{path}: {error}; is the gateway up?") from error


def _expect_loopback(url: str) -> None:
    # SECURITY: the token is sent unencrypted.
    if not _is_local(url):
        raise settings.BadSettingsError(
            "--gateway.url must be http://127.0.0.1:PORT or another loopback address, because the operator sends its "
            "token unencrypted; for a stock Pushgateway, set --gateway.kind=pushgateway"
        )


def _is_local(url: str) -> bool:
    try:
        parts = urllib.parse.urlsplit(url)
        host = parts.hostname or ""
        # Any other name may resolve to another machine at the next request.
        is_fixed = host == "localhost" or addresses.is_literal(host)
        return parts.scheme == "http" and parts.username is None and is_fixed and addresses.is_loopback(host)
    except (ValueError, OSError):
        return False
