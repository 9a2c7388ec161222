"""What stands between a plan and the gateway: the dry run, which lets nothing through, and the breaker."""

from __future__ import annotations

import logging

from tidegate import settings
from tidegate.model import control_api, grouping
from tidegate.operator import operator_metrics
from tidegate.operator.explain import notifications
from tidegate.operator.planning import circuit_breaker, planner

_logger = logging.getLogger(__name__)


class Gate:
    """Lets through what may be done of a plan."""

    def __init__(
        self, *, chosen: settings.WorkerSettings, own: operator_metrics.OperatorMetrics, told: notifications.Notifier
    ) -> None:
        self._dry_run = chosen.dry_run
        self._most = chosen.most_retired
        self._breaker = circuit_breaker.Breaker(most=chosen.most_retired, cycle=chosen.resync_seconds)
        self._metrics = own
        self._notices = told
        self._told: dict[grouping.GroupingKey, int] = {}

    def permitted(self, plan: planner.Plan, *, listed: float, now: float) -> list[control_api.Action]:
        """The actions to be done now; what is held back is planned again with the next list.

        :param listed: when the last complete list of all objects began, in steady seconds; ``now`` likewise.
        """
        if self._dry_run:
            self._tell(plan)
            return []
        retiring = [decision for decision in plan.decisions if _retires(decision)]
        was_tripped = self._breaker.is_tripped
        admitted = self._breaker.admit(len(retiring), listed=listed, now=now)
        held = {decision.key for decision in retiring[admitted:]}
        self._metrics.held_back.set(len(held))
        self._metrics.breaker_tripped.set(self._breaker.is_tripped)
        if self._breaker.is_tripped and not was_tripped:
            _logger.error(
                "the breaker has tripped: %d groups are to be retired at once, and --breaker.limit is %d; nothing is "
                "until the next list of all objects says the same, and then %d a resync period",
                len(retiring),
                self._most,
                self._most,
            )
            self._notices.breaker_tripped(len(retiring), limit=self._most)
        elif was_tripped and not self._breaker.is_tripped:
            _logger.info("the breaker is closed again")
        return [action for decision in plan.decisions if decision.key not in held for action in decision.actions]

    def hold(self, decision: planner.Decision) -> planner.Hold | None:
        """What keeps this group from being retired that is to be; ``None`` where nothing does."""
        if not _retires(decision):
            return None
        if self._dry_run:
            return planner.Hold.DRY_RUN
        return planner.Hold.BREAKER if self._breaker.is_tripped else None

    def _tell(self, plan: planner.Plan) -> None:
        """Log once for each push of a group that it would be retired now."""
        for decision in plan.decisions:
            for action in decision.actions:
                self._metrics.would_act(action)
            revision = decision.record.pushed_revision
            if _retires(decision) and self._told.get(decision.key) != revision:
                self._told[decision.key] = revision
                _logger.info("dry run: would retire a group", extra={"fields": fields(decision)})
        if len(self._told) > 2 * len(plan.decisions):
            self._told = {one.key: self._told[one.key] for one in plan.decisions if one.key in self._told}


def fields(decision: planner.Decision) -> dict[str, str]:
    """What a line of the log says of a decision."""
    return {
        "group": grouping.describe(decision.key),
        "owners": ", ".join(str(holder.owner) for holder in decision.owners),
        "rule": decision.rule,
        "verdict": decision.verdict.value,
    }


def _retires(decision: planner.Decision) -> bool:
    """Whether it begins a group's end; one that drains has had its turn."""
    return not decision.record.draining and any(
        isinstance(action, control_api.RetireGroup) for action in decision.actions
    )
