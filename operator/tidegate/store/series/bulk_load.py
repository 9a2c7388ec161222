"""Many groups at once into empty tables: nothing has to be moved to make room, so it takes a fraction of the time.

What is collected until all groups are there is held in a few large pieces for each family, not in objects for each
series: those would take half as much memory again as the store, and leave it in holes that the process keeps.
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
    """A family of all groups so far: how many groups have each help text and unit, and the series of all in no order.

    :ivar sizes: the length of each series' lines, and ``lines`` all of them as one.
    """

    table: family_tables.FamilyTable
    words: collections.Counter[tuple[str | None, str | None]] = field(default_factory=collections.Counter)
    keys: list[str] = field(default_factory=list)
    sizes: array.array[int] = field(default_factory=lambda: array.array("I"))
    lines: bytearray = field(default_factory=bytearray)

    def add(
        self, help_text: str | None, keys: Sequence[str], lines: Sequence[bytes], *, unit: str | None = None
    ) -> None:
        """What one more group has of it."""
        self.words[help_text, unit] += 1
        self.keys.extend(keys)
        self.sizes.extend(map(len, lines))
        self.lines += b"".join(lines)

    def series(self) -> Iterator[tuple[str, memoryview]]:
        """All series, in the order of their keys."""
        starts = array.array("Q", itertools.accumulate(self.sizes, initial=0))
        lines = memoryview(self.lines)
        for place in sorted(range(len(self.keys)), key=self.keys.__getitem__):
            yield self.keys[place], lines[starts[place] : starts[place + 1]]


class Loader:
    """Collects the series of many groups by family, and puts each family's into its table in one go.

    :param add_table: makes the table of a family that there is none of yet.
    :ivar size: how many series Prometheus sees of the groups so far.
    """

    def __init__(self, add_table: Callable[[str, families.MetricType], family_tables.FamilyTable]) -> None:
        self.size = 0
        self._add_table = add_table
        self._collected: dict[str, _Collected] = {}

    def add(self, group: group_states.Group, part: prepared_pushes.Part) -> None:
        """Note what a group has of one of its pushes."""
        group.landing = landing = group_states.Landing(part.at, part.pusher)
        alike: dict[tuple[str | None, tuple[str, ...], int, str | None], group_states.HeldFamily] = {}
        for family in part.families:
            help_text, keys, size, unit = family.help, family.keys, family.size, family.unit
            self.size += size
            likeness = (help_text, keys, size, unit)
            held = alike.get(likeness)
            if held is None:
                held = alike[likeness] = group_states.HeldFamily(help_text, landing, keys, size, unit)
            collected = self._collected.get(family.name) or self._begin(family.name, family.type)
            collected.add(help_text, keys, family.lines, unit=unit)
            if family.specials:
                collected.table.series.specials.update(family.specials)
            group.families[collected.table.name] = held

    def add_time(self, name: str, family: prepared_pushes.PreparedFamily) -> str:
        """Note one of the times that the store adds to a group; the key of its series."""
        ((key, lines),) = family.series.items()
        collected = self._collected.get(name) or self._begin(name, family.type)
        collected.add(family.help, (key,), (lines,))
        if family.specials:
            collected.table.series.specials.update(family.specials)
        return key

    def finish(self) -> None:
        """Put all into the tables."""
        while self._collected:
            _, collected = self._collected.popitem()
            table = collected.table
            for (help_text, unit), holders in collected.words.items():
                table.join(help_text, table.type, unit=unit, holders=holders)
            table.series.load(collected.series())

    def _begin(self, name: str, type_: families.MetricType) -> _Collected:
        found = self._collected[name] = _Collected(self._add_table(name, type_))
        return found
