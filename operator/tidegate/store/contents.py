"""The metrics of all groups: which group has which series, and every family over all groups.

Only this module changes the tables, so that groups and tables always agree.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tidegate.exposition import encodings, order, pages
from tidegate.model import errors, families, groups, lives
from tidegate.store import consistency, interface, pushes, tables

_OWN_HELP = {
    interface.PUSH_TIME: interface.PUSH_TIME_HELP,
    interface.PUSH_FAILURE_TIME: interface.PUSH_FAILURE_TIME_HELP,
}


class HeldFamily(NamedTuple):
    """What a group remembers of one of its families; the rendered lines are in the family's table."""

    help: str | None
    pushed_at: float
    keys: tuple[str, ...]


@dataclass(slots=True)
class Group:
    """One group as the store keeps it. Times are Unix seconds, 0.0 for never."""

    key: groups.GroupingKey
    life: lives.Life
    revision: int = 0
    push_time: float = 0.0
    push_failure_time: float = 0.0
    families: dict[str, HeldFamily] = field(default_factory=dict)


class Contents:
    """The family tables, sorted by name, and the moves that keep them true to the groups.

    :param own_types: types of the families that the gateway itself exposes beside the pushed ones, by name.
    """

    def __init__(self, *, own_types: Mapping[str, families.MetricType]) -> None:
        self._own_types = own_types
        self._tables: dict[str, tables.FamilyTable] = {}
        self._names: list[str] = []

    def check(self, group: Group | None, pushed: Mapping[str, pushes.PreparedFamily], *, replace: bool) -> None:
        """Raise :class:`errors.InconsistentPushError` where this push to this group would clash with the others."""
        had = {name: held.keys for name, held in group.families.items()} if group else {}
        consistency.check(pushed, present=self._tables, own_types=self._own_types, had=had, replace=replace)

    def check_times(self, key: groups.GroupingKey) -> None:
        """Raise :class:`errors.InconsistentPushError` where a new group's push times would be another group's series.

        Two groups are alike in all series when only an empty ``instance`` tells them apart.
        """
        table = self._tables.get(interface.PUSH_TIME)
        if table is not None and order.series_key(pushes.with_grouping_labels(key, ())) in table.series:
            raise errors.InconsistentPushError(
                f"{groups.describe(key)} differs from another group by an empty instance alone, so their times clash"
            )

    def put(
        self, group: Group, pushed: Mapping[str, pushes.PreparedFamily], *, replace: bool, pushed_at: float
    ) -> None:
        """Give the group these families, in place of all or of those with the same names."""
        if replace:
            self._drop(group, [name for name in group.families if name not in pushed and name not in _OWN_HELP])
        for name, family in pushed.items():
            self._put_family(group, name, family, pushed_at=pushed_at)

    def stamp(self, group: Group, *, pushed_at: float) -> None:
        """Show the group's push and failure times as the series that Pushgateway adds to every group."""
        times = {interface.PUSH_TIME: group.push_time, interface.PUSH_FAILURE_TIME: group.push_failure_time}
        for name, family in pushes.prepare_times(group.key, times, helps=_OWN_HELP):
            self._put_family(group, name, family, pushed_at=pushed_at)

    def remove(self, group: Group) -> None:
        """Take all that the group has out of the tables."""
        self._drop(group, list(group.families))

    def render(self) -> list[encodings.RenderedFamily]:
        """All families, in order of their names."""
        return [self._tables[name].render() for name in self._names]

    def view(self, group: Group) -> interface.GroupView:
        """The group with the rendered lines of its series."""
        return interface.GroupView(
            key=group.key,
            life=group.life,
            push_time=group.push_time,
            push_failure_time=group.push_failure_time,
            families={name: self._view_family(name, held) for name, held in group.families.items()},
        )

    def _view_family(self, name: str, held: HeldFamily) -> interface.GroupFamily:
        table = self._tables[name]
        page = pages.join([(table.series[key], table.series.specials.get(key)) for key in held.keys])
        return interface.GroupFamily(type=table.type, help=held.help, pushed_at=held.pushed_at, page=page)

    def _put_family(self, group: Group, name: str, family: pushes.PreparedFamily, *, pushed_at: float) -> None:
        held = group.families.get(name)
        table = self._tables.get(name) or self._add_table(name, family.type)
        keys = tuple(family.series)
        if held is None or held.help != family.help or table.type is not family.type:
            if held is not None:
                table.leave(held.help)
            table.join(family.help, family.type)
        if table.series.specials or family.specials:
            _replace_specials(table.series.specials, had=held.keys if held else (), now=family.specials)
        if held is not None and held.keys == keys:
            keys = held.keys
        elif held is not None:
            for gone in set(held.keys).difference(keys):
                del table.series[gone]
        for key, lines in family.series.items():
            table.series[key] = lines
        group.families[name] = HeldFamily(family.help, pushed_at, keys)

    def _drop(self, group: Group, names: Iterable[str]) -> None:
        for name in names:
            held = group.families.pop(name)
            table = self._tables[name]
            for key in held.keys:
                table.series.specials.pop(key, None)
                del table.series[key]
            table.leave(held.help)
            if not table.holders:
                del self._tables[name]
                del self._names[bisect.bisect_left(self._names, name)]

    def _add_table(self, name: str, type: families.MetricType) -> tables.FamilyTable:
        table = self._tables[name] = tables.FamilyTable(name, type)
        bisect.insort(self._names, name)
        return table


def _replace_specials(
    specials: dict[str, families.Metric], *, had: Iterable[str], now: Mapping[str, families.Metric]
) -> None:
    for key in had:
        specials.pop(key, None)
    specials.update(now)
