"""``GET /api/openapi.json``."""

from __future__ import annotations

from aiohttp import hdrs, web

from tidegate import settings
from tidegate.gateway.http import cached_content
from tidegate.gateway.openapi import documents

PATH = "/api/openapi.json"


class DocumentEndpoint:
    """Serves the document from memory; it is made once, at the start."""

    def __init__(self, chosen: settings.GatewaySettings) -> None:
        self._content = cached_content.of(documents.encoded(chosen), type="application/json")

    async def get(self, request: web.BaseRequest) -> web.Response:
        """The document, or 304 if the client has it.

        Clients revalidate it with every request. Like the rest of tidegate's own API it has no CORS headers.
        """
        return cached_content.response(request, self._content, {hdrs.CACHE_CONTROL: "no-cache"})
