"""Which Events are posted about groups, and that each is posted once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from tidegate.model import control_api, grouping, lifecycle, owners, reason_texts, reasons
from tidegate.operator.cache import owner_views
from tidegate.operator.kube import event_recorder
from tidegate.operator.planning import drain_planner
from tidegate.operator.policy import policy_status

_Code = reasons.Code

_DELETED = {
    lifecycle.DeletionReason.DELIVERED: _Code.EVENT_DELETED_DELIVERED,
    lifecycle.DeletionReason.INGESTED: _Code.EVENT_DELETED_INGESTED,
    lifecycle.DeletionReason.STORED: _Code.EVENT_DELETED_STORED,
    lifecycle.DeletionReason.TIMEOUT: _Code.EVENT_DELETED_TIMEOUT,
    lifecycle.DeletionReason.REQUEST: _Code.EVENT_DELETED_REQUEST,
    lifecycle.DeletionReason.GRACE_PERIOD: _Code.EVENT_DELETED_GRACE_PERIOD,
    lifecycle.DeletionReason.VANISHED: _Code.EVENT_VANISHED,
}

OnAct: TypeAlias = Callable[[owners.Owner, policy_status.ActionType, list[grouping.GroupingKey]], None]
"""Called with each action on groups of an owner."""


class Notifier:
    """Announces what happens to groups as Events on their owners.

    :param grace: the grace period of the gateway
        (:attr:`tidegate.operator.gateways.gateway_protocol.Gateway.grace_seconds`).
    :param operator: the operator's own Pod, where it is known.
    """

    def __init__(
        self,
        announce: Callable[[event_recorder.Event], None],
        *,
        grace: float | None,
        on_act: OnAct,
        operator: owners.Owner | None = None,
    ) -> None:
        self._operator = operator
        self._announce = announce
        self._grace = grace
        self._on_act = on_act
        self._problems: dict[owners.Uid, tuple[str, ...]] = {}
        self._ambiguous: dict[grouping.GroupingKey, frozenset[owners.Uid]] = {}

    def object_seen(self, view: owner_views.OwnerView) -> None:
        """Announce the problems of an object's annotations, once until they change."""
        if self._problems.get(view.uid, ()) == view.rules.problems:
            return
        self._problems[view.uid] = view.rules.problems
        for problem in view.rules.problems:
            self._post(view.owner, event_recorder.EventReason.INVALID, problem, warning=True)

    def object_deleted(self, view: owner_views.OwnerView) -> None:
        """Forget an object that no longer exists."""
        self._problems.pop(view.uid, None)

    def draining(self, keys_by_owner: Mapping[owners.Owner, list[grouping.GroupingKey]]) -> None:
        """Announce that groups of these owners have started to drain."""
        for owner, keys in keys_by_owner.items():
            self._on_act(owner, policy_status.ActionType.RETIRED, keys)
            if self._grace is None:
                reason = reasons.reason(_Code.EVENT_DRAINING_UNTIL_SCRAPED, keys=sorted(keys))
            else:
                reason = reasons.reason(_Code.EVENT_DRAINING_FOR_GRACE_PERIOD, keys=sorted(keys), grace=self._grace)
            self._post(owner, event_recorder.EventReason.RETIRED, reason_texts.text(reason))

    def deleted(self, records: Iterable[control_api.DeletedRecord]) -> None:
        """Announce that the gateway deleted groups."""
        keys_by_cause: dict[tuple[owners.Owner, lifecycle.DeletionReason], list[grouping.GroupingKey]] = defaultdict(
            list
        )
        for record in records:
            self._ambiguous.pop(record.key, None)
            for claim in record.claims.values():
                keys_by_cause[claim.owner, record.reason].append(record.key)
        for (owner, cause), keys in keys_by_cause.items():
            self._on_act(owner, policy_status.ActionType.DELETED, keys)
            note = reason_texts.text(reasons.reason(_DELETED[cause], keys=sorted(keys)))
            self._post(
                owner, event_recorder.EventReason.DELETED, note, warning=cause is lifecycle.DeletionReason.TIMEOUT
            )

    def breaker_tripped(self, count: int, *, limit: int) -> None:
        """Announce on the operator's own Pod that more groups than the limit are ready to drain at once."""
        if self._operator is not None:
            note = reason_texts.text(reasons.reason(_Code.EVENT_BREAKER_TRIPPED, count=count, limit=limit))
            self._post(self._operator, event_recorder.EventReason.BREAKER, note, warning=True)

    def ambiguous(self, decisions: Iterable[drain_planner.Decision]) -> None:
        """Announce groups with possible owners in several namespaces, once to each of these objects.

        Where the same CronJob is in a hundred namespaces, its runs have the same names, and come one after the other.
        """
        for decision in decisions:
            possible = sorted(group_owner.owner for group_owner in decision.owners)
            announced = self._ambiguous.get(decision.key, frozenset())
            self._ambiguous[decision.key] = frozenset(owner.uid for owner in possible)
            reason = reasons.reason(_Code.EVENT_AMBIGUOUS, keys=(decision.key,), owners=possible)
            note = reason_texts.text(reason)
            for owner in possible:
                if owner.uid not in announced:
                    self._post(owner, event_recorder.EventReason.AMBIGUOUS, note, warning=True)

    def _post(
        self, owner: owners.Owner, reason: event_recorder.EventReason, note: str, *, warning: bool = False
    ) -> None:
        self._announce(event_recorder.Event(owner, reason, note, warning))
