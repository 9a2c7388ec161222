"""Check a push against the other groups. The cost follows the families of the push, not the number of groups.

The rules are those of client_golang's registry, which Pushgateway applies to every push: one type for each name, no
duplicate series, and no family with the name of a part (``_sum``, ``_count``, ``_bucket``) of another family.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tidegate.exposition.text import line_parser, metric_order
from tidegate.model import errors, families, grouping
from tidegate.store import group_states, prepared_pushes
from tidegate.store.series import family_tables

_PART_SUFFIXES: Mapping[families.MetricType, tuple[str, ...]] = {
    families.MetricType.SUMMARY: ("_count", "_sum"),
    **dict.fromkeys(families.HISTOGRAMS, ("_count", "_sum", "_bucket")),
}
_CANDIDATES = 1024
"""Maximum number of grouping keys that are looked up to find the group of a series: all keys for eleven labels."""


class Tables(NamedTuple):
    """The families that a push can contradict.

    :param by_name: the tables of all families, by name.
    :param own_types: the types of the gateway's own metrics, which are in the same exposition.
    :param group_keys: the series keys that the group of the push has now, by family; the push replaces them.
    :param groups: all groups; used only to name one in an error.
    """

    by_name: Mapping[str, family_tables.FamilyTable]
    own_types: Mapping[str, families.MetricType]
    group_keys: Mapping[str, tuple[str, ...]]
    groups: Mapping[grouping.GroupingKey, group_states.Group]

    def type_elsewhere(self, name: str) -> families.MetricType | None:
        """Return the type of a family in other groups, or of the gateway's own; ``None`` if there is none."""
        table = self.by_name.get(name)
        if table is not None and table.holders > (1 if name in self.group_keys else 0):
            return table.type
        return self.own_types.get(name)

    def conflict(self, name: str, type: families.MetricType) -> _Conflict:
        """Return the family of another group, or of the gateway itself, for an error."""
        table = self.by_name.get(name)
        own = set(self.group_keys.get(name, ()))
        key = None if table is None else next((key for key in table.series if key not in own), None)
        if key is None:
            return _Conflict(type, "the gateway's own metrics")
        group = holder(name, key, groups=self.groups)
        if group is None:
            # No group has the push times as a family, and a series with very many labels takes too long to look up.
            labels = grouping.brief(grouping.GroupingKey(metric_order.labels(key)))
            return _Conflict(type, f"another group, which has the series {line_parser.named(name)}{labels},")
        return _Conflict(type, f"group {grouping.brief(group)}", group)


class _Conflict(NamedTuple):
    """A family that a push contradicts.

    :param place: where the family is, for the error.
    :param group: the group that has it, if that is another group and was found.
    """

    type: families.MetricType
    place: str
    group: grouping.GroupingKey | None = None


_FindFamily = Callable[[str], _Conflict | None]
"""Returns the family with a name as it will be after the push, ``None`` if there is none."""


def check(pushed: Mapping[str, prepared_pushes.PreparedFamily], *, tables: Tables, replace: bool) -> None:
    """Raise :class:`errors.InconsistentPushError` if a push contradicts the other groups.

    :param replace: whether the push replaces all families of its group, or only those with equal names.
    """
    for name, family in pushed.items():
        type_elsewhere = tables.type_elsewhere(name)
        if type_elsewhere is not None and type_elsewhere is not family.type:
            conflict = tables.conflict(name, type_elsewhere)
            raise _error(_type_conflict(name, family.type, conflict), conflict.group)
        _check_series(name, family, tables=tables)

    def find(name: str) -> _Conflict | None:
        if name in pushed:
            return _Conflict(pushed[name].type, "this push")
        if name in tables.group_keys and not replace:
            return _Conflict(tables.by_name[name].type, "this group, from an earlier push")
        type_elsewhere = tables.type_elsewhere(name)
        return None if type_elsewhere is None else tables.conflict(name, type_elsewhere)

    for name, family in pushed.items():
        _check_parts(name, family.type, find=find)


def holder(
    name: str, key: str, *, groups: Mapping[grouping.GroupingKey, group_states.Group]
) -> grouping.GroupingKey | None:
    """Find the group that has a series; ``None`` if it is not found.

    The grouping key is a subset of the labels of the series, so the subsets are looked up: those with few labels and
    those with nearly all labels first, and a limited number of them, however many groups there are.
    """
    labels = metric_order.labels(key)
    job = [pair for pair in labels if pair[0] == "job"]
    rest = [pair for pair in labels if pair[0] != "job"]
    sizes = sorted(range(len(rest) + 1), key=lambda size: min(size, len(rest) - size))
    subsets = itertools.chain.from_iterable(itertools.combinations(rest, size) for size in sizes)
    for subset in itertools.islice(subsets, _CANDIDATES):
        candidate = grouping.GroupingKey(tuple(sorted([*job, *subset])))
        group = groups.get(candidate)
        if group is not None and name in group.families and key in group.families[name].keys:
            return candidate
    return None


def _type_conflict(name: str, type: families.MetricType, other: _Conflict) -> str:
    shown, word = line_parser.named(name), families.WORDS[other.type]
    line = "" if other.type is families.MetricType.GAUGE_HISTOGRAM else f' with "# TYPE {shown} {other.type.value}"'
    remedy = f"push it as {word}{line}, or under another name"
    return f"{shown} is pushed as {families.WORDS[type]}, but in {other.place} it is {word}; {remedy}"


def _error(reason: str, group: grouping.GroupingKey | None) -> errors.InconsistentPushError:
    return errors.InconsistentPushError(reason, group=group)


def _check_series(name: str, family: prepared_pushes.PreparedFamily, *, tables: Tables) -> None:
    table, own_keys = tables.by_name.get(name), tables.group_keys.get(name, ())
    if table is None or tuple(family.series) == own_keys:
        return
    own = set(own_keys)
    for key in family.series:
        if key not in own and key in table.series:
            group = holder(name, key, groups=tables.groups)
            place = "another group" if group is None else f"group {grouping.brief(group)}"
            labels = grouping.brief(grouping.GroupingKey(metric_order.labels(key)))
            raise _error(
                f"the series {line_parser.named(name)}{labels} is already in {place}; push it with other labels", group
            )


def _check_parts(name: str, type: families.MetricType, *, find: _FindFamily) -> None:
    shown = line_parser.named(name)
    for suffix in _PART_SUFFIXES.get(type, ()):
        other = find(name + suffix)
        if other is not None:
            raise _error(
                f"{shown} is pushed as {families.WORDS[type]}, which has series {line_parser.named(name + suffix)}, "
                f"but that is the name of a family in {other.place}; rename one of them",
                other.group,
            )
    for suffix in ("_count", "_sum", "_bucket"):
        whole = find(name.removesuffix(suffix)) if name.endswith(suffix) else None
        if whole is not None and suffix in _PART_SUFFIXES.get(whole.type, ()):
            raise _error(
                f"{shown} is the name of a part of {line_parser.named(name.removesuffix(suffix))}, which is "
                f"{families.WORDS[whole.type]} in {whole.place}; rename one of them",
                whole.group,
            )
