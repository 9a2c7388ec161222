"""Many groups at once into empty tables: nothing has to be moved to make room, so it takes a fraction of the time."""

from __future__ import annotations

from collections.abc import Callable

from tidegate.model import families
from tidegate.store import holdings, pushes, tables


class Loader:
    """Collects the series of many groups by family, and puts each family's into its table in one go.

    :param add_table: makes the table of a family that there is none of yet.
    :ivar size: how many series Prometheus sees of the groups so far.
    """

    def __init__(self, add_table: Callable[[str, families.MetricType], tables.FamilyTable]) -> None:
        self.size = 0
        self._add_table = add_table
        self._collected: dict[str, tuple[tables.FamilyTable, list[tuple[str, bytes]]]] = {}

    def add(self, group: holdings.Group, part: pushes.Part) -> None:
        """Note what a group has of one of its pushes."""
        group.landing = landing = holdings.Landing(part.at)
        alike: dict[tuple[str | None, tuple[str, ...], int], holdings.HeldFamily] = {}
        for family in part.families:
            size = family.size
            self.size += size
            likeness = (family.help, family.keys, size)
            held = alike.get(likeness)
            if held is None:
                held = alike[likeness] = holdings.HeldFamily(family.help, landing, family.keys, size)
            group.families[self.add_family(family)] = held

    def add_family(self, family: pushes.KeptFamily) -> str:
        """Note a family of a group; its name as its table has it."""
        name, type_, help_text, keys, lines, _, specials = family
        found = self._collected.get(name)
        if found is None:
            found = self._collected[name] = (self._add_table(name, type_), [])
        table, collected = found
        table.join(help_text, type_)
        collected.extend(zip(keys, lines, strict=True))
        if specials:
            table.series.specials.update(specials)
        return table.name

    def finish(self) -> None:
        """Put all into the tables."""
        for table, collected in self._collected.values():
            collected.sort()
            table.series.load(collected)
            collected.clear()
