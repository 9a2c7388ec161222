"""The index of the series of all groups: by group, and by family.

Only this module changes the family tables, so that groups and tables always agree.
"""

from __future__ import annotations

import bisect
import collections
import weakref
from collections.abc import Iterable, Mapping

from tidegate.exposition import encoders, rendered_series
from tidegate.exposition.text import metric_order, numbers, repeated_bodies
from tidegate.model import errors, families, grouping
from tidegate.store import group_states, interface, prepared_pushes
from tidegate.store.series import bulk_load, consistency, family_tables

_OWN_HELP = {
    interface.PUSH_TIME: interface.PUSH_TIME_HELP,
    interface.PUSH_FAILURE_TIME: interface.PUSH_FAILURE_TIME_HELP,
}


class SeriesIndex:
    """The family tables, sorted by name, and the operations that keep them consistent with the groups.

    :param own_types: types of the families that the gateway itself exposes, by name.
    """

    def __init__(self, *, own_types: Mapping[str, families.MetricType]) -> None:
        self._own_types = own_types
        self._tables: dict[str, family_tables.FamilyTable] = {}
        self._names: list[str] = []
        self._unsettled: collections.OrderedDict[group_states.Group, None] = collections.OrderedDict()
        self._size = 0
        self._templates: weakref.WeakValueDictionary[bytes, repeated_bodies.Template] = weakref.WeakValueDictionary()

    @property
    def size(self) -> int:
        """Number of series of all groups as Prometheus counts them, without the push times that the store adds."""
        return self._size

    def sizes(
        self, group: group_states.Group | None, pushed: prepared_pushes.PreparedPush, *, replace: bool
    ) -> tuple[int, int]:
        """Return the number of series of a group now, and with this push."""
        present = group.families if group is not None else {}
        before = sum(entry.size for entry in present.values())
        staying = 0 if replace else sum(entry.size for name, entry in present.items() if name not in pushed)
        return before, staying + sum(family.size for family in pushed.values())

    def check(
        self,
        group: group_states.Group | None,
        pushed: prepared_pushes.PreparedPush,
        *,
        replace: bool,
        groups: Mapping[grouping.GroupingKey, group_states.Group],
    ) -> None:
        """Raise :class:`errors.InconsistentPushError` if a push to this group contradicts the other groups.

        :param groups: all groups, so that the error can name one.
        """
        tables = consistency.Tables(
            self._tables,
            own_types=self._own_types,
            group_keys={name: entry.keys for name, entry in group.families.items()} if group else {},
            groups=groups,
        )
        consistency.check(pushed, tables=tables, replace=replace)

    def check_times(self, key: grouping.GroupingKey) -> None:
        """Raise :class:`errors.InconsistentPushError` if the push times of a new group are series of another group.

        That is so if the two grouping keys differ only by an empty ``instance``.
        """
        table = self._tables.get(interface.PUSH_TIME)
        if table is not None and metric_order.series_key(prepared_pushes.with_grouping_labels(key, ())) in table.series:
            empty = ("instance", "")
            other = grouping.GroupingKey(tuple(sorted({*key} ^ {empty})))
            raise errors.InconsistentPushError(
                f"group {grouping.brief(key)} differs from group {grouping.brief(other)} only by an empty instance, "
                f"which Prometheus cannot tell apart; push to that group, or under another instance",
                group=other,
            )

    def put(
        self,
        group: group_states.Group,
        pushed: prepared_pushes.PreparedPush,
        *,
        replace: bool,
        at: float,
        pusher: str | None = None,
        split_body: repeated_bodies.SplitBody | None = None,
    ) -> None:
        """Put families into a group. They replace all its families (``replace``), or those with equal names.

        :param at: Unix seconds of the push.
        :param pusher: the address that it came from.
        :param split_body: the body that the families were parsed from, if the next push may be like it.
        """
        self._render_values(group)
        if replace:
            self._drop(group, [name for name in group.families if name not in pushed])
        group.origin = group_states.PushOrigin(at, pusher or "")
        shared: dict[tuple[str | None, tuple[str, ...], int, str | None], group_states.FamilyEntry] = {}
        for name, family in pushed.items():
            previous = group.families.get(name)
            entry = self._put_family(name, family, previous=previous, origin=group.origin)
            self._size += entry.size - (previous.size if previous is not None else 0)
            # All groups share the name string of the table, to save memory.
            group.families[self._tables[name].name] = shared.setdefault(
                (entry.help, entry.keys, entry.size, entry.unit), entry
            )
        self._learn_template(group, pushed, split_body)

    def repeat(
        self,
        group: group_states.Group,
        split_body: repeated_bodies.SplitBody,
        *,
        replace: bool,
        at: float,
        pusher: str | None = None,
    ) -> bool:
        """Put a push into a group if it differs from the group's previous push only in its values.

        Such a push needs no checks: they passed for the previous push, and no other group can have taken the series
        since. The lines are rendered when they are read (:meth:`settle`).

        :returns: ``False`` if it is not such a push; then nothing was changed.
        """
        template, origin = group.template, group.origin
        if template is None or origin is None:
            return False
        if replace and len(group.families) > len(template.slots):
            return False  # The group has families from earlier pushes that must be removed.
        values = template.values(split_body)
        if values is None:
            return False
        group.values = values
        origin.at, origin.pusher = at, pusher or ""
        return True

    def stored_pushes(
        self, group: group_states.Group, known: prepared_pushes.PreparedPush
    ) -> list[prepared_pushes.StoredPush]:
        """Return the families of a group by the push that brought them, oldest push first, for :meth:`insert`.

        :param known: the families of the latest push; families that are not in it are read from the tables.
        """
        self._render_values(group)
        slots = group.template.slots if group.template is not None else {}
        pushes: dict[int, prepared_pushes.StoredPush] = {}
        for name, entry in group.families.items():
            push = pushes.setdefault(
                id(entry.origin), prepared_pushes.StoredPush(entry.origin.at, [], entry.origin.pusher)
            )
            family = known[name] if name in known else self._prepared(name, entry)
            lines = tuple(family.series.values())
            family_slots = slots.get(name) if entry.origin is group.origin else None
            push.families.append(
                prepared_pushes.StoredFamily(
                    name, family.type, entry.help, entry.keys, lines, family_slots, family.specials, entry.unit
                )
            )
        return list(pushes.values())

    def insert(self, group: group_states.Group, pushes: Iterable[prepared_pushes.StoredPush]) -> None:
        """Add an empty group with these pushes, which are known to be consistent with all other groups."""
        for push in pushes:
            pushed = {family.name: family.prepared() for family in push.families}
            self.put(group, pushed, replace=False, at=push.at, pusher=push.pusher)
        self.stamp(group)

    def load(self, restored: Iterable[tuple[group_states.Group, Iterable[prepared_pushes.StoredPush]]]) -> None:
        """Insert many groups at once into an empty index, which is many times faster than :meth:`insert`."""
        loader = bulk_load.Loader(self._add_table)
        for group, pushes in restored:
            for push in pushes:
                loader.add(group, push)
            times = {interface.PUSH_TIME: group.push_time, interface.PUSH_FAILURE_TIME: group.push_failure_time}
            for name, family in prepared_pushes.prepare_times(group.key, times, helps=_OWN_HELP):
                group.times_key = loader.add_time(name, family)
        loader.finish()
        self._size = loader.size

    def stamp(self, group: group_states.Group) -> None:
        """Show the push times of a group as the series that Pushgateway adds to every group."""
        if group.times_key:
            self._unsettled.setdefault(group)
        else:
            self._render_times(group)

    @property
    def unsettled(self) -> int:
        """Number of groups with lines that are not rendered yet."""
        return len(self._unsettled)

    def settle(self, *, most: int, values: int) -> int:
        """Render the lines of at most ``most`` groups, longest waiting first. Return their number.

        :param values: stop after about so many values, since some groups have thousands.
        """
        settled = 0
        while self._unsettled and settled < most and values > 0:
            group, _ = self._unsettled.popitem(last=False)
            settled, values = settled + 1, values - len(group.values or ())
            self._settle(group)
        if not self._unsettled:
            self._unsettled.clear()  # Otherwise it keeps the memory of its largest size.
        return settled

    def remove(self, group: group_states.Group) -> None:
        """Remove all series of a group from the tables."""
        self._unsettled.pop(group, None)
        self._drop(group, list(group.families))
        for name, help_text in _OWN_HELP.items():
            self._remove_series(name, help_text, (group.times_key,))

    def render(self) -> list[encoders.RenderedFamily]:
        """Return all families, sorted by name, without the values that are not rendered yet."""
        return [self._tables[name].render() for name in self._names]

    def view(self, group: group_states.Group) -> interface.GroupView:
        """Return a group with the rendered lines of its series."""
        if group in self._unsettled:
            del self._unsettled[group]
            self._settle(group)
        origin = group_states.PushOrigin(max(group.push_time, group.push_failure_time))
        times = {
            name: group_states.FamilyEntry(text, origin, (group.times_key,), 1) for name, text in _OWN_HELP.items()
        }
        return interface.GroupView(
            key=group.key,
            life=group.life,
            push_time=group.push_time,
            push_failure_time=group.push_failure_time,
            families={name: self._view_family(name, entry) for name, entry in {**group.families, **times}.items()},
        )

    def _prepared(self, name: str, entry: group_states.FamilyEntry) -> prepared_pushes.PreparedFamily:
        table = self._tables[name]
        series = {key: table.series[key] for key in entry.keys}
        all_specials = table.series.specials
        specials = {key: all_specials[key] for key in series if key in all_specials}
        return prepared_pushes.PreparedFamily(table.type, entry.help, series, specials, entry.size, entry.unit)

    def _view_family(self, name: str, entry: group_states.FamilyEntry) -> interface.GroupFamily:
        table = self._tables[name]
        page = rendered_series.join([(table.series[key], table.series.specials.get(key)) for key in entry.keys])
        return interface.GroupFamily(type=table.type, help=entry.help, pushed_at=entry.origin.at, page=page)

    def _settle(self, group: group_states.Group) -> None:
        self._render_values(group)
        self._render_times(group)

    def _render_values(self, group: group_states.Group) -> None:
        if group.values is None or group.template is None:
            return
        rendered = repeated_bodies.format_values(group.values)
        group.values = None
        for name, series in group.template.slots.items():
            table = self._tables[name].series
            for key, slots in zip(group.families[name].keys, series, strict=True):
                table.renumber(key, [rendered[slot] for slot in slots])

    def _render_times(self, group: group_states.Group) -> None:
        times = {interface.PUSH_TIME: group.push_time, interface.PUSH_FAILURE_TIME: group.push_failure_time}
        key = group.times_key
        if key and key not in self._tables[interface.PUSH_TIME].series.specials:
            for name, value in times.items():
                self._tables[name].series.renumber(key, [numbers.format_float(value).encode()])
            return
        previous = (
            {
                name: group_states.FamilyEntry(text, group_states.PushOrigin(0.0), (key,), 1)
                for name, text in _OWN_HELP.items()
            }
            if key
            else {}
        )
        for name, family in prepared_pushes.prepare_times(group.key, times, helps=_OWN_HELP):
            self._put_family(name, family, previous=previous.get(name), origin=group_states.PushOrigin(0.0))
            (group.times_key,) = family.series

    def _put_family(
        self,
        name: str,
        family: prepared_pushes.PreparedFamily,
        *,
        previous: group_states.FamilyEntry | None,
        origin: group_states.PushOrigin,
    ) -> group_states.FamilyEntry:
        table = self._tables.get(name) or self._add_table(name, family.type)
        keys = tuple(family.series)
        if (
            previous is None
            or (previous.help, previous.unit) != (family.help, family.unit)
            or table.type is not family.type
        ):
            if previous is not None:
                table.leave(previous.help, unit=previous.unit)
            table.join(family.help, family.type, unit=family.unit)
        if table.series.specials or family.specials:
            _replace_specials(table.series.specials, before=previous.keys if previous else (), after=family.specials)
        if previous is not None and previous.keys == keys:
            keys = previous.keys
        elif previous is not None:
            for key in set(previous.keys).difference(keys):
                del table.series[key]
        for key, lines in family.series.items():
            table.series[key] = lines
        return group_states.FamilyEntry(family.help, origin, keys, family.size, family.unit)

    def _learn_template(
        self,
        group: group_states.Group,
        pushed: prepared_pushes.PreparedPush,
        split_body: repeated_bodies.SplitBody | None,
    ) -> None:
        """Learn the template of a body at its second push, since many groups are pushed once."""
        previous, group.template = group.template, None
        previous_digest, group.digest = group.digest, b""
        if split_body is None or _has_specials(pushed):
            return
        group.digest = split_body.digest
        template = self._templates.get(group.digest)
        if template is None and previous_digest == group.digest and previous is None:
            template = repeated_bodies.learn(split_body)
        if template is not None and template.slots.keys() == pushed.keys():
            self._templates[group.digest] = group.template = template

    def _drop(self, group: group_states.Group, names: Iterable[str]) -> None:
        for name in names:
            entry = group.families.pop(name)
            self._size -= entry.size
            self._remove_series(name, entry.help, entry.keys, unit=entry.unit)

    def _remove_series(self, name: str, help_text: str | None, keys: Iterable[str], *, unit: str | None = None) -> None:
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


def _has_specials(pushed: prepared_pushes.PreparedPush) -> bool:
    return any(family.specials for family in pushed.values())


def _replace_specials(
    specials: dict[str, families.Metric], *, before: Iterable[str], after: Mapping[str, families.Metric]
) -> None:
    for key in before:
        specials.pop(key, None)
    specials.update(after)
