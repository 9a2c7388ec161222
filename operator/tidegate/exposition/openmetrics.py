"""OpenMetrics: under which names and types the families of an exposition stand beside each other.

In the text format a family has one name, and its samples may only share it. In OpenMetrics a type reserves names: a
counter ``reqs`` has the samples ``reqs_total`` and ``reqs_created``, so no other family may have one of the three
names. Strict parsers refuse a whole exposition over a name that two families claim, and over a value that the type
does not allow (a counter that is negative, buckets out of order). Hence three rules:

- A gauge ``reqs_created`` beside a counter or distribution ``reqs`` is that family's own creation time, which client
  libraries push as a gauge where the text format has no other way; it moves into the family, series by series.
- A family keeps its type only if no other family has a name that the type reserves, and if all its values are allowed.
- Any other family is ``unknown``: a counter under the name of its samples, a distribution as one family for each of
  its parts. The samples stay the same to the letter.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tidegate.exposition import name_escaping, rendered_series
from tidegate.exposition.text import renderer, variant_lines
from tidegate.model import families

END = b"# EOF\n"
UNKNOWN = "unknown"
_TOTAL, _CREATED = "_total", "_created"
_SUMMARY_PARTS = ("", "_sum", "_count")
_HISTOGRAM_PARTS = ("_bucket", "_sum", "_count")
_FORBIDDEN_IN_COUNTERS = re.compile(rb" (?:-[^ \n]*+|NaN)\n")
_FITS = "values fit OpenMetrics"


class Entry(NamedTuple):
    """A family as it would stand in the text format.

    :param fits: whether all its values are such as its type may have; see :func:`fits`.
    """

    name: str
    type: families.MetricType
    fits: bool = True


class Role(NamedTuple):
    """How a family stands in OpenMetrics.

    :param name: in its HELP and TYPE lines.
    :param word: its type; ``unknown`` for a distribution says that each part is a family of its own.
    :param created: the name of the family whose series are shown as this one's creation times; empty for none.
    """

    name: str
    word: str
    created: str = ""


def parts(type: families.MetricType) -> tuple[str, ...]:
    """The suffixes of the samples of a distribution."""
    return _SUMMARY_PARTS if type is families.MetricType.SUMMARY else _HISTOGRAM_PARTS


def distinct(wanted: Iterable[tuple[str, families.MetricType]], escaping: name_escaping.Escaping) -> dict[str, str]:
    """The name that each family is shown under, by its own: no two are alike, as no two samples are.

    Names that need quotes may become the same as others once they are escaped. The later one is then spelled in
    full (:attr:`name_escaping.Escaping.VALUES`).
    """
    known = list(wanted)
    shown = {name: name for name, _ in known if name_escaping.is_plain(name)}
    if len(shown) == len(known):
        return shown
    taken = set(itertools.chain.from_iterable(_own(name, type) for name, type in known if name in shown))
    for name, type in known:
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
    """The role of each family by its name; none for a family that is shown within another one.

    The cost is that of looking at each family's name once.
    """
    types = {entry.name: entry.type for entry in entries}
    taken = set(itertools.chain.from_iterable(_own(entry.name, entry.type) for entry in entries))
    claimed: set[str] = set()
    found: dict[str, Role] = {}
    inner: set[str] = set()
    for entry in entries:
        typed = _typed(entry, types)
        if typed is not None:
            reserved = {typed.name + _CREATED} if typed.name == entry.name else {typed.name, typed.name + _CREATED}
            if entry.fits and taken.isdisjoint(reserved - {typed.created}) and claimed.isdisjoint(reserved):
                claimed |= reserved
                inner.add(typed.created)
                found[entry.name] = typed
                continue
        found[entry.name] = untyped(entry.name, entry.type)
    return {name: role for name, role in found.items() if name not in inner}


def untyped(name: str, type: families.MetricType) -> Role:
    """The role under the family's own name, with a type that reserves no other names."""
    return Role(name, "gauge" if type is families.MetricType.GAUGE else UNKNOWN)


def _own(name: str, type: families.MetricType) -> list[str]:
    """The names that a family and its samples have in the text format."""
    return [name, *(name + part for part in parts(type))] if type in families.DISTRIBUTIONS else [name]


