"""``/-/healthy`` and ``/-/ready``, for probes."""

from __future__ import annotations

from aiohttp import hdrs, web


class HealthHandlers:
    """Healthy while the process responds; ready from the end of the restore until shutdown begins."""

    def __init__(self) -> None:
        self._restoring = True
        self._stopping = False

    def set_restored(self) -> None:
        """Become ready: the persisted groups are restored."""
        self._restoring = False

    def set_stopping(self) -> None:
        """Stop being ready, so that no new client is sent here."""
        self._stopping = True

    async def reject_until_restored(self, request: web.BaseRequest) -> web.Response:  # noqa: ARG002 - a router.Handler
        """503 with ``Retry-After``, for every other path during the restore."""
        return web.Response(
            status=503, headers={hdrs.RETRY_AFTER: "1"}, text="The groups are being restored: try again in a second.\n"
        )

    async def healthy(self, request: web.BaseRequest) -> web.Response:  # noqa: ARG002 - a router.Handler
        """200; a response at all shows that the event loop runs."""
        return web.Response(text="OK")

    async def ready(self, request: web.BaseRequest) -> web.Response:  # noqa: ARG002 - a router.Handler
        """200, or 503 during the restore and during shutdown."""
        if self._restoring:
            return web.Response(status=503, text="restoring")
        if self._stopping:
            return web.Response(status=503, text="stopping")
        return web.Response(text="OK")
