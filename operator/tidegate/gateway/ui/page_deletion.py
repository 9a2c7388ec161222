"""``POST /page/delete``: what the page deletes. Pushgateway's ways to delete are other ones, and stay as they are."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from tidegate.gateway.api import group_queries, selector_search
from tidegate.gateway.metrics import own_metrics
from tidegate.gateway.push import group_deletion, push_bodies
from tidegate.gateway.ui import same_origin
from tidegate.model import errors, grouping, plurals
from tidegate.store import interface

_logger = logging.getLogger(__name__)

SHOWN = 200
"""Groups that a preview names; of more it says how many they are."""


class DeleteEndpoint:
    """Deletes one group or what selectors select, for the page alone.

    :param is_read_only: whether all of it is refused.
    :param external_url: under which people may know the gateway, beside the name they asked it by.
    """

    def __init__(
        self,
        store: interface.Store,
        metrics: own_metrics.GatewayMetrics,
        *,
        picker: selector_search.Picker,
        intake: push_bodies.Intake,
        is_read_only: bool,
        external_url: str,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._picker = picker
        self._intake = intake
        self._is_read_only = is_read_only
        self._external_url = external_url

    async def delete(self, request: web.BaseRequest) -> web.Response:
        """``{"labels": {…}}`` deletes a group.

        ``{"match": ["{…}"], "dry_run": true}`` tells what selectors select; with ``"most": 12`` in place of the dry run
        it is deleted, where these are no more groups than so many: what somebody has seen before.
        """
        if self._is_read_only:
            return group_queries.failure(403, "read_only", "the page is read-only: --web.page-read-only is set")
        if (reason := same_origin.fault(request, external_url=self._external_url)) is not None:
            return group_queries.failure(403, "forbidden", reason)
        try:
            return await self._delete(request, _read(await self._body(request)))
        except errors.LimitError:
            raise
        except errors.BadRequestError as error:
            return group_queries.failure(400, "bad_data", str(error))
        except TimeoutError:
            return group_queries.failure(
                503, "timeout", f"no selection after {selector_search.LONGEST_SECONDS:g} s: nothing was deleted"
            )

    async def _body(self, request: web.BaseRequest) -> bytes:
        self._intake.begin()
        try:
            body = self._intake.at_once(request)
            if body is None:
                async with self._intake.body(request) as body:
                    return body
            return body
        finally:
            self._intake.end()

    async def _delete(self, request: web.BaseRequest, asked: Mapping[str, Any]) -> web.Response:
        if "labels" in asked:
            return await self._remove(request, [group_queries.key_of(asked["labels"])])
        found = await self._picker.pick(_texts(asked))
        if asked.get("dry_run") is True:
            shown = [grouping.labels(key) for key in found[:SHOWN]]
            return group_queries.success({"selected": len(found), "groups": shown})
        most = asked.get("most")
        if not isinstance(most, int) or isinstance(most, bool):
            raise errors.BadRequestError("say dry_run, or most: how many groups may be deleted")
        if len(found) > most:
            reason = (
                f"{plurals.counted(len(found), 'group')} selected by now, not {most}; nothing was deleted, look again"
            )
            return group_queries.failure(409, "conflict", reason)
        return await self._remove(request, found)

    async def _remove(self, request: web.BaseRequest, keys: Sequence[grouping.GroupingKey]) -> web.Response:
        removed = await group_deletion.remove(self._store, keys, metrics=self._metrics)
        _logger.info("%s deleted %s by the page", request.remote, plurals.counted(len(removed), "group"))
        return group_queries.success({"deleted": len(removed)})


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        asked = json.loads(body)
    except ValueError as error:
        raise errors.BadRequestError(f"not JSON: {error}") from error
    if not isinstance(asked, dict) or not ("labels" in asked) ^ ("match" in asked):
        raise errors.BadRequestError("say either labels or match")
    if unknown := sorted(set(asked) - {"labels", "match", "dry_run", "most"}):
        # A misspelled dry run would delete in earnest.
        raise errors.BadRequestError(f"unknown field {unknown[0]!r}: there are labels, match, dry_run and most")
    return asked


def _texts(asked: Mapping[str, Any]) -> list[str]:
    texts = asked["match"]
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise errors.BadRequestError('match has to be a list of selectors such as {job="backup"}')
    return texts
