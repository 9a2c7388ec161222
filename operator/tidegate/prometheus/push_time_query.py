"""One query for the push times of many groups, and the comparison of its result. Pure.

The gateway adds ``push_time_seconds`` with the labels of its grouping key to every group. A database that returns it
with the value of the last push has stored a scrape that contained this push.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tidegate.exposition import name_escaping
from tidegate.model import grouping

MAX_QUERY_BYTES = 16_000
"""Bytes of one query. VictoriaMetrics accepts 16 KiB by default (``-search.maxQueryLen``)."""

TOLERANCE = 1e-5
"""Seconds by which a returned push time may differ. VictoriaMetrics stores decimal numbers with 15 significant digits,
which is an error of a few microseconds; other databases return the exact value. The store never gives two successive
pushes of a group times this close (:data:`tidegate.store.group_states.PUSH_TIME_STEP`)."""

WINDOW = "1h"
"""The query looks back this far, so that it also finds the last sample of a database with a long scrape interval."""

_METRIC = "push_time_seconds"
_EXPORTED = "exported_"
"""Prometheus adds this prefix to a scraped label that its own label of the same name overrides."""

_STRING_CHARACTERS = re.compile(r'[\x00-\x1f\\"\x7f]')
_REGEX_CHARACTERS = re.compile(r"([\\.+*?()|\[\]{}^$])")


class PushTime(NamedTuple):
    """The last push of a group; ``at`` is its time in Unix seconds."""

    key: grouping.GroupingKey
    at: float


class Series(NamedTuple):
    """A series of a query result, with its newest value."""

    labels: Mapping[str, str]
    value: float


def batch(pushes: Sequence[PushTime]) -> Sequence[PushTime]:
    """The first of these pushes that fit into one query; at least one."""
    size, jobs, longest = _bytes(_query("", since=0.0, until=0.0)), set(), 0
    for count, push in enumerate(pushes):
        job = _job(push)
        if job not in jobs:
            jobs.add(job)
            size += 2 * (_bytes(_quoted(job)) + 1)
        if size > MAX_QUERY_BYTES and count:
            return pushes[:count]
        longest = count + 1
    return pushes[:longest]


def query(pushes: Sequence[PushTime]) -> str:
    """The query for a :func:`batch`.

    It selects the groups by their job labels and by the range of their push times. The result also contains other
    groups with these job labels that were pushed in this range; it is small if the push times are close together.
    """
    times = [push.at for push in pushes]
    jobs = "|".join(_quoted(job) for job in sorted({_job(push) for push in pushes}))
    text = _query(jobs, since=min(times) - TOLERANCE, until=max(times) + TOLERANCE)
    # A single job label that is longer than a query can be: select by time alone.
    return (
        text
        if _bytes(text) <= MAX_QUERY_BYTES
        else _query(".+", since=min(times) - TOLERANCE, until=max(times) + TOLERANCE)
    )


def found(pushes: Sequence[PushTime], result: Iterable[Series]) -> set[grouping.GroupingKey]:
    """The groups whose last push is in the result."""
    by_time: dict[int, list[PushTime]] = {}
    for push in pushes:
        by_time.setdefault(_slot(push.at), []).append(push)
    keys = set()
    for series in result:
        slot = _slot(series.value)
        for near in (slot - 1, slot, slot + 1):
            for push in by_time.get(near, ()):
                if abs(series.value - push.at) <= TOLERANCE and _has_labels(series.labels, push.key):
                    keys.add(push.key)
    return keys


def _query(jobs: str, *, since: float, until: float) -> str:
    selected = " or ".join(
        f'last_over_time({_METRIC}{{{label}=~"{jobs}"}}[{WINDOW}])' for label in ("job", f"{_EXPORTED}job")
    )
    return f"(({selected}) >= {since!r}) <= {until!r}"


def _job(push: PushTime) -> str:
    return dict(push.key).get("job", "")


def _quoted(text: str) -> str:
    """A label value as a regular expression within a quoted string."""
    expression = _REGEX_CHARACTERS.sub(r"\\\1", text)
    return _STRING_CHARACTERS.sub(lambda match: f"\\u{ord(match[0]):04x}", expression)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _slot(seconds: float) -> int:
    return int(seconds / TOLERANCE) if abs(seconds) < 1e15 else 0


def _has_labels(labels: Mapping[str, str], key: grouping.GroupingKey) -> bool:
    """Whether a series is of this group. Further labels, such as external ones, do not matter."""
    return all(
        not value or any(labels.get(prefix + each) == value for each in _spellings(name) for prefix in ("", _EXPORTED))
        for name, value in key
    )


def _spellings(name: str) -> Iterator[str]:
    """The names that a label can have, depending on the escaping that the scraper has negotiated."""
    if name_escaping.is_plain_label(name):
        yield name
        return
    for escaping in name_escaping.Escaping:
        yield name_escaping.escape(name, escaping, label=True)
