"""``GET /api/v1/groups``, ``group``, ``scrapers`` and ``deletions``: queries for people and the web page, as JSON."""

from __future__ import annotations

import asyncio
import bisect
import enum
import functools
import json
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeAlias, TypeVar

from aiohttp import hdrs, web

from tidegate.aio import clocks, time_slices
from tidegate.draining import drain_conditions, scrape_progress, unrecognised_scrapers
from tidegate.exposition import rendered_series
from tidegate.gateway.api import group_filter, group_json, group_reasons, listings, pushgateway_api, selector_search
from tidegate.gateway.push import push_bodies
from tidegate.model import errors, grouping, reason_texts
from tidegate.store import interface

MAX_ROWS = 200
"""Groups of one response. For more, clients send further requests, and other requests are handled in between."""

MAX_DELETIONS = 500
"""Deletions of one response. Their JSON takes a few milliseconds, during which no other request is handled."""

DEFAULT_ROWS = 100
"""Default of ``limit``."""

MAX_OFFSET = 10**9
_MAX_DIGITS = 10
MAX_WORDS = 20
"""Words of one search."""

MAX_METRICS = 1_000
"""Metrics of a group in a response. ``/metrics`` has all of them."""

_CRITERIA = ("search", selector_search.MATCH, "state", "ownership", "kind", "namespace", "sort", "order")
_PAGING = ("listing", "offset", "limit", "why")
ORDERS = ("asc", "desc")
_NO_STORE = {hdrs.CACHE_CONTROL: "no-store"}

_Choice = TypeVar("_Choice", bound=enum.StrEnum)
_Handlers = TypeVar("_Handlers")
_Query: TypeAlias = Callable[[_Handlers, web.BaseRequest], Coroutine[Any, Any, group_json.Json | web.Response]]
_Handler: TypeAlias = Callable[[_Handlers, web.BaseRequest], Awaitable[web.Response]]


class NotFoundError(errors.BadRequestError):
    """The requested object does not exist, or no longer exists."""

    def __init__(self, reason: str, *, status: int = 404) -> None:
        super().__init__(reason)
        self.status = status


def _handler(query: _Query[_Handlers]) -> _Handler[_Handlers]:
    """The handler that runs a query and responds with its result or error in the envelope of Pushgateway's API."""

    @functools.wraps(query)
    async def handle(handlers: _Handlers, request: web.BaseRequest) -> web.Response:
        try:
            result = await query(handlers, request)
            return result if isinstance(result, web.Response) else success(result)
        except NotFoundError as error:
            return failure(error.status, "not_found", str(error))
        except errors.BadRequestError as error:
            return failure(400, "bad_data", str(error))
        except TimeoutError:
            return failure(
                503,
                "timeout",
                f"the selectors took longer than {selector_search.TIMEOUT_SECONDS:g} s: use simpler ones",
            )

    return handle


