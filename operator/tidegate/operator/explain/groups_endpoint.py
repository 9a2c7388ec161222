"""``GET /api/v1/groups`` of the operator: where each group stands with its owners, decided when it is asked.

It changes nothing, and tells nothing but names, times and addresses.
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
from tidegate.operator.explain import explanations
from tidegate.operator.kube import server_clocks
from tidegate.operator.planning import planner

_MATCH, _LIMIT = "match[]", "limit"
MOST = 1_000
"""Groups of an answer, where nobody asks for another number."""

LONGEST_TEXT = 4_000
"""Characters of all selectors together: each pattern takes memory."""

_BYTES_A_WRITE = 64 * 1024


class GroupsEndpoint:
    """The groups that any of the selectors ``match[]`` selects, or all; ``limit`` of them at most.

    :param grace: the grace period of the gateway, as in :func:`~tidegate.operator.explain.explanations.explain`.
    :param hold: what keeps a group from being retired.
    :param ready: whether enough is known to decide.
    :param listed_ago: seconds since the last complete list of all objects began.
    """

    def __init__(
        self,
        cache: cluster_cache.ClusterCache,
        *,
        rules: settings.RuleSettings,
        time: server_clocks.ServerClock,
        grace: float | None,
        hold: Callable[[planner.Decision], planner.Hold | None],
        ready: Callable[[], bool],
        listed_ago: Callable[[], float],
    ) -> None:
        self._cache = cache
        self._rules = rules
        self._time = time
        self._grace = grace
        self._hold = hold
        self._ready = ready
        self._listed_ago = listed_ago
        self._selecting = asyncio.Lock()

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Answer in pieces, and let others have their turns between groups."""
        if not self._ready():
            return _failure(503, "no plan was made yet: the gateway or the API server has not answered")
        try:
            limit, texts = _limit(request), _texts(request)
            # SECURITY: a pattern may take a tenth of a second for one long value, so in a thread, and one at a time.
            async with self._selecting:
                keys = await asyncio.to_thread(_select, texts, self._cache.group_keys())
        except errors.BadRequestError as error:
            return _failure(400, str(error))
        response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: "application/json"})
        await response.prepare(request)
        await self._tell(response, keys[:limit], more=len(keys) > limit)
        await response.write_eof()
        return response

    async def _tell(self, response: web.StreamResponse, keys: Sequence[grouping.GroupingKey], *, more: bool) -> None:
        now = self._time.now()
        told = {"now": now, "listed_ago": self._listed_ago(), "more": more}
        piece = f'{json.dumps(told)[:-1]}, "groups": ['
        separator = ""
        turn = time_slices.Turn()
        for key in keys:
            # It may have gone meanwhile.
            if (standing := self._standing(key, now=now)) is not None:
                piece += separator + json.dumps(standing.to_json())
                separator = ", "
            if len(piece) >= _BYTES_A_WRITE:
                await response.write(piece.encode())
                piece = ""
            await turn.step()
        await response.write(f"{piece}]}}\n".encode())

    def _standing(self, key: grouping.GroupingKey, *, now: float) -> ownership_status.GroupStanding | None:
        record = self._cache.group(key)
        if record is None:
            return None
        decision = planner.decide(self._cache, record, rules=self._rules, now=now)
        explained = explanations.explain(
            decision, cache=self._cache, rules=self._rules, grace=self._grace, hold=self._hold(decision)
        )
        return standing_of(decision, why=reason_texts.texts(explained))


def standing_of(decision: planner.Decision, *, why: tuple[str, ...]) -> ownership_status.GroupStanding:
    """What is told of a decision."""
    record, ownership = decision.record, decision.ownership
    return ownership_status.GroupStanding(
        key=record.key,
        state="draining" if record.draining else "live",
        verdict=decision.verdict.value,
        rule=decision.rule,
        push_time=record.push_time,
        owners=tuple(
            ownership_status.OwnerStanding(
                owner=group_owner.owner,
                rule=group_owner.claim.rule,
                active=group_owner.active,
                decides=group_owner in decision.owners,
                claims=group_owner.owner.uid in record.claims,
                # What is over at once has no time of its own.
                ends_at=group_owner.due_at or None,
            )
            for group_owner in sorted(
                ownership.group_owners, key=lambda group_owner: (group_owner not in decision.owners, group_owner.owner)
            )
        ),
        pushers=record.pushers,
        unknown=tuple(sorted(ownership.unknown)),
        outlived=tuple(sorted(ownership.outlived)),
        lookups=explanations.lookups(decision),
        why=why,
    )


def _select(texts: Sequence[str], keys: list[grouping.GroupingKey]) -> list[grouping.GroupingKey]:
    chosen = [selectors.parse(text) for text in texts]
    if not chosen:
        return keys
    return [key for key in keys if any(selector.matches(grouping.labels(key)) for selector in chosen)]


def _texts(request: web.Request) -> list[str]:
    unknown = sorted(set(request.query) - {_MATCH, _LIMIT})
    if unknown:
        raise errors.BadRequestError(f"unknown parameter {unknown[0]!r}: there are {_MATCH} and {_LIMIT}")
    texts = request.query.getall(_MATCH, [])
    if (size := sum(map(len, texts))) > LONGEST_TEXT:
        raise errors.BadRequestError(f"selectors of {size} characters at once: send at most {LONGEST_TEXT}")
    return texts


def _limit(request: web.Request) -> int:
    text = request.query.get(_LIMIT, str(MOST))
    if not re.fullmatch("[1-9][0-9]{0,8}", text):
        raise errors.BadRequestError(f"{_LIMIT} is no number of groups such as {MOST}: {text[:20]!r}")
    return int(text)


def _failure(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)
