"""Groups as rows, and rows as groups. Pure.

The families of a group are JSON: a list of what its pushes left, oldest first, each a list of families ``[name, type,
help, place of its keys, how many lines each series has (1 where all have one), slots, specials]``, and the unit after
these if there is one. ``slots`` says which of the row's numbers end which lines, where the last push may come as
numbers alone. Groups that push alike have the same text there, so it is read once for all of them. What is a group's
own is beside it: for each push ``[at, keys]``, where ``keys`` has each tuple of series keys once that several families
share; and all lines, in order.
"""

from __future__ import annotations

import base64
import functools
import json
import struct
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tidegate.exposition.text import body_templates
from tidegate.model import control_api, families, grouping, lifecycle, pushers, scrapers
from tidegate.store import group_states, journals, prepared_pushes, rows

_SUMMARY, _HISTOGRAM = "summary", "histogram"
_TYPES = {type_.value: type_ for type_ in families.MetricType}
_NONE: Mapping[str, families.Metric] = types.MappingProxyType({})

_SLOTS = 5
"""Where the slots of a family are in what is spelled of it."""

_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, struct.error)
"""What comes of reading a row that says what none of ours says."""


def group_row(group: group_states.Group, parts: Iterable[prepared_pushes.StoredPush]) -> rows.GroupRow:
    """The families of a group, which are in these parts."""
    lines: list[bytes] = []
    parts = list(parts)
    spelled = [_part_to_json(part, lines) for part in parts]
    own = [[at, keys] for _, at, keys in spelled]
    families = _dumped([families for families, _, _ in spelled])
    came_from = ",".join([part.pusher for part in parts]) if any(part.pusher for part in parts) else None
    return rows.GroupRow(group.id, spell_key(group.key), families, _dumped(own), b"".join(lines), came_from)


def push_row(group: group_states.Group) -> rows.PushRow:
    """What the last push has changed of a group."""
    values = group.values
    numbers = None if values is None else pack_numbers(values)
    life = group.life
    known, until = spell_pushers(group.pushers)
    return rows.PushRow(group.id, life.pushed_revision, group.push_time, life.expires, numbers, known, until)


def read_group(row: rows.StoredGroup) -> tuple[group_states.Group, list[prepared_pushes.StoredPush]]:
    """A group without its families, and what it has of each of its pushes.

    :raises journals.DamagedError: a row says what none of ours says.
    """
    push = row.push
    try:
        group = group_states.Group(key=read_key(row.group.labels), life=read_life(push, row.life), id=push.id)
        parts = read_parts(row.group, push)
        group.pushers = read_pushers(push)
    except _UNREADABLE as error:
        raise journals.DamagedError(f"group {row.group.id} cannot be read: {error!r}") from error
    group.push_time, group.push_failure_time = push.push_time, row.life.failure_time
    return group, parts


def read_parts(row: rows.GroupRow, push: rows.PushRow) -> list[prepared_pushes.StoredPush]:
    """The parts of :func:`group_row`, with the numbers of the last push.

    :raises ValueError: it is damaged; :class:`LookupError`, :class:`TypeError` and :class:`struct.error` likewise.
    """
    written = None if push.numbers is None else body_templates.format_values(unpack_numbers(push.numbers))
    lines = _Lines(row.lines)
    spelled, owns = _loaded(row.families), json.loads(row.keys)
    came_from = [""] * len(spelled) if row.pushers is None else row.pushers.split(",")
    parts = [
        _repeated(_read_part(families, own, lines, written, pusher=pusher), families, push)
        for families, own, pusher in zip(spelled, owns, came_from, strict=True)
    ]
    lines.expect_end()
    return parts


def _repeated(part: prepared_pushes.StoredPush, spelled: list[Any], push: rows.PushRow) -> prepared_pushes.StoredPush:
    """The part, where the last push came as its numbers alone: that is the push that it is of."""
    if push.numbers is None or all(family[_SLOTS] is None for family in spelled):
        return part
    addresses = _read_addresses(push.pushers)
    return part._replace(at=push.push_time, pusher=addresses[0] if addresses else "")


class _Lines:
    """Lines that are taken one after the other."""

    def __init__(self, text: bytes) -> None:
        self._lines = text.split(b"\n")
        self._at = 0

    def take(self, count: int) -> list[bytes]:
        """So many, without their line feeds."""
        start, self._at = self._at, self._at + count
        return self._lines[start : self._at]

    def expect_end(self) -> None:
        """Raise :class:`ValueError` where there are more or fewer than were taken."""
        if self._lines[self._at :] != [b""]:
            raise ValueError(f"there are {len(self._lines) - 1} lines, and {self._at} are told of")


def pack_numbers(values: Sequence[float]) -> bytes:
    """The numbers of a push: eight bytes each."""
    return struct.pack(f"<{len(values)}d", *values)


def unpack_numbers(packed: bytes) -> list[float]:
    """The inverse of :func:`pack_numbers`."""
    return list(struct.unpack(f"<{len(packed) // 8}d", packed))


def spell_key(key: grouping.GroupingKey) -> str:
    """A grouping key as text."""
    return json.dumps(key, ensure_ascii=False, separators=(",", ":"))


def read_key(text: str) -> grouping.GroupingKey:
    """The inverse of :func:`spell_key`."""
    return grouping.GroupingKey(tuple([(str(name), str(value)) for name, value in json.loads(text)]))


def spell_pushers(known: pushers.Pushers) -> tuple[str | None, bytes | None]:
    """The addresses that a group was pushed from, and their times; ``None`` for none."""
    addresses = ",".join(known.addresses)
    return addresses or None, pack_numbers(known.until) if known.until else None


