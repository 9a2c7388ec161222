"""``/-/healthy`` and ``/-/ready``, for probes."""

from __future__ import annotations

from aiohttp import web


class HealthEndpoint:
    """Healthy while the process answers; ready until it is told to stop."""

    def __init__(self) -> None:
        self._stopping = False

    def stop(self) -> None:
        """Stop being ready, so that no new client is sent here."""
        self._stopping = True

    async def healthy(self, request: web.BaseRequest) -> web.Response:
        """That the event loop answers at all is the answer."""
        return web.Response(text="OK")

    async def ready(self, request: web.BaseRequest) -> web.Response:
        """503 once the gateway is stopping."""
        if self._stopping:
            return web.Response(status=503, text="stopping")
        return web.Response(text="OK")
