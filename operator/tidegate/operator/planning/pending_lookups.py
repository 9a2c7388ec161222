"""How long groups have been waiting for lookups at the API server."""

from __future__ import annotations

from collections.abc import Iterable

from tidegate.model import grouping
from tidegate.operator.planning import drain_planner


class PendingLookups:
    """The groups with pending lookups, and since when. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._since: dict[grouping.GroupingKey, float] = {}

    def update(self, decisions: Iterable[drain_planner.Decision], *, all_groups: bool, now: float) -> None:
        """Record the decisions of a plan.

        :param all_groups: whether these are the decisions about all groups.
        """
        previous = self._since
        if all_groups:
            self._since = {}
        for decision in decisions:
            if decision.verdict is drain_planner.Verdict.LOOKUP_PENDING:
                self._since[decision.key] = previous.get(decision.key, now)
            else:
                self._since.pop(decision.key, None)

    def longest_wait(self, *, now: float) -> float:
        """The longest wait of a group in seconds; 0.0 if none waits."""
        return max((now - since for since in self._since.values()), default=0.0)
