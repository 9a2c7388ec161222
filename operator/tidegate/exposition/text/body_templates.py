"""Bodies that differ in their numbers alone: what a client sends again and again.

A body of ordinary lines is cut at the numbers they end with. What is between them, its *shape*, says which families
and series it has; once a group has taken a push of that shape, the next one is known to be sound but for its numbers.
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
"""Half of a character: no text has it."""

Slots: TypeAlias = tuple[tuple[int, ...], ...]
"""For each series of a family, for each of its lines in order: which number of the body it ends with."""

_COUNTS = ("_bucket", "_count")

_ZERO = -1
"""The slot of a line that ends with 0 since the body has no number for it."""


class SplitBody(NamedTuple):
    """A body, cut: bodies with the same ``texts`` differ in their ``numbers`` alone."""

    texts: Sequence[str]
    numbers: Sequence[str]

    @property
    def digest(self) -> bytes:
        """Stands for the ``texts``."""
        joined = _SEPARATOR.join(self.texts).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(joined, digest_size=16).digest()


class Template:
    """What bodies with the same texts have in common.

    :ivar texts: see :class:`SplitBody`.
    :ivar slots: by family, in the order of its metrics.
    """

    __slots__ = ("__weakref__", "_counts", "_fixed", "slots", "texts")

    def __init__(
        self, texts: Sequence[str], *, slots: Mapping[str, Slots], counts: Sequence[int], fixed: Mapping[int, str]
    ) -> None:
        """Create a template of bodies.

        :param counts: the slots of numbers that count something, which not every number does.
        :param fixed: numbers at the end of a comment, which are not values, by their slots.
        """
        self.texts = texts
        self.slots = slots
        self._counts = counts
        self._fixed = fixed

    def values(self, split_body: SplitBody) -> list[float] | None:
        """The numbers of a body of this shape; ``None`` where it is of another or has to be read with care."""
        said = split_body.numbers
        if split_body.texts != self.texts:
            return None
        try:
            values = list(map(float, said))
        except ValueError:
            return None
        # One that is infinite makes the sum so.
        if not math.isfinite(sum(values)):
            return None
        for slot in self._counts:
            if not (0.0 <= values[slot] <= numbers.EXACT and values[slot].is_integer()):
                return None
        for slot, number in self._fixed.items():
            if said[slot] != number:
                return None
        return values


def split(body: bytes) -> SplitBody | None:
    """The body cut at its numbers; ``None`` where it is no text."""
    try:
        parts = _NUMBER.split(body.decode())
    except UnicodeDecodeError:
        return None
    return SplitBody(parts[::2], parts[1::2])


def learn(split_body: SplitBody) -> Template | None:
    """The shape of bodies with these texts; ``None`` where other lines than ordinary ones are in them.

    It is found by reading such a body with other numbers, each of which tells by itself where it came from.
    """
    marks = [f" {number}\n" for number in range(1, len(split_body.numbers) + 1)]
    joined = "".join(itertools.chain.from_iterable(itertools.zip_longest(split_body.texts, marks, fillvalue="")))
    body = joined.encode()
    try:
        if not parser.is_ordinary(body):
            return None
        found = parser.parse(body)
    except errors.BadExpositionError:
        return None
    slots = {name: tuple(_slots(family)) for name, family in found.items()}
    used = {slot for series in slots.values() for lines in series for slot in lines}
    fixed = {slot: number for slot, number in enumerate(split_body.numbers) if slot not in used}
    counts = {slot for family in found.values() for slot in _counts(family)} - {_ZERO}
    return Template(split_body.texts, slots=slots, counts=tuple(counts), fixed=fixed)


def format_values(values: Sequence[float]) -> list[bytes]:
    """The numbers as lines end with them, by slot."""
    found = [numbers.format_float(value).encode() for value in values]
    found.append(b"0")  # The slot _ZERO.
    return found


def _slots(family: families.Family) -> Iterator[tuple[int, ...]]:
    for metric in family.metrics:
        yield tuple(int(number) - 1 for _, _, number in renderer.samples(family.type, metric.value))


def _counts(family: families.Family) -> Iterator[int]:
    for metric in family.metrics:
        for suffix, _, number in renderer.samples(family.type, metric.value):
            if suffix in _COUNTS:
                yield int(number) - 1
