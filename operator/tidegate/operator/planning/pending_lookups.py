"""Since when each group waits for what the API server is asked about it."""

from __future__ import annotations

from collections.abc import Iterable

from tidegate.model import grouping
from tidegate.operator.planning import planner


class Askings:
    """The groups that are not decided, each since when. Times are seconds on the steady clock."""

    def __init__(self) -> None:
        self._since: dict[grouping.GroupingKey, float] = {}

    def decided(self, decisions: Iterable[planner.Decision], *, all_groups: bool, now: float) -> None:
        """These groups were planned.

        :param all_groups: whether there are no others.
        """
        before = self._since
        if all_groups:
            self._since = {}
        for one in decisions:
            if one.verdict is planner.Verdict.ASKING:
                self._since[one.key] = before.get(one.key, now)
            else:
                self._since.pop(one.key, None)

    def longest(self, *, now: float) -> float:
        """For how long the group waits that has waited longest, 0.0 where none does."""
        return max((now - since for since in self._since.values()), default=0.0)
