"""``POST /page/delete``: deletions by the web page, beside the ways to delete that Pushgateway has."""

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

MAX_PREVIEW = 200
"""Groups in the response to a dry run. If more are selected, it contains only their number."""


class PageDeletionHandler:
    """Deletes one group or the groups that selectors match, for the page only.

    :param is_read_only: whether every request is rejected.
    :param external_url: the URL of the page, accepted as its origin beside the ``Host`` of the request.
    """

    def __init__(
        self,
        store: interface.Store,
        metrics: own_metrics.GatewayMetrics,
        *,
        selector: selector_search.GroupSelector,
        bodies: push_bodies.BodyReader,
        is_read_only: bool,
        external_url: str,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._selector = selector
        self._bodies = bodies
        self._is_read_only = is_read_only
        self._external_url = external_url

    async def delete(self, request: web.BaseRequest) -> web.Response:
        """Delete groups.

        ``{"labels": {…}}`` deletes one group. ``{"match": ["{…}"], "dry_run": true}`` lists the groups that the
        selectors match. ``{"match": ["{…}"], "most": 12}`` deletes them unless they are more than that: the number that
        the user has seen in the dry run.
        """
        if self._is_read_only:
            return group_queries.failure(403, "read_only", "the page is read-only (--web.page-read-only)")
        if (reason := same_origin.violation(request, external_url=self._external_url)) is not None:
            return group_queries.failure(403, "forbidden", reason)
        try:
            return await self._delete(request, _parse(await self._bodies.read_small(request)))
        except errors.LimitError:
            raise
        except errors.BadRequestError as error:
            return group_queries.failure(400, "bad_data", str(error))
        except TimeoutError:
            return group_queries.failure(
                503,
                "timeout",
                f"the selectors took longer than {selector_search.TIMEOUT_SECONDS:g} s; no group was deleted: "
                f"use simpler selectors",
            )

    async def _delete(self, request: web.BaseRequest, message: Mapping[str, Any]) -> web.Response:
        if "labels" in message:
            return await self._delete_groups(request, [group_queries.key_of(message["labels"])])
        keys = await self._selector.select(_selectors(message))
        if message.get("dry_run") is True:
            shown = [grouping.labels(key) for key in keys[:MAX_PREVIEW]]
            return group_queries.success({"selected": len(keys), "groups": shown})
        most = message.get("most")
        if not isinstance(most, int) or isinstance(most, bool):
            raise errors.BadRequestError("missing field: send dry_run, or most, the number of groups to delete at most")
        if len(keys) > most:
            count = plurals.counted(len(keys), "group")
            reason = f"the selectors now match {count}, not {most}; no group was deleted: check the selection again"
            return group_queries.failure(409, "conflict", reason)
        return await self._delete_groups(request, keys)

    async def _delete_groups(self, request: web.BaseRequest, keys: Sequence[grouping.GroupingKey]) -> web.Response:
        deleted = await group_deletion.delete(self._store, keys, metrics=self._metrics)
        count = plurals.counted(len(deleted), "group")
        _logger.info("deleted %s, as requested by %s (web page)", count, request.remote)
        return group_queries.success({"deleted": len(deleted)})


def _parse(body: bytes) -> Mapping[str, Any]:
    try:
        message = json.loads(body)
    except ValueError as error:
        raise errors.BadRequestError(f"the body is not valid JSON: {error}") from error
    if not isinstance(message, dict) or not ("labels" in message) ^ ("match" in message):
        raise errors.BadRequestError("the body must be an object with either labels or match")
    if unknown := sorted(set(message) - {"labels", "match", "dry_run", "most"}):
        # Otherwise a misspelled dry_run would delete groups.
        raise errors.BadRequestError(f"unknown field {unknown[0]!r}: the fields are labels, match, dry_run and most")
    return message


def _selectors(message: Mapping[str, Any]) -> list[str]:
    texts = message["match"]
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise errors.BadRequestError('match must be a list of selectors such as {job="backup"}')
    return texts
