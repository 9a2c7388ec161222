"""Load many groups at once into empty tables: each family is sorted once, so it takes a fraction of the time.

Until all groups are read, the series of each family are collected in a few large buffers. An object for each series
would take half as much memory again as the store, and would leave the heap fragmented.
"""

from __future__ import annotations

import array
import collections
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tidegate.model import families
from tidegate.store import group_states, prepared_pushes
from tidegate.store.series import family_tables


@dataclass(slots=True)
class _Collected:
    """One family of all groups read so far.

    :ivar texts: the number of groups with each help text and unit.
    :ivar keys: the series keys, in no order.
    :ivar sizes: the length of the lines of each series, in bytes.
    :ivar lines: all lines, joined.
    """

    table: family_tables.FamilyTable
    texts: collections.Counter[tuple[str | None, str | None]] = field(default_factory=collections.Counter)
    keys: list[str] = field(default_factory=list)
    sizes: array.array[int] = field(default_factory=lambda: array.array("I"))
    lines: bytearray = field(default_factory=bytearray)

    def add(
        self, help_text: str | None, keys: Sequence[str], lines: Sequence[bytes], *, unit: str | None = None
    ) -> None:
        """Add the family of one more group."""
        self.texts[help_text, unit] += 1
        self.keys.extend(keys)
        self.sizes.extend(map(len, lines))
        self.lines += b"".join(lines)

    def series(self) -> Iterator[tuple[str, memoryview]]:
        """Yield all series, sorted by key."""
        starts = array.array("Q", itertools.accumulate(self.sizes, initial=0))
        lines = memoryview(self.lines)
        for place in sorted(range(len(self.keys)), key=self.keys.__getitem__):
            yield self.keys[place], lines[starts[place] : starts[place + 1]]


class Loader:
    """Collects the series of many groups by family, and loads each family into its table at once.

    :param add_table: creates the table of a family.
    :ivar size: number of series so far, as Prometheus counts them.
    """

    def __init__(self, add_table: Callable[[str, families.MetricType], family_tables.FamilyTable]) -> None:
        self.size = 0
        self._add_table = add_table
        self._collected: dict[str, _Collected] = {}

    def add(self, group: group_states.Group, push: prepared_pushes.StoredPush) -> None:
        """Add the families that a group has from one of its pushes."""
        group.origin = origin = group_states.PushOrigin(push.at, push.pusher)
        shared: dict[tuple[str | None, tuple[str, ...], int, str | None], group_states.FamilyEntry] = {}
        for family in push.families:
            help_text, keys, size, unit = family.help, family.keys, family.size, family.unit
            self.size += size
            fields = (help_text, keys, size, unit)
            entry = shared.get(fields)
            if entry is None:
                entry = shared[fields] = group_states.FamilyEntry(help_text, origin, keys, size, unit)
            collected = self._collected.get(family.name) or self._begin(family.name, family.type)
            collected.add(help_text, keys, family.lines, unit=unit)
            if family.specials:
                collected.table.series.specials.update(family.specials)
            group.families[collected.table.name] = entry

    def add_time(self, name: str, family: prepared_pushes.PreparedFamily) -> str:
        """Add one of the push times that the store adds to a group. Return the key of its series."""
        ((key, lines),) = family.series.items()
        collected = self._collected.get(name) or self._begin(name, family.type)
        collected.add(family.help, (key,), (lines,))
        if family.specials:
            collected.table.series.specials.update(family.specials)
        return key

    def finish(self) -> None:
        """Load everything collected into the tables."""
        while self._collected:
            _, collected = self._collected.popitem()
            table = collected.table
            for (help_text, unit), holders in collected.texts.items():
                table.join(help_text, table.type, unit=unit, holders=holders)
            table.series.load(collected.series())

    def _begin(self, name: str, type_: families.MetricType) -> _Collected:
        collected = self._collected[name] = _Collected(self._add_table(name, type_))
        return collected
