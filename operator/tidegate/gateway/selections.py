"""``DELETE /api/v1/groups?match[]=…``: every group that a selector selects, or with ``dry_run`` what that would be."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence

from aiohttp import web

from tidegate.gateway import metrics as own_metrics
from tidegate.gateway import queries, removals
from tidegate.model import errors, groups, selectors
from tidegate.store import interface

_logger = logging.getLogger(__name__)

_YES, _NO = ("1", "true"), ("0", "false", "")


class SelectionEndpoint:
    """Groups by selector. Several ``match[]`` select what any of them does."""

    def __init__(self, store: interface.Store, metrics: own_metrics.GatewayMetrics) -> None:
        self._store = store
        self._metrics = metrics

    async def delete(self, request: web.Request) -> web.Response:
        """Delete the selected groups, and tell which they were; one that is pushed meanwhile may go or stay."""
        try:
            chosen = _selectors(request)
            dry_run = _dry_run(request)
        except errors.BadRequestError as error:
            told = {"status": "error", "errorType": "bad_data", "error": str(error)}
            return web.json_response(told, status=400, headers=queries.CORS)
        found = [key async for key in self._selected(chosen) if dry_run or await self._delete(key)]
        if not dry_run:
            _logger.info("%s deleted %d groups by %s", request.remote, len(found), request.query.getall("match[]"))
        data = {"dry_run": dry_run, "groups": [groups.labels(key) for key in found]}
        return web.json_response({"status": "success", "data": data}, headers=queries.CORS)

    async def _selected(self, chosen: Sequence[selectors.Selector]) -> AsyncIterator[groups.GroupingKey]:
        async for key in removals.each(self._store):
            if any(selector.matches(groups.labels(key)) for selector in chosen):
                yield key

    async def _delete(self, key: groups.GroupingKey) -> bool:
        return await removals.delete(self._store, self._metrics, key)


def _selectors(request: web.Request) -> list[selectors.Selector]:
    texts = request.query.getall("match[]", [])
    if not texts:
        raise errors.BadRequestError('no match[] parameter: give a selector such as {job="backup"}')
    return [selectors.parse(text) for text in texts]


def _dry_run(request: web.Request) -> bool:
    said = request.query.get("dry_run", "").lower()
    if said not in (*_YES, *_NO):
        raise errors.BadRequestError(f"dry_run={said!r} is neither 1 nor 0")
    return said in _YES
