"""The control API: the operator follows changes of groups and claims, releases and drains them.

It is served on loopback only, never on the Pod's address, and requires a token.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

from tidegate.aio import broadcasts
from tidegate.draining import group_drainer
from tidegate.gateway.metrics import own_metrics
from tidegate.model import change_log, control_api, errors
from tidegate.store import interface

_MAX_PAGE = 5_000
"""Changes of one response."""

_MAX_WAIT = 60.0
"""Seconds that a request may wait for a change."""

_MAX_ACTIONS = 5_000
"""Actions of one request."""


class ControlHandlers:
    """Handles ``/control/v1/…``."""

    def __init__(
        self, store: interface.Store, *, drainer: group_drainer.Drainer, metrics: own_metrics.GatewayMetrics
    ) -> None:
        self._store = store
        self._drainer = drainer
        self._metrics = metrics
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Respond to the requests that wait for a change, so that the server can stop."""
        self._stopping.set()

    async def groups(self, request: web.BaseRequest) -> web.Response:
        """``GET groups?epoch=&since=&began=&limit=&wait=``: one page of changes, after at most ``wait`` seconds.

        ``epoch``, ``since`` and ``began`` are from the previous page; without them a list of all groups begins.
        """
        since = int(_number(request, "since", default=0, most=float("inf")))
        began = int(_number(request, "began", default=0, most=float("inf")))
        limit = max(1, int(_number(request, "limit", default=1_000, most=_MAX_PAGE)))
        wait = _number(request, "wait", default=0.0, most=_MAX_WAIT)
        epoch = request.query.get("epoch")
        changed = self._store.next_change()
        try:
            changes = self._store.changes(epoch=epoch, since=since, began=began, limit=limit)
            if wait and changes.revision == since:
                await broadcasts.wait_any(changed, self._stopping, seconds=wait)
                changes = self._store.changes(epoch=epoch, since=since, began=began, limit=limit)
        except change_log.HistoryLostError:
            reason = "these changes are no longer available: list all groups again, without since"
            return web.json_response({"error": reason}, status=410)
        return web.json_response(changes.to_json())

    async def actions(self, request: web.BaseRequest) -> web.Response:
        """``POST actions``: carry out actions of the operator. The response has the result of each, in order."""
        message = await _json(request)
        try:
            epoch = str(message["epoch"])
            actions = [control_api.action_from_json(item) for item in message["actions"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise errors.BadRequestError(f"the body is not a valid list of actions: {error!r}") from error
        if len(actions) > _MAX_ACTIONS:
            raise errors.BadRequestError(f"{len(actions)} actions in one request: send at most {_MAX_ACTIONS}")
        if epoch != self._store.epoch:
            reason = f"the epoch is {self._store.epoch}: list all groups again"
            return web.json_response({"error": reason}, status=409)
        results = await self._store.apply(actions)
        self._drainer.wake()
        reasons = [None if refusal is None else refusal.value for refusal in results]
        for reason in filter(None, reasons):
            self._metrics.actions_rejected.labels(reason=reason).inc()
        return web.json_response({"revision": self._store.revision, "results": reasons})


def _number(request: web.BaseRequest, name: str, *, default: float, most: float) -> float:
    try:
        value = float(request.query.get(name, default))
    except ValueError as error:
        raise errors.BadRequestError(f"{name} is not a number: {request.query[name]!r}") from error
    if not 0 <= value < float("inf"):
        raise errors.BadRequestError(f"{name} must be a number of 0 or more, not {value}")
    return min(value, most)


async def _json(request: web.BaseRequest) -> dict[str, Any]:
    # The limit of the control API (`client_max_size`) bounds the body.
    try:
        message = json.loads(await request.read())
    except ValueError as error:
        raise errors.BadRequestError(f"the body is not valid JSON: {error}") from error
    if not isinstance(message, dict):
        raise errors.BadRequestError("the body is not a JSON object")
    return message
