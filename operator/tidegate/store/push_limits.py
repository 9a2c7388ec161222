"""The limits of a push: of each series, of the push, of its group, and of all groups together."""

from __future__ import annotations

from collections.abc import Callable

from tidegate import settings
from tidegate.model import errors, families, grouping, limits, plurals

_NEW_GROUPS_UP_TO = 0.9
"""Fraction of ``--limit.series`` above which new groups are rejected, so that existing groups can still grow."""

_SHOWN_CHARACTERS = 40


def check_family_texts(family: families.Family, *, limit_settings: settings.LimitSettings) -> None:
    """Raise :class:`errors.LimitError` if the name, the help text or the unit of a family is too long."""
    _check_name(family.name, "metric name", limit_settings=limit_settings)
    if family.help is not None and len(family.help) > limit_settings.value_length:
        raise limit_error(
            limits.Limit.VALUE_LENGTH,
            f"the help text of {family.name} has {len(family.help)} characters, "
            f"the limit is {limit_settings.value_length}",
        )
    if family.unit is not None:
        _check_name(family.unit, "unit", limit_settings=limit_settings)


def check_labels(labels: families.Labels, *, limit_settings: settings.LimitSettings) -> None:
    """Raise :class:`errors.LimitError` if a series has too many labels, or a label that is too long."""
    if len(labels) > limit_settings.labels:
        reason = f"a series has {len(labels)} labels, the limit is {limit_settings.labels}"
        raise limit_error(limits.Limit.LABELS, reason)
    for name, value in labels:
        _check_name(name, "label name", limit_settings=limit_settings)
        if len(value) > limit_settings.value_length:
            raise limit_error(
                limits.Limit.VALUE_LENGTH,
                f"a value of the label {name} has {len(value)} characters, the limit is {limit_settings.value_length}",
            )


def limit_error(limit: limits.Limit, reason: str) -> errors.LimitError:
    """Return the error for a request over a limit; its text names the flag of the limit."""
    return errors.LimitError(f"{reason} ({limit.flag})", limit=limit)


class PushLimits:
    """The limits of each group, and of all groups together.

    :param is_memory_short: returns whether the process has little memory left.
    """

    def __init__(self, limit_settings: settings.LimitSettings, *, is_memory_short: Callable[[], bool]) -> None:
        self.settings = limit_settings
        self._is_memory_short = is_memory_short

    def check_new(self, key: grouping.GroupingKey, *, groups: int, series: int) -> None:
        """Raise :class:`errors.LimitError` if one more group is over a limit.

        :param groups: number of groups now.
        :param series: number of series of all groups now.
        """
        check_labels(key, limit_settings=self.settings)
        if groups >= self.settings.groups:
            reason = f"the gateway has {plurals.counted(groups, 'group')} already; new groups are rejected"
            raise limit_error(limits.Limit.GROUPS, reason)
        if series >= _NEW_GROUPS_UP_TO * self.settings.series:
            raise limit_error(
                limits.Limit.SERIES,
                f"the gateway has {series} of {self.settings.series} series already; new groups are rejected",
            )
        # SECURITY: without this check the kernel would kill the process, and all groups with it.
        if self._is_memory_short():
            raise limit_error(limits.Limit.MEMORY, "the gateway has little memory left; new groups are rejected")

    def check_size(self, *, before: int, after: int, series: int) -> None:
        """Raise :class:`errors.LimitError` if a push makes its group, or all groups together, too large.

        :param before: number of series of the group now.
        :param after: number of series of the group with the push.
        :param series: number of series of all groups now.
        """
        if after > self.settings.group_series:
            raise limit_error(
                limits.Limit.GROUP_SERIES,
                f"the group would have {after} series, the limit is {self.settings.group_series}",
            )
        if after > before and series - before + after > self.settings.series:
            raise limit_error(
                limits.Limit.SERIES,
                f"all groups would have {series - before + after} series, the limit is {self.settings.series}",
            )


def _check_name(name: str, what: str, *, limit_settings: settings.LimitSettings) -> None:
    if len(name) > limit_settings.name_length:
        raise limit_error(
            limits.Limit.NAME_LENGTH,
            f"the {what} {name[:_SHOWN_CHARACTERS]}... has {len(name)} characters, "
            f"the limit is {limit_settings.name_length}",
        )