def _typed(entry: Entry, types: Mapping[str, families.MetricType]) -> Role | None:
    """The role with the family's own type, where that is one that reserves names."""
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
    """The HELP and TYPE lines of a family, or of the part of a distribution that has this suffix."""
    spelled = variant_lines.spelled(role.name + suffix)
    help_line = "" if help is None else f"# HELP {spelled} {renderer.quoted(help)[1:-1]}\n"
    return f"{help_line}# TYPE {spelled} {role.word}\n".encode()


def fits(page: rendered_series.Page, *, name: str, type: families.MetricType) -> bool:
    """Whether the type may have all values of the page. Found out once a page."""
    known = page.facts.get(_FITS)
    if known is None:
        known = page.facts[_FITS] = _fits(page, name=name, type=type)
    return known


def _fits(page: rendered_series.Page, *, name: str, type: families.MetricType) -> bool:
    if type is families.MetricType.COUNTER:
        return _FORBIDDEN_IN_COUNTERS.search(page.text) is None
    if type not in families.DISTRIBUTIONS:
        return True
    kept = name_escaping.escape(name, name_escaping.Escaping.UNDERSCORES)
    ends = _starts(f"{kept}_sum"), _starts(f"{kept}_count")
    points_fit = _quantiles_fit if type is families.MetricType.SUMMARY else _buckets_fit
    bounds: list[bytes] = []
    values: list[float] = []
    for line in page.text.split(b"\n")[:-1]:
        series, _, number = line.rpartition(b" ")
        value = float(number)
        if line.startswith(ends[0]):
            if not value >= 0:
                return False
        elif line.startswith(ends[1]):
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
    return _rise(bounds) and values[-1] == count and all(map(_is_count, values)) and sorted(values) == values


@functools.lru_cache(maxsize=1024)
def _rise(bounds: tuple[bytes, ...]) -> bool:
    """Whether these are bounds of buckets in order, none of them negative and the last one infinite.

    A histogram with negative bounds may not have a sum in OpenMetrics.
    """
    numbers = list(map(float, bounds))
    return numbers[0] >= 0 and numbers[-1] == math.inf and all(low < high for low, high in itertools.pairwise(numbers))


def _is_count(value: float) -> bool:
    return value >= 0 and value.is_integer()


def part(lines: bytes, name: str) -> bytes:
    """Those lines whose samples have this name."""
    starts = _starts(name)
    return b"".join([line for line in _split(lines) if line.startswith(starts)])


def _starts(name: str) -> tuple[bytes, ...]:
    """What the lines of this name may begin with."""
    if name_escaping.is_plain(name):
        return (f"{name}{{".encode(), f"{name} ".encode())
    return (f"{{{renderer.quoted(name)}".encode(),)


class Lines(NamedTuple):
    """Lines of a page as a reader gets them, and the same without exemplars."""

    shown: bytes
    bare: bytes


def with_created(family: Lines, created: Sequence[bytes], *, last: str, created_name: str) -> bytes:
    """The family's lines, each metric followed by the creation time of the same labels, if there is one.

    :param created: lines of creation times.
    :param last: the name of the sample that ends each metric.
    """
    times = {labels: line for lines in created for labels, line in _by_labels(lines, created_name)}
    starts = _starts(last)
    skipped = _skipped(last)
    found: list[bytes] = []
    for shown, bare in zip(_split(family.shown), _split(family.bare), strict=True):
        found.append(shown)
        if bare.startswith(starts):
            time = times.get(bare[skipped : bare.rindex(b" ")])
            if time is not None:
                found.append(time)
    return b"".join(found)


def without_family(created: bytes, family: Sequence[bytes], *, last: str, created_name: str) -> bytes:
    """The creation times that belong to no metric of the family's lines."""
    known = {labels for lines in family for labels, _ in _by_labels(lines, last)}
    return b"".join([line for labels, line in _by_labels(created, created_name) if labels not in known])


def _by_labels(lines: bytes, name: str) -> Iterator[tuple[bytes, bytes]]:
    """The lines without exemplars whose samples have this name, each after its labels as they are spelled."""
    starts, skipped = _starts(name), _skipped(name)
    for line in _split(lines):
        if line.startswith(starts):
            yield line[skipped : line.rindex(b" ")], line


def _skipped(name: str) -> int:
    """Bytes of a line before the labels."""
    return len(name) if name_escaping.is_plain(name) else len(_starts(name)[0])


def _split(lines: bytes) -> list[bytes]:
    return [line + b"\n" for line in lines.split(b"\n")[:-1]]
