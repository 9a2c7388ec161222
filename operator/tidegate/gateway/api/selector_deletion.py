"""``DELETE /api/v1/groups?match[]=…``: every group that a selector selects, or with ``dry_run`` what that would be."""

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
TRUTH: Mapping[str, bool] = {"1": True, "true": True, "0": False, "false": False}

_GROUPS_A_WRITE = 250


class SelectionEndpoint:
    """Groups by selector. Several ``match[]`` select what any of them does.

    It needs no flag: Pushgateway, too, lets everybody delete every group whose name they know.
    """

    def __init__(
        self, store: interface.Store, metrics: own_metrics.GatewayMetrics, *, picker: selector_search.Picker
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._picker = picker

    async def delete(self, request: web.BaseRequest) -> web.StreamResponse:
        """Delete the selected groups, and tell which they were; one that is pushed meanwhile may go or stay."""
        try:
            dry_run = _dry_run(request)
            found = await self._picker.pick(_texts(request))
        except errors.BadRequestError as error:
            return _failure(400, "bad_data", str(error))
        except TimeoutError:
            return _failure(
                503, "timeout", f"no selection after {selector_search.LONGEST_SECONDS:g} s: nothing was deleted"
            )
        if not dry_run:
            found = await group_deletion.remove(self._store, found, metrics=self._metrics)
            count, asked = plurals.counted(len(found), "group"), request.query.getall(selector_search.MATCH)
            _logger.info("%s deleted %s by %s", request.remote, count, asked)
        return await _tell(request, found, dry_run=dry_run)

    async def options(self, request: web.BaseRequest) -> web.Response:  # noqa: ARG002 - a routes.Handler
        """SECURITY: unlike the rest of the API no other origin is allowed, or any web page could delete groups."""
        return web.Response(headers={hdrs.ALLOW: "DELETE, GET, HEAD, OPTIONS"})


def _texts(request: web.BaseRequest) -> Sequence[str]:
    unknown = sorted(set(request.query) - {selector_search.MATCH, DRY_RUN})
    if unknown:
        # A misspelled dry run would delete in earnest.
        raise errors.BadRequestError(
            f"unknown parameter {unknown[0]!r}: there are {selector_search.MATCH} and {DRY_RUN}"
        )
    texts = request.query.getall(selector_search.MATCH, [])
    if not texts:
        raise errors.BadRequestError(f'no {selector_search.MATCH} parameter: give a selector such as {{job="backup"}}')
    return texts


def _dry_run(request: web.BaseRequest) -> bool:
    said = {text.lower() for text in request.query.getall(DRY_RUN, ["0"])}
    if len(said) > 1 or not said <= TRUTH.keys():
        raise errors.BadRequestError(f"{DRY_RUN} is neither 1 nor 0: {', '.join(sorted(said))!r}")
    return TRUTH[said.pop()]


def _failure(status: int, kind: str, reason: str) -> web.Response:
    return web.json_response({"status": "error", "errorType": kind, "error": reason}, status=status)


async def _tell(
    request: web.BaseRequest, found: Sequence[grouping.GroupingKey], *, dry_run: bool
) -> web.StreamResponse:
    """Answer in pieces: a store of many thousand groups takes a while to spell out."""
    response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: "application/json"})
    await response.prepare(request)
    told = {"dry_run": dry_run, "deleted": 0 if dry_run else len(found)}
    await response.write(f'{{"status":"success","data":{{{json.dumps(told)[1:-1]},"groups":['.encode())
    for begin in range(0, len(found), _GROUPS_A_WRITE):
        piece = json.dumps([grouping.labels(key) for key in found[begin : begin + _GROUPS_A_WRITE]])
        await response.write(f"{',' if begin else ''}{piece[1:-1]}".encode())
        await asyncio.sleep(0)
    await response.write(b"]}}")
    await response.write_eof()
    return response