def read_pushers(row: rows.PushRow) -> pushers.Pushers:
    """The inverse of :func:`spell_pushers`. Groups that were pushed from the same addresses share these."""
    return pushers.Pushers(_read_addresses(row.pushers), tuple(unpack_numbers(row.until)) if row.until else ())


@functools.lru_cache(maxsize=1024)
def _read_addresses(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


def life_row(group: group_states.Group) -> rows.LifeRow:
    """What no accepted push changes of a group."""
    life, drain = group.life, group.life.drain
    return rows.LifeRow(
        group.id,
        group.push_failure_time,
        claims=json.dumps(control_api.claims_to_json(life.claims)) if life.claims else None,
        drain=None
        if drain is None
        else json.dumps([drain.pushed_revision, drain.since, drain.deadline, drain.expired]),
    )


def read_life(push: rows.PushRow, life: rows.LifeRow) -> lifecycle.Life:
    """The life that these rows tell of."""
    return lifecycle.Life(
        pushed_revision=push.revision,
        claims=control_api.claims_from_json(json.loads(life.claims)) if life.claims else lifecycle.NO_CLAIMS,
        drain=lifecycle.Drain(*json.loads(life.drain)) if life.drain else None,
        expires=push.expires,
    )


def scraper_row(reading: scrapers.ScraperProgress) -> rows.ScraperRow:
    """A scraper, and how far it has read, as a row."""
    return rows.ScraperRow(
        reading.scraper.address,
        reading.scraper.user_agent,
        reading.first_seen,
        reading.last_seen,
        json.dumps(list(reading.gaps)),
        reading.read_revision,
        reading.last_read,
    )


def read_scraper(row: rows.ScraperRow) -> scrapers.ScraperProgress:
    """The inverse of :func:`scraper_row`."""
    reading = scrapers.ScraperProgress(
        scraper=scrapers.Scraper(row.address, row.user_agent),
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        read_revision=row.read_revision,
        last_read=row.last_read,
    )
    reading.gaps.extend(json.loads(row.gaps))
    return reading


_loaded = functools.lru_cache(maxsize=32)(json.loads)


def _dumped(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _part_to_json(part: prepared_pushes.StoredPush, all_lines: list[bytes]) -> tuple[list[Any], float, list[Any]]:
    """Its families, its time and its keys."""
    places: dict[tuple[str, ...], int] = {}
    spelled = []
    for name, type_, help_text, keys, lines, slots, specials, unit in part.families:
        place = places.setdefault(keys, len(places))
        counts: Any = [text.count(b"\n") for text in lines] if type_ in families.DISTRIBUTIONS else 1
        known = {key: _special_to_json(metric) for key, metric in specials.items()} if specials else None
        units = [] if unit is None else [unit]
        spelled.append([name, type_.value, help_text, place, counts, slots, known, *units])
        all_lines.extend(lines)
    return spelled, part.at, list(places)


def _read_part(
    spelled: list[Any], own: list[Any], lines: _Lines, written: Sequence[bytes] | None, *, pusher: str
) -> prepared_pushes.StoredPush:
    at, all_keys = own
    all_keys = list(map(tuple, all_keys))
    found = []
    for name, type_, help_text, place, counts, slots, specials, *units in spelled:
        keys = all_keys[place]
        if counts == 1:
            several = lines.take(len(keys))
            if written is None or slots is None:
                made = [line + b"\n" for line in several]
            else:
                numbers = [written[slot] for (slot,) in slots]
                made = list(map(_ended, several, numbers))
        else:
            made = [_read_series(lines.take(count), slots and slots[n], written) for n, count in enumerate(counts)]
        if len(made) != len(keys):
            raise ValueError(f"{len(keys)} series have {len(made)} texts")
        known = {key: _special_from_json(metric) for key, metric in specials.items()} if specials else _NONE
        unit = units[0] if units else None
        found.append(prepared_pushes.StoredFamily(name, _TYPES[type_], help_text, keys, made, slots, known, unit))
    return prepared_pushes.StoredPush(at, found, pusher)


def _read_series(lines: list[bytes], slots: Sequence[int] | None, written: Sequence[bytes] | None) -> bytes:
    """The text of a series of several lines, with these numbers at their ends."""
    if slots is None or written is None:
        return b"".join([line + b"\n" for line in lines])
    return b"".join([_ended(line, written[slot]) for line, slot in zip(lines, slots, strict=True)])


def _ended(line: bytes, number: bytes) -> bytes:
    """The line with this number at its end."""
    return line[: line.rindex(b" ") + 1] + number + b"\n"


def _special_to_json(metric: families.Metric) -> list[Any]:
    value: Any = metric.value
    match metric.value:
        case families.Summary(count=count, sum=total, quantiles=quantiles):
            value = [_SUMMARY, count, total, quantiles]
        case families.Histogram(count=count, sum=total, buckets=buckets):
            value = [_HISTOGRAM, count, total, buckets]
    return [metric.labels, value, base64.b64encode(metric.original).decode()]


def _special_from_json(data: list[Any]) -> families.Metric:
    labels, said, original = data
    value: families.Value
    match said:
        case [str(kind), count, total, points] if kind == _SUMMARY:
            value = families.Summary(count, total, tuple(families.Quantile(*point) for point in points))
        case [str(kind), count, total, points] if kind == _HISTOGRAM:
            value = families.Histogram(count, total, tuple(families.Bucket(*point) for point in points))
        case number:
            value = float(number)
    pairs = tuple((str(name), str(text)) for name, text in labels)
    return families.Metric(pairs, value, original=base64.b64decode(original))
