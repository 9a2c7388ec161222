"""``DELETE /api/v1/groups?match[]=…``: deletes the selected groups, or lists them if ``dry_run`` is set."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence

from aiohttp import hdrs, web

from tidegate.gateway.api import selector_search
from tidegate.gateway.metrics import own_metrics
from tidegate.gateway.push import group_deletion
from tidegate.model import errors, grouping, plurals
from tidegate.store import interface

_logger = logging.getLogger(__name__)

DRY_RUN = "dry_run"
"""The query parameter of a dry run."""

BOOLEANS: Mapping[str, bool] = {"1": True, "true": True, "0": False, "false": False}

_GROUPS_PER_WRITE = 250


class SelectorDeletionHandler:
    """Handles ``DELETE /api/v1/groups``. A group is selected if any ``match[]`` matches.

    No flag enables it: any client can delete any group whose labels it knows, as in Pushgateway.
    """

    def __init__(
        self, store: interface.Store, metrics: own_metrics.GatewayMetrics, *, selector: selector_search.GroupSelector
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._selector = selector

    async def delete(self, request: web.BaseRequest) -> web.StreamResponse:
        """Delete the selected groups and list them. A group pushed meanwhile may or may not stay."""
        try:
            dry_run = _dry_run(request)
            keys = await self._selector.select(_selectors(request))
        except errors.BadRequestError as error:
            return _failure(400, "bad_data", str(error))
        except TimeoutError:
            return _failure(
                503,
                "timeout",
                f"the selectors took longer than {selector_search.TIMEOUT_SECONDS:g} s; no group was deleted: "
                f"use simpler selectors",
            )
        if not dry_run:
            keys = await group_deletion.delete(self._store, keys, metrics=self._metrics)
            count, texts = plurals.counted(len(keys), "group"), request.query.getall(selector_search.MATCH)
            _logger.info("deleted %s selected by %s, as requested by %s", count, texts, request.remote)
        return await _respond(request, keys, dry_run=dry_run)

    async def options(self, request: web.BaseRequest) -> web.Response:  # noqa: ARG002 - a router.Handler
        """Return the allowed methods.

        SECURITY: unlike the rest of the API it allows no other origin, because then any web page could delete groups.
        """
        return web.Response(headers={hdrs.ALLOW: "DELETE, GET, HEAD, OPTIONS"})


def _selectors(request: web.BaseRequest) -> Sequence[str]:
    unknown = sorted(set(request.query) - {selector_search.MATCH, DRY_RUN})
    if unknown:
        # Otherwise a misspelled dry_run would delete groups.
        raise errors.BadRequestError(
            f"unknown parameter {unknown[0]!r}: the parameters are {selector_search.MATCH} and {DRY_RUN}"
        )
    texts = request.query.getall(selector_search.MATCH, [])
    if not texts:
        raise errors.BadRequestError(
            f'missing parameter {selector_search.MATCH}: send a selector such as {{job="backup"}}'
        )
    return texts


def _dry_run(request: web.BaseRequest) -> bool:
    values = {text.lower() for text in request.query.getall(DRY_RUN, ["0"])}
    if len(values) > 1 or not values <= BOOLEANS.keys():
        raise errors.BadRequestError(f"{DRY_RUN} must be 1 or 0, not {', '.join(sorted(values))!r}")
    return BOOLEANS[values.pop()]


def _failure(status: int, kind: str, reason: str) -> web.Response:
    return web.json_response({"status": "error", "errorType": kind, "error": reason}, status=status)


async def _respond(
    request: web.BaseRequest, keys: Sequence[grouping.GroupingKey], *, dry_run: bool
) -> web.StreamResponse:
    """Send the list in parts: the JSON of many thousand groups takes a while."""
    response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: "application/json"})
    await response.prepare(request)
    summary = {"dry_run": dry_run, "deleted": 0 if dry_run else len(keys)}
    await response.write(f'{{"status":"success","data":{{{json.dumps(summary)[1:-1]},"groups":['.encode())
    for begin in range(0, len(keys), _GROUPS_PER_WRITE):
        part = json.dumps([grouping.labels(key) for key in keys[begin : begin + _GROUPS_PER_WRITE]])
        await response.write(f"{',' if begin else ''}{part[1:-1]}".encode())
        await asyncio.sleep(0)
    await response.write(b"]}}")
    await response.write_eof()
    return response
