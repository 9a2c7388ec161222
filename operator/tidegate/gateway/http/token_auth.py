"""Who may call the control API: whoever shows its token."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType

from aiohttp import hdrs, web

_logger = logging.getLogger(__name__)

_NEEDED = "Unauthorized: the control API needs the token of --control.token-file as Authorization: Bearer\n"


class TokenGuard:
    """Stands before the control API.

    :param on_refused: called for every call without the right token.
    """

    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, token: str, *, on_refused: Callable[[], None]) -> None:
        self._wanted = f"Bearer {token}".encode()
        self._on_refused = on_refused

    async def refuse(self, request: web.BaseRequest) -> web.Response | None:
        """``None`` for who shows the token."""
        shown = request.headers.get(hdrs.AUTHORIZATION, "").encode("utf-8", "surrogateescape")
        # SECURITY: takes as long for a token that is nearly right.
        if hmac.compare_digest(shown, self._wanted):
            return None
        self._on_refused()
        _logger.debug("a call of the control API from %s without the right token", request.remote)
        return web.Response(status=401, headers={hdrs.WWW_AUTHENTICATE: "Bearer"}, text=_NEEDED)
