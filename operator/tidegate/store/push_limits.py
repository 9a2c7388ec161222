"""How much may be pushed: to a series, in one push, to a group, to all of them."""

from __future__ import annotations

from collections.abc import Callable

from tidegate import settings
from tidegate.model import errors, families, grouping, limits, plurals

_NEAR = 0.9
"""The part of ``--limit.series`` from which groups that there are may still grow and new ones are refused."""


def check_words(family: families.Family, *, chosen: settings.LimitSettings) -> None:
    """Raise :class:`errors.LimitError` where a family's name, help text or unit is too long."""
    _check_name(family.name, "metric name", chosen=chosen)
    if family.help is not None and len(family.help) > chosen.value_length:
        raise over(
            limits.Limit.VALUE_LENGTH,
            f"the help text of {family.name} has {len(family.help)} characters, the limit is {chosen.value_length}",
        )
    if family.unit is not None:
        _check_name(family.unit, "unit", chosen=chosen)


def check_labels(labels: families.Labels, *, chosen: settings.LimitSettings) -> None:
    """Raise :class:`errors.LimitError` where a series has too many labels, or too long ones."""
    if len(labels) > chosen.labels:
        raise over(limits.Limit.LABELS, f"a series has {len(labels)} labels, the limit is {chosen.labels}")
    for name, value in labels:
        _check_name(name, "label name", chosen=chosen)
        if len(value) > chosen.value_length:
            raise over(
                limits.Limit.VALUE_LENGTH,
                f"a value of the label {name} has {len(value)} characters, the limit is {chosen.value_length}",
            )


def over(limit: limits.Limit, reason: str) -> errors.LimitError:
    """The error that says so, and the flag that changes it."""
    return errors.LimitError(f"{reason} ({limit.flag})", limit=limit)


class Bounds:
    """What the groups may have, each and together.

    :param is_memory_short: whether the process has little memory left.
    """

    def __init__(self, chosen: settings.LimitSettings, *, is_memory_short: Callable[[], bool]) -> None:
        self.chosen = chosen
        self._is_memory_short = is_memory_short

    def check_new(self, key: grouping.GroupingKey, *, groups: int, series: int) -> None:
        """Raise :class:`errors.LimitError` where there is no place for one group more.

        :param groups: how many there are; ``series`` likewise, of all.
        """
        check_labels(key, chosen=self.chosen)
        if groups >= self.chosen.groups:
            raise over(limits.Limit.GROUPS, f"{plurals.counted(groups, 'group')} already there, so no new one is taken")
        if series >= _NEAR * self.chosen.series:
            raise over(
                limits.Limit.SERIES,
                f"there are {series} of {self.chosen.series} series already, so no new group is taken",
            )
        # SECURITY: near the end the kernel would end the process, and with it all groups.
        if self._is_memory_short():
            raise over(limits.Limit.MEMORY, "little memory is left, so no new group is taken")

    def check_size(self, *, before: int, after: int, series: int) -> None:
        """Raise :class:`errors.LimitError` where a push makes a group, or all of them, too large.

        :param before: series of the group; ``after``: once it has the push.
        :param series: of all groups, now.
        """
        if after > self.chosen.group_series:
            raise over(
                limits.Limit.GROUP_SERIES,
                f"the group would have {after} series, the limit is {self.chosen.group_series}",
            )
        if after > before and series - before + after > self.chosen.series:
            raise over(
                limits.Limit.SERIES,
                f"all groups would have {series - before + after} series, the limit is {self.chosen.series}",
            )


def _check_name(name: str, what: str, *, chosen: settings.LimitSettings) -> None:
    if len(name) > chosen.name_length:
        shown = f"{name[:40]}..."
        raise over(
            limits.Limit.NAME_LENGTH,
            f"the {what} {shown} has {len(name)} characters, the limit is {chosen.name_length}",
        )
