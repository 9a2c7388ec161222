"""OpenMetrics: the names and types of the families of an exposition.

In OpenMetrics, unlike in the text format, a type reserves names: a counter ``reqs`` has the samples ``reqs_total`` and
``reqs_created``, so no other family may have one of these three names. Strict parsers reject a whole exposition if two
families use a name, or if a type does not allow a value (a negative counter, unsorted buckets). So there are three
rules:

- A gauge ``reqs_created`` next to a counter or distribution ``reqs`` is the creation time of that family
  (findings/prometheus-client-created-clash.sh). It moves into the family, series by series.
- A family keeps its type only if no other family has a name that the type reserves, and if all its values are allowed.
- Any other family is ``unknown``: a counter under the name of its samples, a distribution as one family for each of
  its parts. The samples are unchanged.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tidegate.exposition import name_escaping, rendered_series
from tidegate.exposition.text import format_specific_lines, renderer
from tidegate.model import families

END = b"# EOF\n"
UNKNOWN = "unknown"
_TOTAL, _CREATED = "_total", "_created"
_SUMMARY_PARTS = ("", "_sum", "_count")
_HISTOGRAM_PARTS = ("_bucket", "_sum", "_count")
_FORBIDDEN_IN_COUNTERS = re.compile(rb" (?:-[^ \n]*+|NaN)\n")
_FITS = "values fit OpenMetrics"


class Entry(NamedTuple):
    """A family as it is in the text format.

    :param fits: whether OpenMetrics allows all its values for its type; see :func:`fits`.
    """

    name: str
    type: families.MetricType
    fits: bool = True


class Role(NamedTuple):
    """Name and type of a family in OpenMetrics.

    :param name: in its HELP and TYPE lines.
    :param word: its type; a distribution of type ``unknown`` is shown as one family for each part.
    :param created: the name of the family with its creation times; empty for none.
    """

    name: str
    word: str
    created: str = ""


def parts(type: families.MetricType) -> tuple[str, ...]:
    """Return the suffixes of the samples of a distribution."""
    return _SUMMARY_PARTS if type is families.MetricType.SUMMARY else _HISTOGRAM_PARTS


def distinct(wanted: Iterable[tuple[str, families.MetricType]], escaping: name_escaping.Escaping) -> dict[str, str]:
    """Return the shown name of each family, by its own name. Shown names and their samples are distinct.

    Escaping can make two names equal. The later one is then escaped by :attr:`name_escaping.Escaping.VALUES`.
    """
    wanted = list(wanted)
    shown = {name: name for name, _ in wanted if name_escaping.is_plain(name)}
    if len(shown) == len(wanted):
        return shown
    taken = set(itertools.chain.from_iterable(_own(name, type) for name, type in wanted if name in shown))
    for name, type in wanted:
        if name in shown:
            continue
        candidate = name_escaping.escape(name, escaping)
        if not taken.isdisjoint(_own(candidate, type)):
            candidate = name_escaping.escape(name, name_escaping.Escaping.VALUES)
        while not taken.isdisjoint(_own(candidate, type)):
            candidate += "_"
        shown[name] = candidate
        taken.update(_own(candidate, type))
    return shown


def roles(entries: Sequence[Entry]) -> dict[str, Role]:
    """Return the role of each family by its name; a family that is shown within another one has none.

    The cost is linear in the number of families.
    """
    types = {entry.name: entry.type for entry in entries}
    taken = set(itertools.chain.from_iterable(_own(entry.name, entry.type) for entry in entries))
    claimed: set[str] = set()
    all_roles: dict[str, Role] = {}
    inner: set[str] = set()
    for entry in entries:
        typed = _typed(entry, types)
        if typed is not None:
            reserved = {typed.name + _CREATED} if typed.name == entry.name else {typed.name, typed.name + _CREATED}
            if entry.fits and taken.isdisjoint(reserved - {typed.created}) and claimed.isdisjoint(reserved):
                claimed |= reserved
                inner.add(typed.created)
                all_roles[entry.name] = typed
                continue
        all_roles[entry.name] = untyped(entry.name, entry.type)
    return {name: role for name, role in all_roles.items() if name not in inner}


def untyped(name: str, type: families.MetricType) -> Role:
    """Return the role of a family with its own name and a type that reserves no other names."""
    return Role(name, "gauge" if type is families.MetricType.GAUGE else UNKNOWN)


def _own(name: str, type: families.MetricType) -> list[str]:
    """Return the names that a family and its samples have in the text format."""
    return [name, *(name + part for part in parts(type))] if type in families.DISTRIBUTIONS else [name]


def _typed(entry: Entry, types: Mapping[str, families.MetricType]) -> Role | None:
    """Return the role of a family with its own type, if that type reserves names."""
    if entry.type in families.DISTRIBUTIONS:
        name = entry.name
        word = "summary" if entry.type is families.MetricType.SUMMARY else "histogram"
    elif entry.type is families.MetricType.COUNTER and entry.name.endswith(_TOTAL) and entry.name != _TOTAL:
        name, word = entry.name.removesuffix(_TOTAL), "counter"
    else:
        return None
    created = name + _CREATED
    is_plain_number = types.get(created, families.MetricType.SUMMARY) not in families.DISTRIBUTIONS
    return Role(name, word, created if is_plain_number else "")


def header(role: Role, help: str | None, *, suffix: str = "") -> bytes:
    """Return the HELP and TYPE lines of a family, or of the part of a distribution with this suffix."""
    name = format_specific_lines.quoted_if_needed(role.name + suffix)
    help_line = "" if help is None else f"# HELP {name} {renderer.quoted(help)[1:-1]}\n"
    return f"{help_line}# TYPE {name} {role.word}\n".encode()


def fits(page: rendered_series.Page, *, name: str, type: families.MetricType) -> bool:
    """Return whether OpenMetrics allows all values of a page for the type. The result is cached in the page."""
    result = page.facts.get(_FITS)
    if result is None:
        result = page.facts[_FITS] = _fits(page, name=name, type=type)
    return result


def _fits(page: rendered_series.Page, *, name: str, type: families.MetricType) -> bool:
    if type is families.MetricType.COUNTER:
        return _FORBIDDEN_IN_COUNTERS.search(page.text) is None
    if type not in families.DISTRIBUTIONS:
        return True
    escaped = name_escaping.escape(name, name_escaping.Escaping.UNDERSCORES)
    sum_starts, count_starts = _starts(f"{escaped}_sum"), _starts(f"{escaped}_count")
    points_fit = _quantiles_fit if type is families.MetricType.SUMMARY else _buckets_fit
    bounds: list[bytes] = []
    values: list[float] = []
    for line in page.text.split(b"\n")[:-1]:
        series, _, number = line.rpartition(b" ")
        value = float(number)
        if line.startswith(sum_starts):
            if not value >= 0:
                return False
        elif line.startswith(count_starts):
            if not (_is_count(value) and points_fit(tuple(bounds), values, value)):
                return False
            bounds, values = [], []
        else:
            # The bound is the last label.
            bounds.append(series[series.rindex(b'"', 0, -2) + 1 : -2])
            values.append(value)
    return True


def _quantiles_fit(ranks: tuple[bytes, ...], values: Sequence[float], _count: float) -> bool:
    return not any(value < 0 for value in values) and all(0 <= float(rank) <= 1 for rank in ranks)


def _buckets_fit(bounds: tuple[bytes, ...], values: Sequence[float], count: float) -> bool:
    return (
        _are_sorted_bounds(bounds) and values[-1] == count and all(map(_is_count, values)) and sorted(values) == values
    )


@functools.lru_cache(maxsize=1024)
def _are_sorted_bounds(bounds: tuple[bytes, ...]) -> bool:
    """Return whether bucket bounds are sorted, not negative, and end with infinity.

    In OpenMetrics a histogram with negative bounds cannot have a sum.
    """
    numbers = list(map(float, bounds))
    return numbers[0] >= 0 and numbers[-1] == math.inf and all(low < high for low, high in itertools.pairwise(numbers))


def _is_count(value: float) -> bool:
    return value >= 0 and value.is_integer()


def part(lines: bytes, name: str) -> bytes:
    """Return the lines of the samples with this name."""
    starts = _starts(name)
    return b"".join([line for line in _split(lines) if line.startswith(starts)])


def _starts(name: str) -> tuple[bytes, ...]:
    """Return the possible beginnings of lines of samples with this name."""
    if name_escaping.is_plain(name):
        return (f"{name}{{".encode(), f"{name} ".encode())
    return (f"{{{renderer.quoted(name)}".encode(),)


class Lines(NamedTuple):
    """Lines of a page as they are exposed, and the same lines without exemplars."""

    shown: bytes
    bare: bytes


def with_created(family: Lines, created: Sequence[bytes], *, last: str, created_name: str) -> bytes:
    """Return the lines of a family, each metric followed by the creation time of the same labels, if any.

    :param created: lines of creation times.
    :param last: the name of the sample that ends each metric.
    """
    times = {labels: line for text in created for labels, line in _by_labels(text, created_name)}
    starts = _starts(last)
    skipped = _labels_offset(last)
    lines: list[bytes] = []
    for shown, bare in zip(_split(family.shown), _split(family.bare), strict=True):
        lines.append(shown)
        if bare.startswith(starts):
            time = times.get(bare[skipped : bare.rindex(b" ")])
            if time is not None:
                lines.append(time)
    return b"".join(lines)


def without_family(created: bytes, family: Sequence[bytes], *, last: str, created_name: str) -> bytes:
    """Return the creation times without a metric in the lines of the family."""
    with_metric = {labels for lines in family for labels, _ in _by_labels(lines, last)}
    return b"".join([line for labels, line in _by_labels(created, created_name) if labels not in with_metric])


def _by_labels(lines: bytes, name: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield the lines of the samples with this name, each with the text of its labels. The lines have no exemplars."""
    starts, skipped = _starts(name), _labels_offset(name)
    for line in _split(lines):
        if line.startswith(starts):
            yield line[skipped : line.rindex(b" ")], line


def _labels_offset(name: str) -> int:
    """Return the offset of the labels in a line."""
    return len(name) if name_escaping.is_plain(name) else len(_starts(name)[0])


def _split(lines: bytes) -> list[bytes]:
    return [line + b"\n" for line in lines.split(b"\n")[:-1]]
