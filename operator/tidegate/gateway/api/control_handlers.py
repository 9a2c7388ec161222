"""The control API: how the operator learns of groups, and says whose they are and when they are over.

It has no place on the Pod's address: it is served on loopback alone, to whoever shows the token.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

from tidegate.draining import collector
from tidegate.gateway.metrics import own_metrics
from tidegate.model import change_log, control_api, errors
from tidegate.store import interface

_MAX_PAGE = 5_000
_MAX_WAIT = 60.0
_MAX_ACTIONS = 5_000


class ControlEndpoint:
    """``/control/v1/…``."""

    def __init__(
        self, store: interface.Store, *, drainer: collector.Drainer, metrics: own_metrics.GatewayMetrics
    ) -> None:
        self._store = store
        self._drainer = drainer
        self._metrics = metrics
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Answer the calls that wait for a change, so that the server can stop."""
        self._stopping.set()

    async def groups(self, request: web.BaseRequest) -> web.Response:
        """``GET groups?epoch=&since=&began=&limit=&wait=``: one page of changes; waits up to ``wait`` seconds for one.

        ``epoch``, ``since`` and ``began`` are those of the page before; without them a list of all groups begins.
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
                await self._wait(changed, seconds=wait)
                changes = self._store.changes(epoch=epoch, since=since, began=began, limit=limit)
        except change_log.HistoryLostError:
            reason = "those changes are no longer known: list all groups anew, without since"
            return web.json_response({"error": reason}, status=410)
        return web.json_response(changes.to_json())

    async def actions(self, request: web.BaseRequest) -> web.Response:
        """``POST actions``: do what the operator decided; answers what became of each, in order."""
        asked = await _json(request)
        try:
            epoch = str(asked["epoch"])
            actions = [control_api.action_from_json(item) for item in asked["actions"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise errors.BadRequestError(f"not a list of actions: {error!r}") from error
        if len(actions) > _MAX_ACTIONS:
            raise errors.BadRequestError(f"{len(actions)} actions at once: send at most {_MAX_ACTIONS}")
        if epoch != self._store.epoch:
            reason = f"the epoch is {self._store.epoch}: list all groups anew"
            return web.json_response({"error": reason}, status=409)
        results = await self._store.act(actions)
        self._drainer.wake()
        for refusal in results:
            if refusal is not None:
                self._metrics.refusals.labels(reason=refusal.value).inc()
        answers = [None if refusal is None else refusal.value for refusal in results]
        return web.json_response({"revision": self._store.revision, "results": answers})

    async def _wait(self, changed: asyncio.Event, *, seconds: float) -> None:
        waiting = [asyncio.ensure_future(event.wait()) for event in (changed, self._stopping)]
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for future in waiting:
                future.cancel()


def _number(request: web.BaseRequest, name: str, *, default: float, most: float) -> float:
    try:
        value = float(request.query.get(name, default))
    except ValueError as error:
        raise errors.BadRequestError(f"{name} is not a number: {request.query[name]!r}") from error
    if not 0 <= value < float("inf"):
        raise errors.BadRequestError(f"{name} must be a number from 0: {value}")
    return min(value, most)


async def _json(request: web.BaseRequest) -> dict[str, Any]:
    try:
        asked = json.loads(await request.read())
    except ValueError as error:
        raise errors.BadRequestError(f"not JSON: {error}") from error
    if not isinstance(asked, dict):
        raise errors.BadRequestError("not a JSON object")
    return asked
