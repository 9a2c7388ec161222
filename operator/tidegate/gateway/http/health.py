"""``/-/healthy`` and ``/-/ready``, for probes."""

from __future__ import annotations

from aiohttp import hdrs, web


class HealthEndpoint:
    """Healthy while the process answers; ready from when the groups are restored until it is told to stop."""

    def __init__(self) -> None:
        self._restoring = True
        self._stopping = False

    def restored(self) -> None:
        """The groups that were kept are there."""
        self._restoring = False

    def stop(self) -> None:
        """Stop being ready, so that no new client is sent here."""
        self._stopping = True

    async def not_yet(self, request: web.BaseRequest) -> web.Response:  # noqa: ARG002 - a routes.Handler
        """What everything else is answered until then."""
        return web.Response(
            status=503, headers={hdrs.RETRY_AFTER: "1"}, text="The groups are being restored: try again in a second.\n"
        )

    async def healthy(self, request: web.BaseRequest) -> web.Response:  # noqa: ARG002 - a routes.Handler
        """That the event loop answers at all is the answer."""
        return web.Response(text="OK")

    async def ready(self, request: web.BaseRequest) -> web.Response:  # noqa: ARG002 - a routes.Handler
        """503 until the groups are restored, and once the gateway is stopping."""
        if self._restoring:
            return web.Response(status=503, text="restoring")
        if self._stopping:
            return web.Response(status=503, text="stopping")
        return web.Response(text="OK")
