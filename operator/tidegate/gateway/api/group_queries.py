"""What people ask of the groups: ``GET /api/v1/groups``, ``group``, ``scrapers`` and ``deletions``, as JSON."""

from __future__ import annotations

import asyncio
import bisect
import enum
import functools
import json
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from typing import Any, TypeAlias, TypeVar

from aiohttp import hdrs, web

from tidegate.aio import clocks, time_slices
from tidegate.draining import scrape_progress
from tidegate.exposition import rendered_series
from tidegate.gateway.api import group_filter, group_json, group_reasons, listings, pushgateway_api, selector_search
from tidegate.gateway.push import push_bodies
from tidegate.model import errors, grouping, reason_texts, scrapers
from tidegate.store import interface

MOST_ROWS = 200
"""Groups of one answer. Whoever wants more asks again, and others have their turns."""

MOST_DELETIONS = 500
"""Deletions of one answer: to spell them as JSON takes a few milliseconds, in which nobody else is served."""

USUAL_ROWS = 100
MOST_OFFSET = 10**9
_MOST_DIGITS = 10
MOST_WORDS = 20
MOST_METRICS = 1_000
"""Metrics of a group that are told; whoever wants all of them reads /metrics."""

_SEEKING = ("search", selector_search.MATCH, "state", "ownership", "kind", "namespace", "sort", "order")
_PAGING = ("listing", "offset", "limit", "why")
ORDERS = ("asc", "desc")
_NOT_KEPT = {hdrs.CACHE_CONTROL: "no-store"}

_Choice = TypeVar("_Choice", bound=enum.StrEnum)
_Endpoint = TypeVar("_Endpoint")
_Answering: TypeAlias = Callable[[_Endpoint, web.BaseRequest], Coroutine[Any, Any, group_json.Json | web.Response]]
_Handling: TypeAlias = Callable[[_Endpoint, web.BaseRequest], Awaitable[web.Response]]


class NotThereError(errors.BadRequestError):
    """What is asked for is not there, or no more."""

    def __init__(self, reason: str, *, status: int = 404) -> None:
        super().__init__(reason)
        self.status = status


def _answers(answer: _Answering[_Endpoint]) -> _Handling[_Endpoint]:
    """The handler of what answers with the data, alone or in the envelope of Pushgateway's API already."""

    @functools.wraps(answer)
    async def handle(endpoint: _Endpoint, request: web.BaseRequest) -> web.Response:
        try:
            told = await answer(endpoint, request)
            return told if isinstance(told, web.Response) else success(told)
        except NotThereError as error:
            return failure(error.status, "not_found", str(error))
        except errors.BadRequestError as error:
            return failure(400, "bad_data", str(error))
        except TimeoutError:
            return failure(
                503, "timeout", f"the selectors took more than {selector_search.LONGEST_SECONDS:g} s: use simpler ones"
            )

    return handle


