"""``GET /api/v1/groups`` of the operator: the status of each group and its owners, decided at the time of the request.

It changes nothing, and returns only names, times and addresses.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence

from aiohttp import hdrs, web

from tidegate import settings
from tidegate.aio import time_slices
from tidegate.model import errors, grouping, ownership_status, reason_texts, selectors
from tidegate.operator.cache import cluster_cache
from tidegate.operator.explain import decision_reasons
from tidegate.operator.kube import server_clocks
from tidegate.operator.planning import drain_planner

_MATCH, _LIMIT = "match[]", "limit"
DEFAULT_LIMIT = 1_000
"""Groups of a response, if the request has no limit."""

_WRITE_BYTES = 64 * 1024


class GroupsEndpoint:
    """The groups that any of the selectors ``match[]`` selects, or all groups; at most ``limit`` of them.

    :param grace: the grace period of the gateway, as in :func:`~tidegate.operator.explain.decision_reasons.explain`.
    :param hold: what keeps a group from draining that is ready to.
    :param ready: whether the first plan was made.
    :param listed_ago: seconds since the start of the last complete list of all objects.
    """

    def __init__(
        self,
        cache: cluster_cache.ClusterCache,
        *,
        rules: settings.RuleSettings,
        server_clock: server_clocks.ServerClock,
        grace: float | None,
        hold: Callable[[drain_planner.Decision], drain_planner.Hold | None],
        ready: Callable[[], bool],
        listed_ago: Callable[[], float],
    ) -> None:
        self._cache = cache
        self._rules = rules
        self._server_clock = server_clock
        self._grace = grace
        self._hold = hold
        self._ready = ready
        self._listed_ago = listed_ago
        self._selecting = asyncio.Lock()

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Write the response in pieces; other tasks run between groups."""
        if not self._ready():
            return _failure(
                503, "no plan was made yet; the operator is waiting for the gateway or the API server, see its log"
            )
        try:
            limit, texts = _limit(request), _texts(request)
            # SECURITY: a pattern may take a tenth of a second for a long value: use a thread, one request at a time.
            async with self._selecting:
                keys = await asyncio.to_thread(_select, texts, self._cache.group_keys())
        except errors.BadRequestError as error:
            return _failure(400, str(error))
        response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: "application/json"})
        await response.prepare(request)
        await self._write(response, keys[:limit], more=len(keys) > limit)
        await response.write_eof()
        return response

    async def _write(self, response: web.StreamResponse, keys: Sequence[grouping.GroupingKey], *, more: bool) -> None:
        now = self._server_clock.now()
        head = {"now": now, "listed_ago": self._listed_ago(), "more": more}
        piece = f'{json.dumps(head)[:-1]}, "groups": ['
        separator = ""
        time_slice = time_slices.TimeSlice()
        for key in keys:
            # It may have been deleted since.
            if (status := self._status(key, now=now)) is not None:
                piece += separator + json.dumps(status.to_json())
                separator = ", "
            if len(piece) >= _WRITE_BYTES:
                await response.write(piece.encode())
                piece = ""
            await time_slice.step()
        await response.write(f"{piece}]}}\n".encode())

    def _status(self, key: grouping.GroupingKey, *, now: float) -> ownership_status.GroupStatus | None:
        record = self._cache.group(key)
        if record is None:
            return None
        decision = drain_planner.decide(self._cache, record, rules=self._rules, now=now)
        explained = decision_reasons.explain(
            decision, cache=self._cache, rules=self._rules, grace=self._grace, hold=self._hold(decision)
        )
        return group_status(decision, why=reason_texts.texts(explained))


def group_status(decision: drain_planner.Decision, *, why: tuple[str, ...]) -> ownership_status.GroupStatus:
    """The status of a group by a decision.

    :param why: the reasons, as texts.
    """
    record, ownership = decision.record, decision.ownership
    return ownership_status.GroupStatus(
        key=record.key,
        state="draining" if record.draining else "live",
        verdict=decision.verdict.value,
        rule=decision.rule,
        push_time=record.push_time,
        owners=tuple(
            ownership_status.OwnerStatus(
                owner=group_owner.owner,
                rule=group_owner.claim.rule,
                active=group_owner.active,
                decides=group_owner in decision.owners,
                claims=group_owner.owner.uid in record.claims,
                # Groups that are due immediately have no time.
                ends_at=group_owner.due_at or None,
            )
            for group_owner in sorted(
                ownership.group_owners, key=lambda group_owner: (group_owner not in decision.owners, group_owner.owner)
            )
        ),
        pushers=record.pushers,
        unknown=tuple(sorted(ownership.unknown)),
        outlived=tuple(sorted(ownership.not_last_pushers)),
        lookups=decision_reasons.lookups(decision),
        why=why,
    )


def _select(texts: Sequence[str], keys: list[grouping.GroupingKey]) -> list[grouping.GroupingKey]:
    if not texts:
        return keys
    selector = selectors.parse_any(texts)
    return [key for key in keys if selector.matches(key)]


def _texts(request: web.Request) -> list[str]:
    unknown = sorted(set(request.query) - {_MATCH, _LIMIT})
    if unknown:
        raise errors.BadRequestError(f"unknown parameter {unknown[0]!r}; use {_MATCH} or {_LIMIT}")
    texts = request.query.getall(_MATCH, [])
    selectors.check_length(texts)
    return texts


def _limit(request: web.Request) -> int:
    text = request.query.get(_LIMIT, str(DEFAULT_LIMIT))
    if not re.fullmatch("[1-9][0-9]{0,8}", text):
        raise errors.BadRequestError(f"{_LIMIT}: {text[:20]!r} is not a number of groups such as {DEFAULT_LIMIT}")
    return int(text)


def _failure(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)