class GroupQueryHandlers:
    """Handles the queries of this module.

    Unlike Pushgateway's API it allows no other origin, because the responses contain more.
    """

    def __init__(
        self,
        store: interface.Store,
        tracker: scrape_progress.ScrapeTracker,
        *,
        conditions: drain_conditions.DrainConditions,
        unrecognised: unrecognised_scrapers.UnrecognisedScrapers,
        clock: clocks.Clock,
        selector: selector_search.GroupSelector,
    ) -> None:
        self._store = store
        self._tracker = tracker
        self._conditions = conditions
        self._unrecognised = unrecognised
        self._clock = clock
        self._listings = listings.Listings(store, selector=selector)

    @_handler
    async def list_groups(self, request: web.BaseRequest) -> web.Response:
        """``GET groups?search=&match[]=&state=&ownership=&kind=&namespace=&sort=&order=&limit=&offset=&why=``.

        The response has the id of the list, with which a client can read further pages of the same list
        (``?listing=&offset=&limit=``) while it is cached. With ``why=1`` each group has the reason why it exists.
        """
        _expect_only(request, *_CRITERIA, *_PAGING)
        offset = _number(request, "offset", default=0, most=MAX_OFFSET)
        limit = _number(request, "limit", default=DEFAULT_ROWS, most=MAX_ROWS)
        with_reasons = _number(request, "why", default=0, most=1) == 1
        listing = await self._listing(request)
        moment, conditions = self._now()
        rows, time_slice = [], time_slices.TimeSlice()
        for key in listing.keys[offset : offset + limit]:
            summary = self._store.summary(key)
            row: group_json.Json = {"labels": dict(key), "gone": True}
            if summary is not None:
                row = self._row(summary, conditions, moment)
                if with_reasons:
                    row["why"] = _why(summary, conditions)
            rows.append(json.dumps(row))
            await time_slice.step()
        data = {
            "now": moment.wall,
            "listing": listing.id,
            "is_current": listing.revision == self._store.revision,
            "total": len(listing.keys),
            "offset": offset,
            "states": {state.value: count for state, count in self._store.states().items()},
            "kinds": dict(listings.sorted_counts(listing.kinds)),
            "namespaces": dict(listings.sorted_counts(listing.namespaces)),
        }
        # The rows, which take long to encode, are encoded already, in time slices.
        text = f'{{"status": "success", "data": {json.dumps(data)[:-1]}, "groups": [{", ".join(rows)}]}}}}'
        return web.json_response(text=text, headers=_NO_STORE)

    @_handler
    async def list_scrapers(self, request: web.BaseRequest) -> group_json.Json:
        """``GET scrapers``: the known readers with their progress, and the clients that may be scrapers."""
        _expect_only(request)
        draining, time_slice = [], time_slices.TimeSlice()
        for key in self._store.draining_keys():
            summary = self._store.summary(key)
            if summary is not None:
                draining.append(summary.life.pushed_revision)
            await time_slice.step()
        draining.sort()
        moment, conditions = self._now()
        active = {reading.reader for reading in conditions.readers}
        return {
            "now": moment.wall,
            "scrapers": [
                group_json.reader(
                    reading,
                    revision=self._store.revision,
                    read_revision=reading.confirmed(conditions.grade),
                    awaited_by=_later(draining, reading.confirmed(conditions.grade)) if reading.reader in active else 0,
                    moment=moment,
                )
                for reading in sorted(self._tracker.known(), key=lambda reading: reading.reader)
            ],
            "unrecognised": [
                group_json.unrecognised(each, moment=moment) for each in self._unrecognised.active(now=moment.monotonic)
            ],
        }

    @_handler
    async def list_deletions(self, request: web.BaseRequest) -> group_json.Json:
        """``GET deletions?offset=&limit=``: the groups deleted last, since the start of the process."""
        _expect_only(request, "offset", "limit")
        offset = _number(request, "offset", default=0, most=MAX_OFFSET)
        limit = _number(request, "limit", default=DEFAULT_ROWS, most=MAX_DELETIONS)
        deletions = self._store.recent_deletions()
        page = [group_json.deletion(deletion) for deletion in deletions[offset : offset + limit]]
        return {"now": self._clock.wall(), "total": len(deletions), "offset": offset, "deletions": page}

    async def _listing(self, request: web.BaseRequest) -> listings.Listing:
        id = request.query.get("listing")
        if id is None:
            return await self._listings.search(_criteria(request))
        if criteria := sorted(set(request.query) - set(_PAGING)):
            raise errors.BadRequestError(f"listing={id} is an existing list: omit {criteria[0]}, or omit listing")
        listing = self._listings.find(id)
        if listing is None:
            raise NotFoundError(f"listing={id} is no longer available: omit it to get a new list", status=410)
        return listing

    @_handler
    async def show_group(self, request: web.BaseRequest) -> group_json.Json:
        """``GET group?labels={"job":"backup"}``: one group with its metrics and the reason why it exists."""
        _expect_only(request, "labels")
        key = read_key(request.query.get("labels", ""))
        summary, view = self._store.summary(key), self._store.group(key)
        if summary is None or view is None:
            raise NotFoundError(f"group {grouping.describe(key)} does not exist")
        moment, conditions = self._now()
        metrics, is_cut = await _families(view)
        return {
            "now": moment.wall,
            "group": self._row(summary, conditions, moment, shown_owners=len(summary.life.claims)),
            "why": _why(summary, conditions),
            "pushers": list(summary.pushers),
            "families": metrics,
            "is_cut": is_cut,
        }

    def _now(self) -> tuple[group_json.Moment, drain_conditions.Conditions]:
        moment = group_json.now(self._clock)
        return moment, self._conditions.at(moment.monotonic)

    def _row(
        self,
        summary: interface.GroupSummary,
        conditions: drain_conditions.Conditions,
        moment: group_json.Moment,
        *,
        shown_owners: int = group_json.SHOWN_OWNERS,
    ) -> group_json.Json:
        pushes = self._store.push_rate(summary.key, now=moment.wall)
        return group_json.group(summary, pushes=pushes, conditions=conditions, moment=moment, shown_owners=shown_owners)


