"""``tidegate import``: the groups of a running Pushgateway, copied into a file, with the times of their pushes.

Its query API says which group has which series, and its scrape in protobuf says all of each series.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
from aiohttp import hdrs

from tidegate import settings
from tidegate.aio import clocks
from tidegate.client import urls
from tidegate.exposition.protobuf import decoder
from tidegate.model import errors, families, grouping, plurals
from tidegate.store import group_store, interface
from tidegate.store.sqlite import sqlite_journal

_logger = logging.getLogger(__name__)

_ACCEPT = (
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=allow-utf-8"
)
_SECONDS = 60.0
_TRIES = 3
"""Between the two answers somebody may have pushed or deleted; then both are asked anew. What is missing every time is
nothing that a client may push here."""

_TOLD_EVERY = 1_000

_Series = Mapping[tuple[str, families.Labels], tuple[families.Family, families.Metric]]


class ReadError(OSError):
    """What is there is no Pushgateway, or it cannot be read; the message says why."""


class Outcome(NamedTuple):
    """How many groups were copied, kept since the file had something newer, and could not be taken."""

    copied: int
    kept: int
    refused: int


class _Group(NamedTuple):
    """A group as it is told of; ``missing`` says which of its families is not in the scrape as a whole."""

    key: grouping.GroupingKey
    families: Mapping[str, families.Family]
    push_time: float
    failure_time: float
    missing: str | None


class _PastClock(clocks.SystemClock):
    """Tells the time at which a push was made."""

    def __init__(self) -> None:
        super().__init__()
        self.moment = 0.0

    def wall(self) -> float:
        return self.moment


async def copy(url: str, path: Path) -> Outcome:
    """Copy all groups. Done again it changes nothing that is newer in the file.

    :raises OSError: the Pushgateway cannot be read, or the file cannot be used.
    """
    clock = _PastClock()
    store = group_store.GroupStore(
        journal=sqlite_journal.SqliteJournal(path, fsync=True, clock=clock),
        limits=settings.LimitSettings(),
        clock=clock,
        own_types={},
        is_memory_short=lambda: False,
        ttl_drain_timeout=settings.PushSettings().ttl_drain_timeout,
    )
    await store.open()
    try:
        await store.restore()
        return await _copy_all(await _read(urls.parse(url)), store, clock)
    finally:
        await store.close()


async def _copy_all(found: list[_Group], store: group_store.GroupStore, clock: _PastClock) -> Outcome:
    copied = kept = refused = 0
    for number, group in enumerate(found, 1):
        try:
            if await _take(group, store, clock):
                copied += 1
            else:
                kept += 1
        except errors.BadRequestError as error:
            refused += 1
            _logger.error("%s cannot be taken: %s", grouping.describe(group.key), error)
        if number % _TOLD_EVERY == 0:
            _logger.info("%d of %s", number, plurals.counted(len(found), "group"))
    return Outcome(copied, kept, refused)


async def _take(group: _Group, store: group_store.GroupStore, clock: _PastClock) -> bool:
    """Whether the group was copied: where the file has a newer push, that stays."""
    if group.missing is not None:
        raise errors.BadRequestError(f"{group.missing!r} is not in its scrape, or cannot be read there")
    view = store.group(group.key)
    newest = max(group.push_time, group.failure_time)
    if view is not None and max(view.push_time, view.push_failure_time) >= newest:
        return False
    if group.push_time:
        clock.moment = group.push_time
        await store.push(group.key, group.families, replace=True)
    if group.failure_time:
        clock.moment = group.failure_time
        await store.note_failure(group.key)
    return True


async def _read(place: urls.Place) -> list[_Group]:
    timeout, found = aiohttp.ClientTimeout(total=_SECONDS), list[_Group]()
    # SECURITY: the password goes into the header alone, and no message has it.
    headers = {} if place.user is None else {hdrs.AUTHORIZATION: aiohttp.encode_basic_auth(place.user, place.password)}
    async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
        for _ in range(_TRIES):
            told = await _get(session, f"{place}/api/v1/metrics", accept="application/json")
            scraped = await _get(session, f"{place}/metrics", accept=_ACCEPT)
            try:
                found = list(_groups(await told.json(), _series(await scraped.read())))
            except (ValueError, LookupError, TypeError, aiohttp.ContentTypeError, errors.BadExpositionError) as error:
                raise ReadError(f"{place} does not answer as a Pushgateway does: {error}") from error
            if all(group.missing is None for group in found):
                break
    return found


async def _get(session: aiohttp.ClientSession, url: str, *, accept: str) -> aiohttp.ClientResponse:
    try:
        answer = await session.get(url, headers={"Accept": accept})
        await answer.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise ReadError(f"cannot read {url}: {str(error) or type(error).__name__}") from error
    if answer.status != 200:
        raise ReadError(f"cannot read {url}: it answers {answer.status} {answer.reason}")
    return answer


def _series(body: bytes) -> _Series:
    """All series of a scrape by their names and labels, each with its family. What cannot be read is left out."""
    found = {}
    starts = [at for at, _ in decoder.messages(body)]
    for start, end in itertools.pairwise([*starts, len(body)]):
        try:
            parsed = decoder.parse(body[start:end], utf8_names=True)
        except errors.BadExpositionError as error:
            _logger.warning("a family cannot be read: %s", error)
            continue
        for family in parsed.values():
            found.update({(family.name, metric.labels): (family, metric) for metric in family.metrics})
    return found


def _groups(told: Any, series: _Series) -> Iterator[_Group]:
    for group in told["data"]:
        labels = {str(name): str(value) for name, value in group.pop("labels").items()}
        group.pop("last_push_successful", None)
        push_time, failure_time = (
            _time(group.pop(name, None)) for name in (interface.PUSH_TIME, interface.PUSH_FAILURE_TIME)
        )
        found, missing = {}, None
        for name, described in group.items():
            try:
                found[name] = _family(name, described, series)
            except KeyError:
                missing = name
        yield _Group(grouping.grouping_key(labels), found, push_time, failure_time, missing)


def _family(name: str, described: Any, series: _Series) -> families.Family:
    """The family of a group; ``KeyError`` where a series of it is not in the scrape."""
    made: families.Family | None = None
    for metric in described["metrics"]:
        labels = tuple(sorted((str(label), str(value)) for label, value in metric["labels"].items()))
        family, whole = series[name, labels]
        if made is None:
            made = families.Family(name, family.type, described.get("help"), fault=family.fault, quoted=family.quoted)
        made.metrics.append(whole)
    return made or families.Family(name)


def _time(described: Any) -> float:
    """Unix seconds of the one series of a family of times; 0.0 for never."""
    return float(described["metrics"][0]["value"]) if described else 0.0
