"""Convert groups to rows and back. Pure.

The column ``families`` is JSON: a list with one item for each push that left families, oldest first. Each item is a
list of families ``[name, type, help, index of its keys, number of lines of each series (1 if all have one), slots,
specials]``, followed by the unit if there is one. ``slots`` maps the numbers of the row of the last push to the lines
that they end, if the last push may be repeated by values alone. Groups with the same kind of pushes have the same text
in this column, so it is parsed once for all of them.

The column ``keys`` is JSON: for each push ``[at, keys]``, where ``keys`` has each tuple of series keys once, however
many families share it. The column ``lines`` has all lines, in order.
"""

from __future__ import annotations

import base64
import functools
import json
import struct
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tidegate.exposition.text import repeated_bodies
from tidegate.model import control_api, families, grouping, lifecycle, pushers, scrapers
from tidegate.store import group_states, journals, prepared_pushes, rows

_SUMMARY, _HISTOGRAM = "summary", "histogram"
_TYPES = {type_.value: type_ for type_ in families.MetricType}
_NONE: Mapping[str, families.Metric] = types.MappingProxyType({})

_SLOTS = 5
"""Index of the slots in the JSON of a family."""

_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, struct.error)
"""The errors of reading a damaged row."""


def group_row(group: group_states.Group, pushes: Iterable[prepared_pushes.StoredPush]) -> rows.GroupRow:
    """Return the row of a group with the families of these pushes."""
    lines: list[bytes] = []
    pushes = list(pushes)
    encoded = [_push_to_json(push, lines) for push in pushes]
    keys = [[at, keys] for _, at, keys in encoded]
    families = _to_json([families for families, _, _ in encoded])
    addresses = ",".join([push.pusher for push in pushes]) if any(push.pusher for push in pushes) else None
    return rows.GroupRow(group.id, write_key(group.key), families, _to_json(keys), b"".join(lines), addresses)


def push_row(group: group_states.Group) -> rows.PushRow:
    """Return the row of the last push of a group."""
    values = group.values
    numbers = None if values is None else pack_numbers(values)
    life = group.life
    addresses, until = write_pushers(group.pushers)
    return rows.PushRow(group.id, life.pushed_revision, group.push_time, life.expires, numbers, addresses, until)


def read_group(row: rows.StoredGroup) -> tuple[group_states.Group, list[prepared_pushes.StoredPush]]:
    """Return a group without its families, and its pushes with their families.

    :raises journals.DamagedError: a row cannot be read.
    """
    push = row.push
    try:
        group = group_states.Group(key=read_key(row.group.labels), life=read_life(push, row.life), id=push.id)
        pushes = read_pushes(row.group, push)
        group.pushers = read_pushers(push)
    except _UNREADABLE as error:
        raise journals.DamagedError(f"group {row.group.id} cannot be read: {error!r}") from error
    group.push_time, group.push_failure_time = push.push_time, row.life.failure_time
    return group, pushes


def read_pushes(row: rows.GroupRow, push: rows.PushRow) -> list[prepared_pushes.StoredPush]:
    """Return the pushes of :func:`group_row`, with the numbers of the last push.

    :raises ValueError: a row is damaged; also :class:`LookupError`, :class:`TypeError` or :class:`struct.error`.
    """
    numbers = None if push.numbers is None else repeated_bodies.format_values(unpack_numbers(push.numbers))
    lines = _Lines(row.lines)
    encoded, keys = _from_json(row.families), json.loads(row.keys)
    addresses = [""] * len(encoded) if row.pushers is None else row.pushers.split(",")
    pushes = [
        _repeated(_read_push(families, own, lines, numbers, pusher=pusher), families, push)
        for families, own, pusher in zip(encoded, keys, addresses, strict=True)
    ]
    lines.expect_end()
    return pushes


def _repeated(stored: prepared_pushes.StoredPush, encoded: list[Any], push: rows.PushRow) -> prepared_pushes.StoredPush:
    """Return a push with time and address of the last push, if the last push repeated it by values alone."""
    if push.numbers is None or all(family[_SLOTS] is None for family in encoded):
        return stored
    addresses = _read_addresses(push.pushers)
    return stored._replace(at=push.push_time, pusher=addresses[0] if addresses else "")


class _Lines:
    """A cursor over lines."""

    def __init__(self, text: bytes) -> None:
        self._lines = text.split(b"\n")
        self._at = 0

    def take(self, count: int) -> list[bytes]:
        """Return the next lines, without their line feeds."""
        start, self._at = self._at, self._at + count
        return self._lines[start : self._at]

    def expect_end(self) -> None:
        """Raise :class:`ValueError` if the number of lines is not the number that was taken."""
        if self._lines[self._at :] != [b""]:
            raise ValueError(f"the row has {len(self._lines) - 1} lines instead of {self._at}")


def pack_numbers(values: Sequence[float]) -> bytes:
    """Encode numbers, eight bytes each."""
    return struct.pack(f"<{len(values)}d", *values)


def unpack_numbers(packed: bytes) -> list[float]:
    """Decode :func:`pack_numbers`."""
    return list(struct.unpack(f"<{len(packed) // 8}d", packed))


def write_key(key: grouping.GroupingKey) -> str:
    """Encode a grouping key."""
    return json.dumps(key, ensure_ascii=False, separators=(",", ":"))


