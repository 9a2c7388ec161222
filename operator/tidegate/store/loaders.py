"""Many groups at once into empty tables: nothing has to be moved to make room, so it takes a fraction of the time."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import NamedTuple

from tidegate.model import families
from tidegate.store import holdings, pushes, tables


class _Collected(NamedTuple):
    """A family of all groups so far: the help text of each group, and the series of all."""

    table: tables.FamilyTable
    helps: list[str | None]
    series: list[tuple[str, bytes]]


class Loader:
    """Collects the series of many groups by family, and puts each family's into its table in one go.

    :param add_table: makes the table of a family that there is none of yet.
    :ivar size: how many series Prometheus sees of the groups so far.
    """

    def __init__(self, add_table: Callable[[str, families.MetricType], tables.FamilyTable]) -> None:
        self.size = 0
        self._add_table = add_table
        self._collected: dict[str, _Collected] = {}

    def add(self, group: holdings.Group, part: pushes.Part) -> None:
        """Note what a group has of one of its pushes."""
        group.landing = landing = holdings.Landing(part.at)
        alike: dict[tuple[str | None, tuple[str, ...], int], holdings.HeldFamily] = {}
        for family in part.families:
            help_text, keys, size = family.help, family.keys, family.size
            self.size += size
            likeness = (help_text, keys, size)
            held = alike.get(likeness)
            if held is None:
                held = alike[likeness] = holdings.HeldFamily(help_text, landing, keys, size)
            collected = self._collected.get(family.name) or self._begin(family.name, family.type)
            collected.helps.append(help_text)
            collected.series.extend(zip(keys, family.lines, strict=True))
            if family.specials:
                collected.table.series.specials.update(family.specials)
            group.families[collected.table.name] = held

    def add_time(self, name: str, family: pushes.PreparedFamily) -> str:
        """Note one of the times that the store adds to a group; the key of its series."""
        ((key, lines),) = family.series.items()
        collected = self._collected.get(name) or self._begin(name, family.type)
        collected.helps.append(family.help)
        collected.series.append((key, lines))
        if family.specials:
            collected.table.series.specials.update(family.specials)
        return key

    def finish(self) -> None:
        """Put all into the tables."""
        for table, helps, series in self._collected.values():
            for help_text, holders in collections.Counter(helps).items():
                table.join(help_text, table.type, holders=holders)
            series.sort()
            table.series.load(series)
            series.clear()

    def _begin(self, name: str, type_: families.MetricType) -> _Collected:
        found = self._collected[name] = _Collected(self._add_table(name, type_), [], [])
        return found
