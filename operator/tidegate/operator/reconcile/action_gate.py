"""What stands between a plan and the gateway: the dry run, which lets nothing through, and the breaker."""

from __future__ import annotations

import logging

from tidegate import settings
from tidegate.model import control_api, grouping
from tidegate.operator import operator_metrics
from tidegate.operator.explain import notifications
from tidegate.operator.planning import circuit_breaker, planner

_logger = logging.getLogger(__name__)


class ActionGate:
    """Lets through what may be done of a plan."""

    def __init__(
        self,
        *,
        worker_settings: settings.WorkerSettings,
        metrics: operator_metrics.OperatorMetrics,
        notifier: notifications.Notifier,
    ) -> None:
        self._dry_run = worker_settings.dry_run
        self._limit = worker_settings.most_retired
        self._breaker = circuit_breaker.CircuitBreaker(
            limit=worker_settings.most_retired, cycle=worker_settings.resync_seconds
        )
        self._metrics = metrics
        self._notifier = notifier
        self._logged: dict[grouping.GroupingKey, int] = {}

    def permit(self, plan: planner.Plan, *, last_list_started: float, now: float) -> list[control_api.Action]:
        """The actions to be done now; what is held back is planned again with the next list.

        :param listed: when the last complete list of all objects began, in monotonic seconds; ``now`` likewise.
        """
        if self._dry_run:
            self._log_dry_run(plan)
            return []
        retiring = [decision for decision in plan.decisions if _starts_draining(decision)]
        was_tripped = self._breaker.is_tripped
        admitted = self._breaker.admit(len(retiring), last_list_started=last_list_started, now=now)
        held = {decision.key for decision in retiring[admitted:]}
        self._metrics.groups_held_back.set(len(held))
        self._metrics.breaker_tripped.set(self._breaker.is_tripped)
        if self._breaker.is_tripped and not was_tripped:
            _logger.error(
                "the breaker has tripped: %d groups are to be retired at once, and --breaker.limit is %d; nothing is "
                "until the next list of all objects says the same, and then %d a resync period",
                len(retiring),
                self._limit,
                self._limit,
            )
            self._notifier.breaker_tripped(len(retiring), limit=self._limit)
        elif was_tripped and not self._breaker.is_tripped:
            _logger.info("the breaker is closed again")
        return [action for decision in plan.decisions if decision.key not in held for action in decision.actions]

    def hold_reason(self, decision: planner.Decision) -> planner.Hold | None:
        """What keeps this group from being retired that is to be; ``None`` where nothing does."""
        if not _starts_draining(decision):
            return None
        if self._dry_run:
            return planner.Hold.DRY_RUN
        return planner.Hold.BREAKER if self._breaker.is_tripped else None

    def _log_dry_run(self, plan: planner.Plan) -> None:
        """Log once for each push of a group that it would be retired now."""
        for decision in plan.decisions:
            for action in decision.actions:
                self._metrics.count_dry_run(action)
            revision = decision.record.pushed_revision
            if _starts_draining(decision) and self._logged.get(decision.key) != revision:
                self._logged[decision.key] = revision
                _logger.info("dry run: would retire a group", extra={"fields": log_fields(decision)})
        if len(self._logged) > 2 * len(plan.decisions):
            self._logged = {one.key: self._logged[one.key] for one in plan.decisions if one.key in self._logged}


def log_fields(decision: planner.Decision) -> dict[str, str]:
    """What a line of the log says of a decision."""
    return {
        "group": grouping.describe(decision.key),
        "owners": ", ".join(str(group_owner.owner) for group_owner in decision.owners),
        "rule": decision.rule,
        "verdict": decision.verdict.value,
    }


def _starts_draining(decision: planner.Decision) -> bool:
    """Whether it begins a group's end; one that drains has had its turn."""
    return not decision.record.draining and any(
        isinstance(action, control_api.RetireGroup) for action in decision.actions
    )
