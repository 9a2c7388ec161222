"""Whether a push can stand beside the other groups, asked of the families it touches and of nothing else.

The rules are those of client_golang's registry, which Pushgateway asks on every push: one type a name, no series
twice, and no family whose name another family's histogram or summary uses for its parts.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping
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
"""Grouping keys that are tried at most to find the group of a series: all there can be of one with eleven labels."""


class _Other(NamedTuple):
    """A family that a push meets: its type, and where it is, for the message.

    :param group: the group that has it, if it is another one and could be found.
    """

    type: families.MetricType
    place: str
    group: grouping.GroupingKey | None = None


Meets = Callable[[str], _Other | None]
"""The family of this name that there is once the push has happened, ``None`` where there will be none."""


def check(
    pushed: Mapping[str, prepared_pushes.PreparedFamily],
    *,
    present: Mapping[str, family_tables.FamilyTable],
    own_types: Mapping[str, families.MetricType],
    had: Mapping[str, tuple[str, ...]],
    replace: bool,
    known: Mapping[grouping.GroupingKey, group_states.Group],
) -> None:
    """Raise :class:`errors.InconsistentPushError` where the push clashes with what the other groups have.

    :param present: the tables of all families, by name.
    :param own_types: the gateway's own metrics, which stand in the same exposition.
    :param had: the series keys that the group itself has now, by family; they make way for the push.
    :param replace: whether all of the group's families make way, or only those of the same names.
    :param known: all groups; looked at only to name one in a message.
    """
    for name, family in pushed.items():
        others = _type_among_others(name, present=present, own_types=own_types, had=had)
        if others is not None and others is not family.type:
            other = _other(name, others, present=present, had=had, known=known)
            raise _clash(_retyped(name, family.type, other), other.group)
        _check_series(name, family, table=present.get(name), had=had.get(name, ()), known=known)

    def meets(name: str) -> _Other | None:
        if name in pushed:
            return _Other(pushed[name].type, "this push")
        if name in had and not replace:
            return _Other(present[name].type, "this group, from a push before this one")
        others = _type_among_others(name, present=present, own_types=own_types, had=had)
        return None if others is None else _other(name, others, present=present, had=had, known=known)

    for name, family in pushed.items():
        _check_parts(name, family.type, meets=meets)


def holder(
    name: str, key: str, *, known: Mapping[grouping.GroupingKey, group_states.Group]
) -> grouping.GroupingKey | None:
    """The group that has this series.

    Its key is part of the labels of its series, so it is found by looking up such keys, those first that are a few of
    the labels or nearly all: so many at most, however many groups there are. ``None`` where it is none of them.
    """
    labels = metric_order.labels(key)
    job = [pair for pair in labels if pair[0] == "job"]
    rest = [pair for pair in labels if pair[0] != "job"]
    sizes = sorted(range(len(rest) + 1), key=lambda size: min(size, len(rest) - size))
    subsets = itertools.chain.from_iterable(itertools.combinations(rest, size) for size in sizes)
    for subset in itertools.islice(subsets, _CANDIDATES):
        candidate = grouping.GroupingKey(tuple(sorted([*job, *subset])))
        group = known.get(candidate)
        if group is not None and name in group.families and key in group.families[name].keys:
            return candidate
    return None


def _type_among_others(
    name: str,
    *,
    present: Mapping[str, family_tables.FamilyTable],
    own_types: Mapping[str, families.MetricType],
    had: Mapping[str, tuple[str, ...]],
) -> families.MetricType | None:
    table = present.get(name)
    if table is not None and table.holders > (1 if name in had else 0):
        return table.type
    return own_types.get(name)


def _other(
    name: str,
    type: families.MetricType,
    *,
    present: Mapping[str, family_tables.FamilyTable],
    had: Mapping[str, tuple[str, ...]],
    known: Mapping[grouping.GroupingKey, group_states.Group],
) -> _Other:
    """The family of another group, or of the gateway itself."""
    table = present.get(name)
    own = set(had.get(name, ()))
    key = None if table is None else next((key for key in table.series if key not in own), None)
    if key is None:
        return _Other(type, "the gateway's own metrics")
    group = holder(name, key, known=known)
    if group is None:
        # The times of pushes are of no family of a group, and of a series with very many labels it takes too long.
        labels = grouping.brief(grouping.GroupingKey(metric_order.labels(key)))
        return _Other(type, f"another group, which has the series {line_parser.named(name)}{labels},")
    return _Other(type, f"group {grouping.brief(group)}", group)


def _retyped(name: str, type: families.MetricType, other: _Other) -> str:
    shown, word = line_parser.named(name), families.WORDS[other.type]
    line = "" if other.type is families.MetricType.GAUGE_HISTOGRAM else f' with "# TYPE {shown} {other.type.value}"'
    remedy = f"push it as {word}{line}, or under another name"
    return f"{shown} is pushed as {families.WORDS[type]}, but in {other.place} it is {word}; {remedy}"


def _clash(reason: str, group: grouping.GroupingKey | None) -> errors.InconsistentPushError:
    return errors.InconsistentPushError(reason, group=group)


def _check_series(
    name: str,
    family: prepared_pushes.PreparedFamily,
    *,
    table: family_tables.FamilyTable | None,
    had: Collection[str],
    known: Mapping[grouping.GroupingKey, group_states.Group],
) -> None:
    if table is None or tuple(family.series) == had:
        return
    own = set(had)
    for key in family.series:
        if key not in own and key in table.series:
            group = holder(name, key, known=known)
            place = "another group" if group is None else f"group {grouping.brief(group)}"
            labels = grouping.brief(grouping.GroupingKey(metric_order.labels(key)))
            raise _clash(
                f"the series {line_parser.named(name)}{labels} is in {place} already; push other labels", group
            )


def _check_parts(name: str, type: families.MetricType, *, meets: Meets) -> None:
    shown = line_parser.named(name)
    for suffix in _PART_SUFFIXES.get(type, ()):
        other = meets(name + suffix)
        if other is not None:
            raise _clash(
                f"{shown} is pushed as {families.WORDS[type]}, which has series {line_parser.named(name + suffix)}, "
                f"but that is the name of a family in {other.place}; rename one of them",
                other.group,
            )
    for suffix in ("_count", "_sum", "_bucket"):
        whole = meets(name.removesuffix(suffix)) if name.endswith(suffix) else None
        if whole is not None and suffix in _PART_SUFFIXES.get(whole.type, ()):
            raise _clash(
                f"{shown} is the name of a part of {line_parser.named(name.removesuffix(suffix))}, which is "
                f"{families.WORDS[whole.type]} in {whole.place}; rename one of them",
                whole.group,
            )
