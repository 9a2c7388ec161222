"""tidegate's own gateway: the client of its control API."""

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

_ANSWER_SECONDS = 10.0
"""How long an answer may take, beyond what was asked to wait."""


class OwnGateway:
    """A :class:`gateway_protocol.Gateway` that is one of ours, on loopback. The session is the caller's.

    :raises settings.BadSettingsError: the URL is of another machine, or there is no token.
    """

    def __init__(self, url: str, *, token: settings.TokenSettings, session: aiohttp.ClientSession) -> None:
        url = urls.with_scheme(url)
        _expect_loopback(url)
        if not (token.file or token.value):
            raise settings.BadSettingsError(
                "the operator needs --control.token-file: the file that the gateway beside it is given by the same "
                "flag, and makes"
            )
        self.url = url
        self.grace_seconds = None
        self._token = control_token.Token(token)
        self._url = url.rstrip("/") + "/control/v1/"
        self._session = session

    async def changes(self, *, after: control_api.Changes | None) -> control_api.Changes:
        """The page after this one; ``None`` begins a list of all groups. Waits for something to change."""
        query = {"limit": str(gateway_protocol.PAGE), "wait": str(gateway_protocol.WAIT_SECONDS)}
        if after is None:
            query["wait"] = "0"
        else:
            query |= {"epoch": after.epoch, "since": str(after.revision), "began": str(after.began)}
        data = await self._call("GET", "groups", params=query, timeout=_ANSWER_SECONDS + gateway_protocol.WAIT_SECONDS)
        try:
            return control_api.Changes.from_json(data)
        except (KeyError, TypeError, ValueError) as error:
            raise gateway_protocol.GatewayError(
                f"the gateway at {self._url} answers with no page of changes: {error!r}"
            ) from error

    async def act(
        self, actions: Sequence[control_api.Action], *, epoch: str
    ) -> tuple[int, list[lifecycle.Refusal | None]]:
        """Have at most :data:`gateway_protocol.BATCH` actions done, in order.

        Returns the revision after them, and for each why it was not done; ``None`` where it was.
        """
        body = {"epoch": epoch, "actions": [action.to_json() for action in actions]}
        data = await self._call("POST", "actions", json=body, timeout=_ANSWER_SECONDS)
        try:
            results = [None if result is None else lifecycle.Refusal(result) for result in data["results"]]
            revision = int(data["revision"])
        except (KeyError, TypeError, ValueError) as error:
            raise gateway_protocol.GatewayError(
                f"the gateway at {self._url} answers with no results: {error!r}"
            ) from error
        if len(results) != len(actions):
            raise gateway_protocol.GatewayError(
                f"the gateway at {self._url} answers {len(actions)} actions with {len(results)} results"
            )
        return revision, results

    async def _call(self, method: str, path: str, *, timeout: float, **more: Any) -> Any:  # noqa: ASYNC109 - aiohttp's
        try:
            headers = {hdrs.AUTHORIZATION: f"Bearer {self._token.value()}"}
        except control_token.TokenFileError as error:
            raise gateway_protocol.GatewayError(str(error)) from error
        more |= {"timeout": aiohttp.ClientTimeout(total=timeout), "headers": headers}
        try:
            # SECURITY: the token goes to nobody whom the answer names.
            async with self._session.request(method, self._url + path, allow_redirects=False, **more) as response:
                if response.status == HTTPStatus.UNAUTHORIZED:
                    self._token.refused()
                if response.status in (HTTPStatus.GONE, HTTPStatus.CONFLICT):
                    raise gateway_protocol.HistoryLostError(f"the gateway at {self._url} has begun a new history")
                if response.status != HTTPStatus.OK:
                    said = (await response.text())[:500]
                    raise gateway_protocol.GatewayError(f"{method} {self._url}{path}: {response.status} {said}")
                return await response.json()
        except TimeoutError as error:
            raise gateway_protocol.GatewayError(
                f"{method} {self._url}{path}: no answer within {timeout:g} s"
            ) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise gateway_protocol.GatewayError(f"{method} {self._url}{path}: {error}; is the gateway up?") from error


def _expect_loopback(url: str) -> None:
    # SECURITY: the token goes over it in clear.
    if not _is_local(url):
        raise settings.BadSettingsError(
            "--gateway.url is to be http://127.0.0.1:PORT or another address of loopback: what is sent there, and the "
            "token with it, is not encrypted; for a stock Pushgateway there is --gateway.kind=pushgateway"
        )


def _is_local(url: str) -> bool:
    try:
        given = urllib.parse.urlsplit(url)
        host = given.hostname or ""
        # Another name may be that of another machine at the next call.
        fixed = host == "localhost" or addresses.is_literal(host)
        return given.scheme == "http" and given.username is None and fixed and addresses.is_loopback(host)
    except (ValueError, OSError):
        return False
