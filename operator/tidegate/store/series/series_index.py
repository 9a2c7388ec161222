"""The metrics of all groups: which group has which series, and every family over all groups.

Only this module changes the tables, so that groups and tables always agree.
"""

from __future__ import annotations

import bisect
import collections
import weakref
from collections.abc import Iterable, Mapping

from tidegate.exposition import encoders, rendered_series
from tidegate.exposition.text import body_templates, metric_order, numbers
from tidegate.model import errors, families, grouping
from tidegate.store import group_states, interface, prepared_pushes
from tidegate.store.series import bulk_load, consistency, family_tables

_OWN_HELP = {
    interface.PUSH_TIME: interface.PUSH_TIME_HELP,
    interface.PUSH_FAILURE_TIME: interface.PUSH_FAILURE_TIME_HELP,
}


class Contents:
    """The family tables, sorted by name, and the moves that keep them true to the groups.

    :param own_types: types of the families that the gateway itself exposes beside the pushed ones, by name.
    """

    def __init__(self, *, own_types: Mapping[str, families.MetricType]) -> None:
        self._own_types = own_types
        self._tables: dict[str, family_tables.FamilyTable] = {}
        self._names: list[str] = []
        self._unsettled: collections.OrderedDict[group_states.Group, None] = collections.OrderedDict()
        self._size = 0
        self._shapes: weakref.WeakValueDictionary[bytes, body_templates.Template] = weakref.WeakValueDictionary()

    @property
    def size(self) -> int:
        """How many series Prometheus sees of all groups, the times of pushes apart."""
        return self._size

    def sizes(
        self, group: group_states.Group | None, pushed: prepared_pushes.Prepared, *, replace: bool
    ) -> tuple[int, int]:
        """How many series a group has, and how many it would have with this push."""
        had = group.families if group is not None else {}
        before = sum(held.size for held in had.values())
        left = 0 if replace else sum(held.size for name, held in had.items() if name not in pushed)
        return before, left + sum(family.size for family in pushed.values())

    def check(
        self,
        group: group_states.Group | None,
        pushed: prepared_pushes.Prepared,
        *,
        replace: bool,
        known: Mapping[grouping.GroupingKey, group_states.Group],
    ) -> None:
        """Raise :class:`errors.InconsistentPushError` where this push to this group would clash with the others.

        :param known: all groups, so that one can be named.
        """
        had = {name: held.keys for name, held in group.families.items()} if group else {}
        consistency.check(
            pushed, present=self._tables, own_types=self._own_types, had=had, replace=replace, known=known
        )

    def check_times(self, key: grouping.GroupingKey) -> None:
        """Raise :class:`errors.InconsistentPushError` where a new group's push times would be another group's series.

        Two groups are alike in all series when only an empty ``instance`` tells them apart.
        """
        table = self._tables.get(interface.PUSH_TIME)
        if table is not None and metric_order.series_key(prepared_pushes.with_grouping_labels(key, ())) in table.series:
            empty = ("instance", "")
            named = grouping.GroupingKey(tuple(sorted({*key} ^ {empty})))
            raise errors.InconsistentPushError(
                f"group {grouping.brief(key)} differs from group {grouping.brief(named)} by an empty instance alone, "
                f"which Prometheus cannot tell apart; push to that group, or under another instance",
                group=named,
            )

    def put(
        self,
        group: group_states.Group,
        pushed: prepared_pushes.Prepared,
        *,
        replace: bool,
        at: float,
        pusher: str | None = None,
        split_body: body_templates.SplitBody | None = None,
    ) -> None:
        """Give the group these families, in place of all or of those with the same names.

        :param at: Unix seconds.
        :param pusher: the address that they came from.
        :param spelling: what they were read from, where the next push may be like it.
        """
        self._write_values(group)
        if replace:
            self._drop(group, [name for name in group.families if name not in pushed])
        group.landing = group_states.Landing(at, pusher or "")
        alike: dict[tuple[str | None, tuple[str, ...], int, str | None], group_states.HeldFamily] = {}
        for name, family in pushed.items():
            had = group.families.get(name)
            held = self._put_family(name, family, had=had, landing=group.landing)
            self._size += held.size - (had.size if had is not None else 0)
            # Every group has names; all of them have the table's, so that they take no memory.
            group.families[self._tables[name].name] = alike.setdefault(
                (held.help, held.keys, held.size, held.unit), held
            )
        self._note_shape(group, pushed, split_body)

    def repeat(
        self,
        group: group_states.Group,
        split_body: body_templates.SplitBody,
        *,
        replace: bool,
        at: float,
        pusher: str | None = None,
    ) -> bool:
        """Put a push into the group that differs from its last one in its values alone.

        All checks then have the outcome that they had before: what the group has, no other can have taken since. The
        lines are written when somebody wants to read them (:meth:`settle`).

        :returns: whether it is such a push. Where not, nothing has happened.
        """
        shape, landing = group.shape, group.landing
        if shape is None or landing is None:
            return False
        if replace and len(group.families) > len(shape.slots):
            return False  # A push before the last one left families that have to go.
        values = shape.values(split_body)
        if values is None:
            return False
        group.values = values
        landing.at, landing.pusher = at, pusher or ""
        return True

    def parts(self, group: group_states.Group, known: prepared_pushes.Prepared) -> list[prepared_pushes.Part]:
        """What the group has of each of its pushes, oldest first, as :meth:`insert` takes it.

        :param known: the families of a push that it has just got.
        """
        self._write_values(group)
        slots = group.shape.slots if group.shape is not None else {}
        found: dict[int, prepared_pushes.Part] = {}
        for name, held in group.families.items():
            part = found.setdefault(id(held.landing), prepared_pushes.Part(held.landing.at, [], held.landing.pusher))
            family = known[name] if name in known else self._prepared(name, held)
            lines, own = tuple(family.series.values()), slots.get(name) if held.landing is group.landing else None
            part.families.append(
                prepared_pushes.KeptFamily(
                    name, family.type, held.help, held.keys, lines, own, family.specials, held.unit
                )
            )
        return list(found.values())

    def insert(self, group: group_states.Group, parts: Iterable[prepared_pushes.Part]) -> None:
        """Give a group that has nothing these parts, which are known to stand beside all others."""
        for part in parts:
            pushed = {family.name: family.prepared() for family in part.families}
            self.put(group, pushed, replace=False, at=part.at, pusher=part.pusher)
        self.stamp(group)

    def load(self, restored: Iterable[tuple[group_states.Group, Iterable[prepared_pushes.Part]]]) -> None:
        """Insert many groups at once into an empty store: in a fraction of the time, since nothing has to be moved."""
        loader = bulk_load.Loader(self._add_table)
        for group, parts in restored:
            for part in parts:
                loader.add(group, part)
            times = {interface.PUSH_TIME: group.push_time, interface.PUSH_FAILURE_TIME: group.push_failure_time}
            for name, family in prepared_pushes.prepare_times(group.key, times, helps=_OWN_HELP):
                group.times_key = loader.add_time(name, family)
        loader.finish()
        self._size = loader.size

    def stamp(self, group: group_states.Group) -> None:
        """Show the group's push and failure times as the series that Pushgateway adds to every group."""
        if group.times_key:
            self._unsettled.setdefault(group)
        else:
            self._write_times(group)

    @property
    def unsettled(self) -> int:
        """How many groups have lines that are still to be written."""
        return len(self._unsettled)

    def settle(self, *, most: int, values: int) -> int:
        """Write the lines of so many groups, those first that have waited longest; how many they were.

        :param values: after so many it stops, since some groups have thousands.
        """
        settled = 0
        while self._unsettled and settled < most and values > 0:
            group, _ = self._unsettled.popitem(last=False)
            settled, values = settled + 1, values - len(group.values or ())
            self._settle(group)
        if not self._unsettled:
            self._unsettled.clear()  # It keeps the room that it once had until it is told.
        return settled

    def remove(self, group: group_states.Group) -> None:
        """Take all that the group has out of the tables."""
        self._unsettled.pop(group, None)
        self._drop(group, list(group.families))
        for name, help_text in _OWN_HELP.items():
            self._take_out(name, help_text, (group.times_key,))

    def render(self) -> list[encoders.RenderedFamily]:
        """All families, in order of their names, as they were when their groups were settled."""
        return [self._tables[name].render() for name in self._names]

    def view(self, group: group_states.Group) -> interface.GroupView:
        """The group with the rendered lines of its series."""
        if group in self._unsettled:
            del self._unsettled[group]
            self._settle(group)
        stamped = group_states.Landing(max(group.push_time, group.push_failure_time))
        times = {
            name: group_states.HeldFamily(text, stamped, (group.times_key,), 1) for name, text in _OWN_HELP.items()
        }
        held_families = {**group.families, **times}
        return interface.GroupView(
            key=group.key,
            life=group.life,
            push_time=group.push_time,
            push_failure_time=group.push_failure_time,
            families={name: self._view_family(name, held) for name, held in held_families.items()},
        )

    def _prepared(self, name: str, held: group_states.HeldFamily) -> prepared_pushes.PreparedFamily:
        table = self._tables[name]
        series = {key: table.series[key] for key in held.keys}
        known = table.series.specials
        specials = {key: known[key] for key in series if key in known}
        return prepared_pushes.PreparedFamily(table.type, held.help, series, specials, held.size, held.unit)

    def _view_family(self, name: str, held: group_states.HeldFamily) -> interface.GroupFamily:
        table = self._tables[name]
        page = rendered_series.join([(table.series[key], table.series.specials.get(key)) for key in held.keys])
        return interface.GroupFamily(type=table.type, help=held.help, pushed_at=held.landing.at, page=page)

    def _settle(self, group: group_states.Group) -> None:
        self._write_values(group)
        self._write_times(group)

    def _write_values(self, group: group_states.Group) -> None:
        if group.values is None or group.shape is None:
            return
        written = body_templates.format_values(group.values)
        group.values = None
        for name, series in group.shape.slots.items():
            table = self._tables[name].series
            for key, slots in zip(group.families[name].keys, series, strict=True):
                table.renumber(key, [written[slot] for slot in slots])

    def _write_times(self, group: group_states.Group) -> None:
        times = {interface.PUSH_TIME: group.push_time, interface.PUSH_FAILURE_TIME: group.push_failure_time}
        key = group.times_key
        if key and key not in self._tables[interface.PUSH_TIME].series.specials:
            for name, value in times.items():
                self._tables[name].series.renumber(key, [numbers.format_float(value).encode()])
            return
        had = (
            {
                name: group_states.HeldFamily(text, group_states.Landing(0.0), (key,), 1)
                for name, text in _OWN_HELP.items()
            }
            if key
            else {}
        )
        for name, family in prepared_pushes.prepare_times(group.key, times, helps=_OWN_HELP):
            self._put_family(name, family, had=had.get(name), landing=group_states.Landing(0.0))
            (group.times_key,) = family.series

    def _put_family(
        self,
        name: str,
        family: prepared_pushes.PreparedFamily,
        *,
        had: group_states.HeldFamily | None,
        landing: group_states.Landing,
    ) -> group_states.HeldFamily:
        table = self._tables.get(name) or self._add_table(name, family.type)
        keys = tuple(family.series)
        if had is None or (had.help, had.unit) != (family.help, family.unit) or table.type is not family.type:
            if had is not None:
                table.leave(had.help, unit=had.unit)
            table.join(family.help, family.type, unit=family.unit)
        if table.series.specials or family.specials:
            _replace_specials(table.series.specials, had=had.keys if had else (), now=family.specials)
        if had is not None and had.keys == keys:
            keys = had.keys
        elif had is not None:
            for gone in set(had.keys).difference(keys):
                del table.series[gone]
        for key, lines in family.series.items():
            table.series[key] = lines
        return group_states.HeldFamily(family.help, landing, keys, family.size, family.unit)

    def _note_shape(
        self, group: group_states.Group, pushed: prepared_pushes.Prepared, split_body: body_templates.SplitBody | None
    ) -> None:
        """Find out what the body's shape is at its second push, since many groups have no second."""
        had, group.shape = group.shape, None
        last, group.digest = group.digest, b""
        if split_body is None or _has_specials(pushed):
            return
        group.digest = split_body.digest
        shape = self._shapes.get(group.digest)
        if shape is None and last == group.digest and had is None:
            shape = body_templates.learn(split_body)
        if shape is not None and shape.slots.keys() == pushed.keys():
            self._shapes[group.digest] = group.shape = shape

    def _drop(self, group: group_states.Group, names: Iterable[str]) -> None:
        for name in names:
            held = group.families.pop(name)
            self._size -= held.size
            self._take_out(name, held.help, held.keys, unit=held.unit)

    def _take_out(self, name: str, help_text: str | None, keys: Iterable[str], *, unit: str | None = None) -> None:
        table = self._tables[name]
        for key in keys:
            table.series.specials.pop(key, None)
            del table.series[key]
        table.leave(help_text, unit=unit)
        if not table.holders:
            del self._tables[name]
            del self._names[bisect.bisect_left(self._names, name)]

    def _add_table(self, name: str, type: families.MetricType) -> family_tables.FamilyTable:
        table = self._tables[name] = family_tables.FamilyTable(name, type)
        bisect.insort(self._names, name)
        return table


def _has_specials(pushed: prepared_pushes.Prepared) -> bool:
    return any(family.specials for family in pushed.values())


def _replace_specials(
    specials: dict[str, families.Metric], *, had: Iterable[str], now: Mapping[str, families.Metric]
) -> None:
    for key in had:
        specials.pop(key, None)
    specials.update(now)
