"""``tidegate import``: copies the groups of a running Pushgateway into a file, with the times of their pushes.

Pushgateway's query API lists the series of each group, and a scrape in protobuf has the complete series.
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
_TIMEOUT_SECONDS = 60.0
_ATTEMPTS = 3
"""Groups may be pushed or deleted between the two responses; then both are requested again. A series that is missing in
every attempt is one that tidegate does not accept."""

_PROGRESS_INTERVAL = 1_000
"""Groups between two log lines about the progress."""

_Series = Mapping[tuple[str, families.Labels], tuple[families.Family, families.Metric]]


class ReadError(OSError):
    """The Pushgateway cannot be read, or the server is not a Pushgateway. The message has the reason."""


class Outcome(NamedTuple):
    """The numbers of groups that were copied, skipped because the file has a newer push, and rejected."""

    copied: int
    skipped: int
    failed: int


class _Group(NamedTuple):
    """A group of the Pushgateway.

    :param missing: a family that is not complete in the scrape; ``None`` if all are.
    """

    key: grouping.GroupingKey
    families: Mapping[str, families.Family]
    push_time: float
    failure_time: float
    missing: str | None


class _PastClock(clocks.SystemClock):
    """A clock whose wall-clock time is that of the push being copied."""

    def __init__(self) -> None:
        super().__init__()
        self.push_time = 0.0

    def wall(self) -> float:
        return self.push_time


async def copy(url: str, path: Path) -> Outcome:
    """Copy all groups. Groups with a newer push in the file do not change.

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


async def _copy_all(groups: list[_Group], store: group_store.GroupStore, clock: _PastClock) -> Outcome:
    copied = skipped = failed = 0
    # In the order of their pushes: the store corrects a time that is a little earlier than the one before, because it
    # takes it for that of a clock that has stepped back.
    for number, group in enumerate(sorted(groups, key=lambda group: group.push_time), 1):
        try:
            if await _copy_group(group, store, clock):
                copied += 1
            else:
                skipped += 1
        except errors.BadRequestError as error:
            failed += 1
            _logger.error("group %s was not copied: %s", grouping.describe(group.key), error)
        if number % _PROGRESS_INTERVAL == 0:
            _logger.info("read %d of %s", number, plurals.counted(len(groups), "group"))
    return Outcome(copied, skipped, failed)


async def _copy_group(group: _Group, store: group_store.GroupStore, clock: _PastClock) -> bool:
    """Copy a group; ``False`` if the file has a newer push.

    :raises errors.BadRequestError: the group is incomplete, or the store rejects it.
    """
    if group.missing is not None:
        raise errors.BadRequestError(f"its family {group.missing!r} is missing or invalid in the scrape")
    view = store.group(group.key)
    newest = max(group.push_time, group.failure_time)
    if view is not None and max(view.push_time, view.push_failure_time) >= newest:
        return False
    if group.push_time:
        clock.push_time = group.push_time
        await store.push(group.key, group.families, replace=True)
    if group.failure_time:
        clock.push_time = group.failure_time
        await store.record_failed_push(group.key)
    return True


async def _read(url: urls.ParsedUrl) -> list[_Group]:
    timeout, groups = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS), list[_Group]()
    # SECURITY: the password is only in the header, never in a message.
    headers = {} if url.user is None else {hdrs.AUTHORIZATION: aiohttp.encode_basic_auth(url.user, url.password)}
    async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
        for _ in range(_ATTEMPTS):
            listed = await _get(session, f"{url}/api/v1/metrics", accept="application/json")
            scraped = await _get(session, f"{url}/metrics", accept=_ACCEPT)
            try:
                groups = list(_groups(await listed.json(), _series(await scraped.read())))
            except (ValueError, LookupError, TypeError, aiohttp.ContentTypeError, errors.BadExpositionError) as error:
                raise ReadError(f"{url} does not respond like a Pushgateway: {error}") from error
            if all(group.missing is None for group in groups):
                break
    return groups


async def _get(session: aiohttp.ClientSession, url: str, *, accept: str) -> aiohttp.ClientResponse:
    try:
        response = await session.get(url, headers={"Accept": accept})
        await response.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise ReadError(f"cannot read {url}: {str(error) or type(error).__name__}") from error
    if response.status != 200:
        raise ReadError(f"cannot read {url}: status {response.status} {response.reason}")
    return response


def _series(body: bytes) -> _Series:
    """All series of a scrape by name and labels, each with its family. Invalid families are left out."""
    series = {}
    starts = [at for at, _ in decoder.messages(body)]
    for start, end in itertools.pairwise([*starts, len(body)]):
        try:
            parsed = decoder.parse(body[start:end], utf8_names=True)
        except errors.BadExpositionError as error:
            _logger.warning("ignoring an invalid family of the scrape: %s", error)
            continue
        for family in parsed.values():
            series.update({(family.name, metric.labels): (family, metric) for metric in family.metrics})
    return series


def _groups(response: Any, series: _Series) -> Iterator[_Group]:
    for group in response["data"]:
        labels = {str(name): str(value) for name, value in group.pop("labels").items()}
        group.pop("last_push_successful", None)
        push_time, failure_time = (
            _time(group.pop(name, None)) for name in (interface.PUSH_TIME, interface.PUSH_FAILURE_TIME)
        )
        by_name, missing = {}, None
        for name, family in group.items():
            try:
                by_name[name] = _family(name, family, series)
            except KeyError:
                missing = name
        yield _Group(grouping.grouping_key(labels), by_name, push_time, failure_time, missing)


def _family(name: str, listed: Any, series: _Series) -> families.Family:
    """A family of a group.

    :param listed: its JSON from the query API.
    :raises KeyError: one of its series is not in the scrape.
    """
    result: families.Family | None = None
    for metric in listed["metrics"]:
        labels = tuple(sorted((str(label), str(value)) for label, value in metric["labels"].items()))
        family, complete = series[name, labels]
        if result is None:
            result = families.Family(name, family.type, listed.get("help"), fault=family.fault, quoted=family.quoted)
        result.metrics.append(complete)
    return result or families.Family(name)


def _time(listed: Any) -> float:
    """Unix seconds of a group's push time or failure time; 0.0 if it is not set."""
    return float(listed["metrics"][0]["value"]) if listed else 0.0
