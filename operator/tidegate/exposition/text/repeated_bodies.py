"""Templates of bodies that differ only in their numbers, as a client pushes them again and again.

A body of ordinary lines is split at the numbers that end the lines. The texts between the numbers are its *template*:
they determine its families and series. Once a group has accepted a push, another body with the same template only needs
a check of its numbers; the store remembers the template (``repeat`` in :mod:`tidegate.store.series.series_index`).
"""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from tidegate.exposition.text import numbers, parser, renderer
from tidegate.model import errors, families

_NUMBER = re.compile(r" ([-+.0-9eE]++)\n")
_SEPARATOR = "\ud800"
"""A surrogate, which no decoded text contains."""

Slots: TypeAlias = tuple[tuple[int, ...], ...]
"""For each series of a family, for each of its lines in order: the index of the number that ends it."""

_COUNTS = ("_bucket", "_count")

_ZERO = -1
"""The slot of a line that ends with 0, because the body has no number for it."""


class SplitBody(NamedTuple):
    """A body split at its numbers: bodies with the same ``texts`` differ only in their ``numbers``."""

    texts: Sequence[str]
    numbers: Sequence[str]

    @property
    def digest(self) -> bytes:
        """A hash of the ``texts``."""
        joined = _SEPARATOR.join(self.texts).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(joined, digest_size=16).digest()


class Template:
    """The template of bodies with the same texts.

    :ivar texts: see :class:`SplitBody`.
    :ivar slots: by family, in the order of its metrics.
    """

    __slots__ = ("__weakref__", "_counts", "_fixed", "slots", "texts")

    def __init__(
        self, texts: Sequence[str], *, slots: Mapping[str, Slots], counts: Sequence[int], fixed: Mapping[int, str]
    ) -> None:
        """Create a template.

        :param counts: the slots of counts, which must be integers.
        :param fixed: numbers that end a comment and must be unchanged, by slot.
        """
        self.texts = texts
        self.slots = slots
        self._counts = counts
        self._fixed = fixed

    def values(self, split_body: SplitBody) -> list[float] | None:
        """Return the numbers of a body with this template; ``None`` if the body must be parsed."""
        number_texts = split_body.numbers
        if split_body.texts != self.texts:
            return None
        try:
            values = list(map(float, number_texts))
        except ValueError:
            return None
        # The sum is finite only if all values are.
        if not math.isfinite(sum(values)):
            return None
        for slot in self._counts:
            if not (0.0 <= values[slot] <= numbers.EXACT and values[slot].is_integer()):
                return None
        for slot, number in self._fixed.items():
            if number_texts[slot] != number:
                return None
        return values


def split(body: bytes) -> SplitBody | None:
    """Split a body at its numbers; return ``None`` if it is not UTF-8."""
    try:
        parts = _NUMBER.split(body.decode())
    except UnicodeDecodeError:
        return None
    return SplitBody(parts[::2], parts[1::2])


def learn(split_body: SplitBody) -> Template | None:
    """Return the template of bodies with these texts; ``None`` if they have lines that are not ordinary.

    To find the slots, a body with these texts is parsed in which each number is its own index plus one.
    """
    marks = [f" {number}\n" for number in range(1, len(split_body.numbers) + 1)]
    joined = "".join(itertools.chain.from_iterable(itertools.zip_longest(split_body.texts, marks, fillvalue="")))
    body = joined.encode()
    try:
        if not parser.is_ordinary(body):
            return None
        parsed = parser.parse(body)
    except errors.BadExpositionError:
        return None
    slots = {name: tuple(_slots(family)) for name, family in parsed.items()}
    used = {slot for series in slots.values() for lines in series for slot in lines}
    fixed = {slot: number for slot, number in enumerate(split_body.numbers) if slot not in used}
    counts = {slot for family in parsed.values() for slot in _counts(family)} - {_ZERO}
    return Template(split_body.texts, slots=slots, counts=tuple(counts), fixed=fixed)


def format_values(values: Sequence[float]) -> list[bytes]:
    """Return the numbers as they are written in lines, by slot."""
    texts = [numbers.format_float(value).encode() for value in values]
    texts.append(b"0")  # The slot _ZERO.
    return texts


def _slots(family: families.Family) -> Iterator[tuple[int, ...]]:
    for metric in family.metrics:
        yield tuple(int(number) - 1 for _, _, number in renderer.samples(family.type, metric.value))


def _counts(family: families.Family) -> Iterator[int]:
    for metric in family.metrics:
        for suffix, _, number in renderer.samples(family.type, metric.value):
            if suffix in _COUNTS:
                yield int(number) - 1
