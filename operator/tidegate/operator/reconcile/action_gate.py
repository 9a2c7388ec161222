"""The gate between a plan and the gateway: the dry run, which permits no action, and the circuit breaker."""

from __future__ import annotations

import logging

from tidegate import settings
from tidegate.model import control_api, grouping
from tidegate.operator import operator_metrics
from tidegate.operator.explain import notifications
from tidegate.operator.planning import circuit_breaker, drain_planner

_logger = logging.getLogger(__name__)


class ActionGate:
    """Decides which actions of a plan are sent to the gateway."""

    def __init__(
        self,
        *,
        worker_settings: settings.WorkerSettings,
        metrics: operator_metrics.OperatorMetrics,
        notifier: notifications.Notifier,
    ) -> None:
        self._dry_run = worker_settings.dry_run
        self._limit = worker_settings.max_drains
        self._breaker = circuit_breaker.CircuitBreaker(
            limit=worker_settings.max_drains, cycle=worker_settings.resync_seconds
        )
        self._metrics = metrics
        self._notifier = notifier
        self._logged: dict[grouping.GroupingKey, int] = {}

    def permit(self, plan: drain_planner.Plan, *, last_list_started: float, now: float) -> list[control_api.Action]:
        """Return the actions to do now. Groups that are held back are planned again after the next list.

        :param last_list_started: when the last complete list of all objects started, in monotonic seconds, as is
            ``now``.
        """
        if self._dry_run:
            self._log_dry_run(plan)
            return []
        to_drain = [decision for decision in plan.decisions if _starts_draining(decision)]
        was_tripped = self._breaker.is_tripped
        admitted = self._breaker.admit(len(to_drain), last_list_started=last_list_started, now=now)
        held = {decision.key for decision in to_drain[admitted:]}
        self._metrics.groups_held_back.set(len(held))
        self._metrics.breaker_tripped.set(self._breaker.is_tripped)
        if self._breaker.is_tripped and not was_tripped:
            _logger.error(
                "the circuit breaker tripped: %d groups are ready to drain at once, and --breaker.limit is %d; keeping "
                "them until the next list of all objects confirms it, then draining at most %d per resync period",
                len(to_drain),
                self._limit,
                self._limit,
            )
            self._notifier.breaker_tripped(len(to_drain), limit=self._limit)
        elif was_tripped and not self._breaker.is_tripped:
            _logger.info("the circuit breaker was reset")
        return [action for decision in plan.decisions if decision.key not in held for action in decision.actions]

    def hold_reason(self, decision: drain_planner.Decision) -> drain_planner.Hold | None:
        """Why this group does not start to drain although it should; ``None`` if nothing holds it back."""
        if not _starts_draining(decision):
            return None
        if self._dry_run:
            return drain_planner.Hold.DRY_RUN
        return drain_planner.Hold.BREAKER if self._breaker.is_tripped else None

    def _log_dry_run(self, plan: drain_planner.Plan) -> None:
        """Log each group that would start to drain, once for each push."""
        for decision in plan.decisions:
            for action in decision.actions:
                self._metrics.count_dry_run(action)
            revision = decision.record.pushed_revision
            if _starts_draining(decision) and self._logged.get(decision.key) != revision:
                self._logged[decision.key] = revision
                _logger.info("dry run: would start to drain a group", extra={"fields": log_fields(decision)})
        if len(self._logged) > 2 * len(plan.decisions):
            planned = (decision.key for decision in plan.decisions)
            self._logged = {key: self._logged[key] for key in planned if key in self._logged}


def log_fields(decision: drain_planner.Decision) -> dict[str, str]:
    """The fields of a log line about a decision."""
    return {
        "group": grouping.describe(decision.key),
        "owners": ", ".join(str(group_owner.owner) for group_owner in decision.owners),
        "rule": decision.rule,
        "verdict": decision.verdict.value,
    }


def _starts_draining(decision: drain_planner.Decision) -> bool:
    """Whether the group starts to drain. A group that is already draining does not count again."""
    return not decision.record.draining and any(
        isinstance(action, control_api.StartDrain) for action in decision.actions
    )
