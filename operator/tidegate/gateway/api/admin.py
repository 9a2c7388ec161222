"""What only an administrator may ask: wipe the store, end the process. Both are off unless a flag says otherwise."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web

from tidegate.gateway.metrics import own_metrics
from tidegate.gateway.push import group_deletion
from tidegate.store import interface

_logger = logging.getLogger(__name__)


class AdminEndpoint:
    """``PUT /api/v1/admin/wipe`` and ``PUT`` or ``POST /-/quit``; paths and answers are Pushgateway's.

    :param stop: set where a client asks the process to end.
    """

    def __init__(self, store: interface.Store, metrics: own_metrics.GatewayMetrics, *, stop: asyncio.Event) -> None:
        self._store = store
        self._metrics = metrics
        self._stop = stop

    async def wipe(self, request: web.BaseRequest) -> web.Response:
        """Delete every group that there is when the request comes; one that is pushed meanwhile may go or stay."""
        _logger.warning("%s wipes all groups", request.remote)
        await group_deletion.remove(self._store, self._store.grouping_keys(), metrics=self._metrics)
        return web.Response(status=202)

    async def quit(self, request: web.BaseRequest) -> web.Response:
        """End the process as SIGTERM does: this answer, and every other one under way, is sent first."""
        _logger.warning("%s asks for the end of the process", request.remote)
        self._stop.set()
        return web.Response(text="Requesting termination... Goodbye!")

    async def refuse_quit(self, request: web.BaseRequest) -> web.Response:  # noqa: ARG002 - a routes.Handler
        """403, as long as the flag is off."""
        return web.Response(status=403, text="Lifecycle API is not enabled: start with --web.enable-lifecycle.")