def read_key(text: str) -> grouping.GroupingKey:
    """Decode :func:`write_key`."""
    return grouping.GroupingKey(tuple([(str(name), str(value)) for name, value in json.loads(text)]))


def write_pushers(known: pushers.PusherAddresses) -> tuple[str | None, bytes | None]:
    """Encode the addresses that pushed a group, and their times; ``None`` for none."""
    addresses = ",".join(known.addresses)
    return addresses or None, pack_numbers(known.until) if known.until else None


def read_pushers(row: rows.PushRow) -> pushers.PusherAddresses:
    """Decode :func:`write_pushers`. Groups with the same addresses share the tuple."""
    return pushers.PusherAddresses(_read_addresses(row.pushers), tuple(unpack_numbers(row.until)) if row.until else ())


@functools.lru_cache(maxsize=1024)
def _read_addresses(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


def life_row(group: group_states.Group) -> rows.LifeRow:
    """Return the row of the fields of a group that accepted pushes do not change."""
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
    """Return the life of the group with these rows."""
    return lifecycle.Life(
        pushed_revision=push.revision,
        claims=control_api.claims_from_json(json.loads(life.claims)) if life.claims else lifecycle.NO_CLAIMS,
        drain=lifecycle.Drain(*json.loads(life.drain)) if life.drain else None,
        expires=push.expires,
    )


def reader_row(progress: scrapers.ReaderProgress) -> rows.ReaderRow:
    """Encode the progress of a reader."""
    scraper, number = progress.reader
    return rows.ReaderRow(
        scraper.address,
        scraper.user_agent,
        scraper.name,
        number,
        progress.first_seen,
        progress.last_seen,
        json.dumps(list(progress.gaps)),
        progress.delivered_revision,
        progress.ingested_revision,
        progress.new_connections,
        progress.last_read,
    )


def read_reader(row: rows.ReaderRow) -> scrapers.ReaderProgress:
    """Decode :func:`reader_row`."""
    progress = scrapers.ReaderProgress(
        reader=scrapers.Reader(scrapers.Scraper(row.address, row.user_agent, row.name), row.number),
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        delivered_revision=row.delivered_revision,
        ingested_revision=row.ingested_revision,
        new_connections=row.new_connections,
        last_read=row.last_read,
    )
    progress.gaps.extend(json.loads(row.gaps))
    return progress


_from_json = functools.lru_cache(maxsize=32)(json.loads)


def _to_json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _push_to_json(push: prepared_pushes.StoredPush, all_lines: list[bytes]) -> tuple[list[Any], float, list[Any]]:
    """Return the families, the time and the keys of a push; append its lines to ``all_lines``."""
    places: dict[tuple[str, ...], int] = {}
    encoded = []
    for name, type_, help_text, keys, lines, slots, specials, unit in push.families:
        place = places.setdefault(keys, len(places))
        counts: Any = [text.count(b"\n") for text in lines] if type_ in families.DISTRIBUTIONS else 1
        special = {key: _special_to_json(metric) for key, metric in specials.items()} if specials else None
        units = [] if unit is None else [unit]
        encoded.append([name, type_.value, help_text, place, counts, slots, special, *units])
        all_lines.extend(lines)
    return encoded, push.at, list(places)


def _read_push(
    encoded: list[Any], own: list[Any], lines: _Lines, numbers: Sequence[bytes] | None, *, pusher: str
) -> prepared_pushes.StoredPush:
    at, all_keys = own
    all_keys = list(map(tuple, all_keys))
    all_families = []
    for name, type_, help_text, place, counts, slots, specials, *units in encoded:
        keys = all_keys[place]
        if counts == 1:
            without_numbers = lines.take(len(keys))
            if numbers is None or slots is None:
                texts = [line + b"\n" for line in without_numbers]
            else:
                texts = [
                    _with_number(line, numbers[slot]) for line, (slot,) in zip(without_numbers, slots, strict=True)
                ]
        else:
            texts = [_read_series(lines.take(count), slots and slots[n], numbers) for n, count in enumerate(counts)]
        if len(texts) != len(keys):
            raise ValueError(f"{len(keys)} series have {len(texts)} texts")
        special = {key: _special_from_json(metric) for key, metric in specials.items()} if specials else _NONE
        unit = units[0] if units else None
        family = prepared_pushes.StoredFamily(name, _TYPES[type_], help_text, keys, texts, slots, special, unit)
        all_families.append(family)
    return prepared_pushes.StoredPush(at, all_families, pusher)


def _read_series(lines: list[bytes], slots: Sequence[int] | None, numbers: Sequence[bytes] | None) -> bytes:
    """Return the text of a series of several lines, with these numbers at their ends."""
    if slots is None or numbers is None:
        return b"".join([line + b"\n" for line in lines])
    return b"".join([_with_number(line, numbers[slot]) for line, slot in zip(lines, slots, strict=True)])


def _with_number(line: bytes, number: bytes) -> bytes:
    """Return the line with this number at its end."""
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
    labels, encoded, original = data
    value: families.Value
    match encoded:
        case [str(kind), count, total, points] if kind == _SUMMARY:
            value = families.Summary(count, total, tuple(families.Quantile(*point) for point in points))
        case [str(kind), count, total, points] if kind == _HISTOGRAM:
            value = families.Histogram(count, total, tuple(families.Bucket(*point) for point in points))
        case number:
            value = float(number)
    pairs = tuple((str(name), str(text)) for name, text in labels)
    return families.Metric(pairs, value, original=base64.b64decode(original))
