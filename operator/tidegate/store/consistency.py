"""Whether a push can stand beside the other groups, asked of the families it touches and of nothing else.

The rules are those of client_golang's registry, which Pushgateway asks on every push: one type a name, no series
twice, and no family whose name another family's histogram or summary uses for its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tidegate.model import errors, families
from tidegate.store import pushes, tables

_PART_SUFFIXES: Mapping[families.MetricType, tuple[str, ...]] = {
    families.MetricType.SUMMARY: ("_count", "_sum"),
    **dict.fromkeys(families.HISTOGRAMS, ("_count", "_sum", "_bucket")),
}

TypeOf = Callable[[str], families.MetricType | None]
"""The type of the family of this name once the push has happened, ``None`` where there will be none."""


def check(
    pushed: Mapping[str, pushes.PreparedFamily],
    *,
    present: Mapping[str, tables.FamilyTable],
    own_types: Mapping[str, families.MetricType],
    had: Mapping[str, tuple[str, ...]],
    replace: bool,
) -> None:
    """Raise :class:`errors.InconsistentPushError` where the push clashes with what the other groups have.

    :param present: the tables of all families, by name.
    :param own_types: the gateway's own metrics, which stand in the same exposition.
    :param had: the series keys that the group itself has now, by family; they make way for the push.
    :param replace: whether all of the group's families make way, or only those of the same names.
    """
    for name, family in pushed.items():
        others = _type_among_others(name, present=present, own_types=own_types, had=had)
        if others is not None and others is not family.type:
            raise errors.InconsistentPushError(
                f"{name} is pushed as {family.type.value} but is a {others.value} in other groups; "
                f"delete those or rename this one"
            )
        _check_series(name, family, table=present.get(name), had=had.get(name, ()))

    def type_after(name: str) -> families.MetricType | None:
        if name in pushed:
            return pushed[name].type
        if name in had and not replace:
            return present[name].type
        return _type_among_others(name, present=present, own_types=own_types, had=had)

    for name, family in pushed.items():
        _check_parts(name, family.type, type_after=type_after)


def _type_among_others(
    name: str,
    *,
    present: Mapping[str, tables.FamilyTable],
    own_types: Mapping[str, families.MetricType],
    had: Mapping[str, tuple[str, ...]],
) -> families.MetricType | None:
    table = present.get(name)
    if table is not None and table.holders > (1 if name in had else 0):
        return table.type
    return own_types.get(name)


def _check_series(
    name: str, family: pushes.PreparedFamily, *, table: tables.FamilyTable | None, had: tuple[str, ...]
) -> None:
    if table is None or tuple(family.series) == had:
        return
    own = set(had)
    for key, lines in family.series.items():
        if key not in own and key in table.series:
            line = lines.split(b"\n", 1)[0].rpartition(b" ")[0].decode()
            raise errors.InconsistentPushError(f"another group already has the series {line} of {name}")


def _check_parts(name: str, type: families.MetricType, *, type_after: TypeOf) -> None:
    for suffix in _PART_SUFFIXES.get(type, ()):
        if type_after(name + suffix) is not None:
            raise errors.InconsistentPushError(
                f"{name} is pushed as {type.value}, which has series {name}{suffix}, but there is a family of that name"
            )
    for suffix in ("_count", "_sum", "_bucket"):
        whole = type_after(name.removesuffix(suffix)) if name.endswith(suffix) else None
        if whole is not None and suffix in _PART_SUFFIXES.get(whole, ()):
            raise errors.InconsistentPushError(
                f"{name} is the name of a part of the {whole.value} {name.removesuffix(suffix)}; rename one of them"
            )