class BrowsingEndpoint:
    """See :mod:`tidegate.gateway.api.group_queries`. No other origin may read it: it tells more than Pushgateway's API
    does."""

    def __init__(
        self,
        store: interface.Store,
        tracker: scrape_progress.ScrapeTracker,
        *,
        clock: clocks.Clock,
        picker: selector_search.Picker,
    ) -> None:
        self._store = store
        self._tracker = tracker
        self._clock = clock
        self._listings = listings.Listings(store, picker=picker)

    @_answers
    async def list_groups(self, request: web.BaseRequest) -> web.Response:
        """``GET groups?search=&match[]=&state=&ownership=&kind=&namespace=&sort=&order=&limit=&offset=&why=``.

        The answer names the list that was made, so that other places of the same can be looked at by
        ``?listing=&offset=&limit=``, for as long as it is kept. With ``why=1`` each group says why it is there.
        """
        _expect_only(request, *_SEEKING, *_PAGING)
        offset = _number(request, "offset", default=0, most=MOST_OFFSET)
        limit = _number(request, "limit", default=USUAL_ROWS, most=MOST_ROWS)
        tells_why = _number(request, "why", default=0, most=1) == 1
        listing = await self._listing(request)
        moment, active = self._now()
        rows, turn = [], time_slices.Turn()
        for key in listing.keys[offset : offset + limit]:
            outline = self._store.outline(key)
            row: group_json.Json = {"labels": dict(key), "gone": True}
            if outline is not None:
                row = self._row(outline, active, moment)
                if tells_why:
                    row["why"] = _why(outline, active, moment)
            rows.append(json.dumps(row))
            await turn.step()
        told = {
            "now": moment.wall,
            "listing": listing.id,
            "is_current": listing.revision == self._store.revision,
            "total": len(listing.keys),
            "offset": offset,
            "states": {state.value: count for state, count in self._store.states().items()},
            "kinds": dict(listings.described(listing.kinds)),
            "namespaces": dict(listings.described(listing.namespaces)),
        }
        # What takes long to spell is spelled already, in turns.
        text = f'{{"status": "success", "data": {json.dumps(told)[:-1]}, "groups": [{", ".join(rows)}]}}}}'
        return web.json_response(text=text, headers=_NOT_KEPT)

    @_answers
    async def list_scrapers(self, request: web.BaseRequest) -> group_json.Json:
        """``GET scrapers``: whoever scrapes, how far each has read, and how many draining groups wait for it."""
        _expect_only(request)
        drained, turn = [], time_slices.Turn()
        for key in self._store.draining_keys():
            outline = self._store.outline(key)
            if outline is not None:
                drained.append(outline.life.pushed_revision)
            await turn.step()
        drained.sort()
        moment, active = self._now()
        waited_for = {reading.scraper for reading in active}
        return {
            "now": moment.wall,
            "scrapers": [
                group_json.scraper(
                    reading,
                    revision=self._store.revision,
                    awaited_by=_later(drained, reading.read_revision) if reading.scraper in waited_for else 0,
                    moment=moment,
                )
                for reading in sorted(self._tracker.known(), key=lambda reading: reading.scraper)
            ],
        }

    @_answers
    async def list_deletions(self, request: web.BaseRequest) -> group_json.Json:
        """``GET deletions?offset=&limit=``: the last groups that were deleted since the process started."""
        _expect_only(request, "offset", "limit")
        offset = _number(request, "offset", default=0, most=MOST_OFFSET)
        limit = _number(request, "limit", default=USUAL_ROWS, most=MOST_DELETIONS)
        gone = self._store.departures()
        shown = [group_json.departure(one) for one in gone[offset : offset + limit]]
        return {"now": self._clock.wall(), "total": len(gone), "offset": offset, "deletions": shown}

    async def _listing(self, request: web.BaseRequest) -> listings.Listing:
        id = request.query.get("listing")
        if id is None:
            return await self._listings.seek(_criteria(request))
        if sought := sorted(set(request.query) - set(_PAGING)):
            raise errors.BadRequestError(f"listing={id} is a list that was made already: leave out {sought[0]}")
        listing = self._listings.find(id)
        if listing is None:
            raise NotThereError(f"listing={id} is no longer kept: ask without it for a new one", status=410)
        return listing

    @_answers
    async def show_group(self, request: web.BaseRequest) -> group_json.Json:
        """``GET group?labels={"job":"backup"}``: one group with its metrics, and why it is still there."""
        _expect_only(request, "labels")
        key = read_key(request.query.get("labels", ""))
        outline, view = self._store.outline(key), self._store.group(key)
        if outline is None or view is None:
            raise NotThereError(f"there is no group {grouping.describe(key)}, or no more")
        moment, active = self._now()
        metrics, is_cut = await _families(view)
        return {
            "now": moment.wall,
            "group": self._row(outline, active, moment, shown_owners=len(outline.life.claims)),
            "why": _why(outline, active, moment),
            "pushers": list(outline.pushers),
            "families": metrics,
            "is_cut": is_cut,
        }

    def _now(self) -> tuple[group_json.Moment, list[scrapers.Reading]]:
        moment = group_json.now(self._clock)
        return moment, self._tracker.active(now=moment.steady)

    def _row(
        self,
        outline: interface.GroupOutline,
        active: Collection[scrapers.Reading],
        moment: group_json.Moment,
        *,
        shown_owners: int = group_json.SHOWN_OWNERS,
    ) -> group_json.Json:
        pushes = self._store.tempo(outline.key, now=moment.wall)
        return group_json.group(outline, pushes=pushes, active=active, moment=moment, shown_owners=shown_owners)


