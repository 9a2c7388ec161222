"""Authentication for the control API: a bearer token."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType

from aiohttp import hdrs, web

_logger = logging.getLogger(__name__)

_UNAUTHORIZED = "Unauthorized: the control API needs the token of --control.token-file as Authorization: Bearer\n"


class TokenAuthenticator:
    """Accepts requests that present the token of the control API.

    :param on_denied: called for every request without it.
    """

    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, token: str, *, on_denied: Callable[[], None]) -> None:
        self._expected = f"Bearer {token}".encode()
        self._on_denied = on_denied

    async def check(self, request: web.BaseRequest) -> web.Response | None:
        """``None`` for a request with the right token, else 401."""
        presented = request.headers.get(hdrs.AUTHORIZATION, "").encode("utf-8", "surrogateescape")
        # SECURITY: the comparison takes as long for a token that is almost right.
        if hmac.compare_digest(presented, self._expected):
            return None
        self._on_denied()
        _logger.debug("rejected a request to the control API from %s: missing or wrong token", request.remote)
        return web.Response(status=401, headers={hdrs.WWW_AUTHENTICATE: "Bearer"}, text=_UNAUTHORIZED)
