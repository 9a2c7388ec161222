"""Administration: delete all groups, and stop the process. A flag enables each."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web

from tidegate.gateway.metrics import own_metrics
from tidegate.gateway.push import group_deletion
from tidegate.store import interface

_logger = logging.getLogger(__name__)


class AdminHandlers:
    """Handles ``PUT /api/v1/admin/wipe``, and ``PUT`` and ``POST /-/quit``. Paths and responses are Pushgateway's.

    :param stop: set when a client stops the process.
    """

    def __init__(self, store: interface.Store, metrics: own_metrics.GatewayMetrics, *, stop: asyncio.Event) -> None:
        self._store = store
        self._metrics = metrics
        self._stop = stop

    async def wipe(self, request: web.BaseRequest) -> web.Response:
        """Delete every group that exists at the start of the request. A group pushed meanwhile may or may not stay."""
        _logger.warning("deleting all groups, as requested by %s (PUT /api/v1/admin/wipe)", request.remote)
        await group_deletion.delete(self._store, self._store.grouping_keys(), metrics=self._metrics)
        return web.Response(status=202)

    async def quit(self, request: web.BaseRequest) -> web.Response:
        """Stop the process, as SIGTERM does. This response, and those of all requests in flight, are sent first."""
        _logger.warning("stopping, as requested by %s (/-/quit)", request.remote)
        self._stop.set()
        return web.Response(text="Requesting termination... Goodbye!")

    async def reject_quit(self, request: web.BaseRequest) -> web.Response:  # noqa: ARG002 - a router.Handler
        """403, if the flag is not set."""
        return web.Response(status=403, text="Lifecycle API is not enabled: start with --web.enable-lifecycle.")