def read_key(text: str) -> grouping.GroupingKey:
    """Parse a grouping key from a JSON object of labels.

    :raises errors.BadRequestError: the text is not such an object.
    """
    try:
        labels = json.loads(text)
    except ValueError as error:
        raise errors.BadRequestError(f'labels is not valid JSON such as {{"job":"backup"}}: {error}') from error
    return key_of(labels)


def key_of(labels: Any) -> grouping.GroupingKey:
    """The grouping key with these labels, parsed from JSON.

    :raises errors.BadRequestError: they are not an object of strings.
    """
    if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()) or not labels:
        raise errors.BadRequestError('labels must be an object of strings such as {"job":"backup"}')
    return grouping.grouping_key(labels)


def success(data: group_json.Json) -> web.Response:
    """A successful response in the envelope of Pushgateway's API."""
    return _response({"status": "success", "data": data})


def failure(status: int, kind: str, reason: str) -> web.Response:
    """An error response in the envelope of Pushgateway's API."""
    return _response({"status": "error", "errorType": kind, "error": reason}, status=status)


def _response(data: group_json.Json, *, status: int = 200) -> web.Response:
    return web.json_response(data, status=status, headers=_NO_STORE)


def _why(summary: interface.GroupSummary, conditions: drain_conditions.Conditions) -> tuple[str, ...]:
    return reason_texts.texts(group_reasons.decide(summary.key, summary.life, conditions))


async def _families(view: interface.GroupView) -> tuple[list[group_json.Json], bool]:
    """The families of a group with their metrics, and whether some metrics are left out."""
    result, left, time_slice = [], MAX_METRICS, time_slices.TimeSlice()
    for name, family in sorted(view.families.items()):
        if name in interface.TIMES:
            continue
        parse = functools.partial(rendered_series.metrics, family.page, name=name, type=family.type)
        metrics = parse() if len(family.page.text) < push_bodies.LARGE else await asyncio.to_thread(parse)
        shown = pushgateway_api.family(family, metrics[:left])
        result.append({"name": name, "metric_count": len(metrics), **shown})
        left -= len(shown["metrics"])
        await time_slice.step()
    return result, sum(family["metric_count"] for family in result) > MAX_METRICS - left


def _criteria(request: web.BaseRequest) -> group_filter.Criteria:
    query = request.query
    words = tuple(query.get("search", "").casefold().split())
    if len(words) > MAX_WORDS:
        raise errors.BadRequestError(f"search has {len(words)} words: send at most {MAX_WORDS}")
    order = query.get("order") or ORDERS[0]
    if order not in ORDERS:
        raise errors.BadRequestError(f"order must be asc or desc, not {order!r}")
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
    text = request.query.get(name)
    if not text:
        return None
    try:
        return choices(text)
    except ValueError as error:
        raise errors.BadRequestError(f"{name} must be one of {', '.join(choices)}, not {text!r}") from error


def _number(request: web.BaseRequest, name: str, *, default: int, most: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > _MAX_DIGITS:
        raise errors.BadRequestError(f"{name} must be an integer of 0 or more, not {text!r}")
    return min(int(text), most)


def _expect_only(request: web.BaseRequest, *known: str) -> None:
    unknown = sorted(set(request.query) - set(known))
    if unknown:
        parameters = f"the parameters are {', '.join(known)}" if known else "this path has none"
        raise errors.BadRequestError(f"unknown parameter {unknown[0]!r}: {parameters}")


def _later(revisions: Sequence[int], revision: int) -> int:
    """The number of these sorted revisions that are later than ``revision``."""
    return len(revisions) - bisect.bisect_right(revisions, revision)
