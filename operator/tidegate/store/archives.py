"""Groups as rows, and rows as groups. Pure.

The families of a group are JSON: a list of what its pushes left, oldest first, each ``[at, keys, families]``. ``keys``
has each tuple of series keys once that several families share; a family is ``[name, type, help, place of its keys,
lines of each series, slots, specials]``. ``slots`` says which of the row's numbers end which lines, where the last
push may come as numbers alone.
"""

from __future__ import annotations

import base64
import json
import struct
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tidegate.exposition import shapes
from tidegate.model import families, groups, lives, records, scrapers
from tidegate.store import pushes, rows

_SUMMARY, _HISTOGRAM = "summary", "histogram"
_TYPES = {type_.value: type_ for type_ in families.MetricType}
_NONE: Mapping[str, families.Metric] = types.MappingProxyType({})


def spell_parts(parts: Iterable[pushes.Part]) -> str:
    """What a group has, as the file keeps it."""
    return json.dumps([_part_to_json(part) for part in parts], ensure_ascii=False, separators=(",", ":"))


def read_parts(text: str, *, numbers: bytes | None, push_time: float) -> list[pushes.Part]:
    """The inverse of :func:`spell_parts`.

    :param numbers: of a later push that came as numbers alone, at ``push_time``.
    :raises ValueError: it is damaged; :class:`LookupError`, :class:`TypeError` and :class:`struct.error` likewise.
    """
    written = None if numbers is None else shapes.written(unpack_numbers(numbers))
    return [_part_from_json(data, written, push_time=push_time) for data in json.loads(text)]


def pack_numbers(values: Sequence[float]) -> bytes:
    """The numbers of a push: eight bytes each."""
    return struct.pack(f"<{len(values)}d", *values)


def unpack_numbers(packed: bytes) -> list[float]:
    """The inverse of :func:`pack_numbers`."""
    return list(struct.unpack(f"<{len(packed) // 8}d", packed))


def spell_key(key: groups.GroupingKey) -> str:
    """A grouping key as text."""
    return json.dumps(key, ensure_ascii=False, separators=(",", ":"))


def read_key(text: str) -> groups.GroupingKey:
    """The inverse of :func:`spell_key`."""
    return groups.GroupingKey(tuple([(str(name), str(value)) for name, value in json.loads(text)]))


def life_row(id: int, life: lives.Life, *, failure_time: float) -> rows.LifeRow:
    """What no push that is taken says of a group."""
    drain = life.drain
    return rows.LifeRow(
        id,
        failure_time,
        claims=json.dumps(records.claims_to_json(life.claims)) if life.claims else None,
        drain=None
        if drain is None
        else json.dumps([drain.pushed_revision, drain.since, drain.deadline, drain.expired]),
    )


def read_life(push: rows.PushRow, life: rows.LifeRow) -> lives.Life:
    """The life that these rows tell of."""
    return lives.Life(
        pushed_revision=push.revision,
        claims=records.claims_from_json(json.loads(life.claims)) if life.claims else lives.NOBODYS,
        drain=lives.Drain(*json.loads(life.drain)) if life.drain else None,
        expires=push.expires,
    )


def scraper_row(reading: scrapers.Reading) -> rows.ScraperRow:
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


def read_scraper(row: rows.ScraperRow) -> scrapers.Reading:
    """The inverse of :func:`scraper_row`."""
    reading = scrapers.Reading(
        scraper=scrapers.Scraper(row.address, row.user_agent),
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        read_revision=row.read_revision,
        last_read=row.last_read,
    )
    reading.gaps.extend(json.loads(row.gaps))
    return reading


def _part_to_json(part: pushes.Part) -> list[Any]:
    places: dict[tuple[str, ...], int] = {}
    spelled = []
    for name, type_, help_text, keys, lines, slots, specials in part.families:
        place = places.setdefault(keys, len(places))
        texts = [text.decode() for text in lines]
        known = {key: _special_to_json(metric) for key, metric in specials.items()} if specials else None
        spelled.append([name, type_.value, help_text, place, texts, slots, known])
    return [part.at, list(places), spelled]


def _part_from_json(data: list[Any], written: Sequence[bytes] | None, *, push_time: float) -> pushes.Part:
    at, all_keys, spelled = data
    all_keys = list(map(tuple, all_keys))
    found = []
    for name, type_, help_text, place, texts, slots, specials in spelled:
        keys = all_keys[place]
        if written is None or slots is None:
            lines = [text.encode() for text in texts]
        else:
            at, lines = push_time, [_renumbered(text, at, written) for text, at in zip(texts, slots, strict=True)]
        if len(lines) != len(keys):
            raise ValueError(f"{len(keys)} series have {len(lines)} lines")
        known = {key: _special_from_json(metric) for key, metric in specials.items()} if specials else _NONE
        found.append(pushes.KeptFamily(name, _TYPES[type_], help_text, keys, lines, slots, known))
    return pushes.Part(at, found)


def _renumbered(text: str, slots: Sequence[int], written: Sequence[bytes]) -> bytes:
    """The lines of a series with these numbers at their ends."""
    if len(slots) == 1:
        return b"%b%b\n" % (text[: text.rindex(" ") + 1].encode(), written[slots[0]])
    heads = [line.rpartition(" ")[0].encode() for line in text.split("\n")[:-1]]
    return b"".join([b"%b %b\n" % (head, written[slot]) for head, slot in zip(heads, slots, strict=True)])


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