def read_key(text: str) -> grouping.GroupingKey:
    """The grouping key that this JSON spells.

    :raises errors.BadRequestError: it spells none.
    """
    try:
        labels = json.loads(text)
    except ValueError as error:
        raise errors.BadRequestError(f'labels are no JSON, such as {{"job":"backup"}}: {error}') from error
    return key_of(labels)


def key_of(labels: Any) -> grouping.GroupingKey:
    """The grouping key of what was read from JSON.

    :raises errors.BadRequestError: it is none.
    """
    if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()) or not labels:
        raise errors.BadRequestError('labels have to be an object of texts, such as {"job":"backup"}')
    return grouping.grouping_key(labels)


def success(data: group_json.Json) -> web.Response:
    """The data in the envelope of Pushgateway's API."""
    return _told({"status": "success", "data": data})


def failure(status: int, kind: str, reason: str) -> web.Response:
    """What went wrong, in the envelope of Pushgateway's API."""
    return _told({"status": "error", "errorType": kind, "error": reason}, status=status)


def _told(data: group_json.Json, *, status: int = 200) -> web.Response:
    return web.json_response(data, status=status, headers=_NOT_KEPT)


def _why(
    outline: interface.GroupOutline, active: Collection[scrapers.Reading], moment: group_json.Moment
) -> tuple[str, ...]:
    return reason_texts.texts(group_reasons.decide(outline.life, active, now=moment.steady))


async def _families(view: interface.GroupView) -> tuple[list[group_json.Json], bool]:
    """The families of a group with their metrics, and whether these are not all."""
    found, left, turn = [], MOST_METRICS, time_slices.Turn()
    for name, family in sorted(view.families.items()):
        if name in interface.TIMES:
            continue
        read = functools.partial(rendered_series.metrics, family.page, name=name, type=family.type)
        metrics = read() if len(family.page.text) < push_bodies.LARGE else await asyncio.to_thread(read)
        told = pushgateway_api.family(family, metrics[:left])
        found.append({"name": name, "metric_count": len(metrics), **told})
        left -= len(told["metrics"])
        await turn.step()
    return found, sum(family["metric_count"] for family in found) > MOST_METRICS - left


def _criteria(request: web.BaseRequest) -> group_filter.Criteria:
    query = request.query
    words = tuple(query.get("search", "").casefold().split())
    if len(words) > MOST_WORDS:
        raise errors.BadRequestError(f"{len(words)} words are sought at once: send at most {MOST_WORDS}")
    order = query.get("order") or ORDERS[0]
    if order not in ORDERS:
        raise errors.BadRequestError(f"order is neither asc nor desc: {order!r}")
    return group_filter.Criteria(
        words=words,
        match=tuple(query.getall(selector_search.MATCH, [])),
        state=_choice(request, "state", group_filter.State),
        ownership=_choice(request, "ownership", group_filter.Ownership),
        kind=query.get("kind", ""),
        namespace=query.get("namespace", ""),
        sort=_choice(request, "sort", group_filter.Sort) or group_filter.Sort.LABELS,
        is_descending=order == "desc",
    )


def _choice(request: web.BaseRequest, name: str, choices: type[_Choice]) -> _Choice | None:
    said = request.query.get(name)
    if not said:
        return None
    try:
        return choices(said)
    except ValueError as error:
        raise errors.BadRequestError(f"{name} is none of {', '.join(choices)}: {said!r}") from error


def _number(request: web.BaseRequest, name: str, *, default: int, most: int) -> int:
    said = request.query.get(name, str(default))
    if not said.isascii() or not said.isdigit() or len(said) > _MOST_DIGITS:
        raise errors.BadRequestError(f"{name} has to be a whole number from 0: {said!r}")
    return min(int(said), most)


def _expect_only(request: web.BaseRequest, *known: str) -> None:
    unknown = sorted(set(request.query) - set(known))
    if unknown:
        raise errors.BadRequestError(f"unknown parameter {unknown[0]!r}: there are {', '.join(known) or 'none'}")


def _later(revisions: Sequence[int], revision: int) -> int:
    return len(revisions) - bisect.bisect_right(revisions, revision)
