"""``DELETE /api/v1/groups?match[]=…``: every group that a selector selects, or with ``dry_run`` what that would be."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence

from aiohttp import hdrs, web

from tidegate.gateway import metrics as own_metrics
from tidegate.gateway import removals
from tidegate.model import errors, groups, selectors
from tidegate.store import interface

_logger = logging.getLogger(__name__)

_MATCH, _DRY_RUN = "match[]", "dry_run"
_TRUTH: Mapping[str, bool] = {"1": True, "true": True, "0": False, "false": False}

_LONGEST_TEXT = 4_000
"""Characters of all selectors together: each pattern takes memory, and here is room for some 300 of them."""

_LONGEST_SECONDS = 10.0
"""For a selection. A hundred thousand groups take half a second, but some patterns are slow on long values."""

_GROUPS_A_WRITE = 1_000


class SelectionEndpoint:
    """Groups by selector. Several ``match[]`` select what any of them does.

    It needs no flag: Pushgateway, too, lets everybody delete every group whose name they know.
    """

    def __init__(self, store: interface.Store, metrics: own_metrics.GatewayMetrics) -> None:
        self._store = store
        self._metrics = metrics
        self._selecting = asyncio.Lock()

    async def delete(self, request: web.BaseRequest) -> web.StreamResponse:
        """Delete the selected groups, and tell which they were; one that is pushed meanwhile may go or stay."""
        try:
            dry_run = _dry_run(request)
            found = await self._select(_texts(request))
        except errors.BadRequestError as error:
            return _failure(400, "bad_data", str(error))
        except TimeoutError:
            return _failure(503, "timeout", f"no selection after {_LONGEST_SECONDS:g} s: nothing was deleted")
        if not dry_run:
            found = await removals.remove(self._store, found, metrics=self._metrics)
            _logger.info("%s deleted %d groups by %s", request.remote, len(found), request.query.getall(_MATCH))
        return await _tell(request, found, dry_run=dry_run)

    async def options(self, request: web.BaseRequest) -> web.Response:
        """SECURITY: unlike the rest of the API no other origin is allowed, or any web page could delete groups."""
        return web.Response(headers={hdrs.ALLOW: "DELETE, OPTIONS"})

    async def _select(self, texts: Sequence[str]) -> list[groups.GroupingKey]:
        # SECURITY: in a thread, since a pattern may take a tenth of a second for one long value, and RE2 lets the
        # interpreter go meanwhile; one at a time, so that the threads that large pushes need stay free.
        async with self._selecting:
            return await asyncio.to_thread(_select, texts, self._store.grouping_keys())


def _select(texts: Sequence[str], keys: Sequence[groups.GroupingKey]) -> list[groups.GroupingKey]:
    chosen = [selectors.parse(text) for text in texts]
    return [key for key in _in_time(keys) if any(selector.matches(groups.labels(key)) for selector in chosen)]


def _in_time(keys: Sequence[groups.GroupingKey]) -> Iterator[groups.GroupingKey]:
    until = time.monotonic() + _LONGEST_SECONDS
    for key in keys:
        if time.monotonic() > until:
            raise TimeoutError
        yield key


def _texts(request: web.BaseRequest) -> Sequence[str]:
    unknown = sorted(set(request.query) - {_MATCH, _DRY_RUN})
    if unknown:
        # A misspelled dry run would delete in earnest.
        raise errors.BadRequestError(f"unknown parameter {unknown[0]!r}: there are {_MATCH} and {_DRY_RUN}")
    texts = request.query.getall(_MATCH, [])
    if not texts:
        raise errors.BadRequestError(f'no {_MATCH} parameter: give a selector such as {{job="backup"}}')
    if (size := sum(map(len, texts))) > _LONGEST_TEXT:
        raise errors.BadRequestError(f"selectors of {size} characters at once: send at most {_LONGEST_TEXT}")
    return texts


def _dry_run(request: web.BaseRequest) -> bool:
    said = {text.lower() for text in request.query.getall(_DRY_RUN, ["0"])}
    if len(said) > 1 or not said <= _TRUTH.keys():
        raise errors.BadRequestError(f"{_DRY_RUN} is neither 1 nor 0: {', '.join(sorted(said))!r}")
    return _TRUTH[said.pop()]


def _failure(status: int, kind: str, reason: str) -> web.Response:
    return web.json_response({"status": "error", "errorType": kind, "error": reason}, status=status)


async def _tell(request: web.BaseRequest, found: Sequence[groups.GroupingKey], *, dry_run: bool) -> web.StreamResponse:
    """Answer in pieces: a store of many thousand groups takes a while to spell out."""
    response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: "application/json"})
    await response.prepare(request)
    told = {"dry_run": dry_run, "deleted": 0 if dry_run else len(found)}
    await response.write(f'{{"status":"success","data":{{{json.dumps(told)[1:-1]},"groups":['.encode())
    for begin in range(0, len(found), _GROUPS_A_WRITE):
        piece = json.dumps([groups.labels(key) for key in found[begin : begin + _GROUPS_A_WRITE]])
        await response.write(f"{',' if begin else ''}{piece[1:-1]}".encode())
        await asyncio.sleep(0)
    await response.write(b"]}}")
    await response.write_eof()
    return response
