"""Which sentences people read about their groups, and that they read each once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from tidegate.model import control_api, grouping, lifecycle, owners
from tidegate.operator.cache import owner_views
from tidegate.operator.kube import event_recorder
from tidegate.operator.planning import planner
from tidegate.operator.policy import policy_status

_NAMED = 3
"""Groups that a note names; of the rest it tells the number."""

_WHY = {
    lifecycle.Reason.DRAINED: "after every active Prometheus had read the final values",
    lifecycle.Reason.TIMEOUT: (
        "because the drain timeout was over before every active Prometheus had read the final values"
    ),
    lifecycle.Reason.REQUEST: "because somebody asked the gateway to",
    lifecycle.Reason.GRACE_PERIOD: "after its grace period; nobody can tell who has read the final values",
    lifecycle.Reason.VANISHED: "by somebody else, unless Pushgateway lost it in a restart",
}

OnAct: TypeAlias = Callable[[owners.Owner, policy_status.Act, list[grouping.GroupingKey]], None]
"""Is told what was done to groups of an owner."""


class Notices:
    """Turns what happens into announcements.

    :param kept: how long a group is kept that was retired
    (:attr:`tidegate.operator.gateways.gateway_protocol.Gateway.kept`).
    """

    def __init__(
        self,
        announce: Callable[[event_recorder.Announcement], None],
        *,
        kept: str,
        on_act: OnAct,
        operator: owners.Owner | None = None,
    ) -> None:
        self._operator = operator
        self._announce = announce
        self._kept = kept
        self._on_act = on_act
        self._problems: dict[owners.Uid, tuple[str, ...]] = {}
        self._ambiguous: dict[grouping.GroupingKey, frozenset[owners.Uid]] = {}

    def seen(self, view: owner_views.OwnerView) -> None:
        """An object was seen: what cannot be read in its annotations is said once, until it changes."""
        if self._problems.get(view.uid, ()) == view.rules.problems:
            return
        self._problems[view.uid] = view.rules.problems
        for problem in view.rules.problems:
            self._say(view.owner, event_recorder.Reason.INVALID, problem, warning=True)

    def left(self, view: owner_views.OwnerView) -> None:
        """An object is gone."""
        self._problems.pop(view.uid, None)

    def retired(self, done: Mapping[owners.Owner, list[grouping.GroupingKey]]) -> None:
        """Groups of these owners were retired."""
        for owner, keys in done.items():
            self._on_act(owner, policy_status.Act.RETIRED, keys)
            self._say(owner, event_recorder.Reason.RETIRED, f"Retired {_listed(keys)}: over, and kept {self._kept}")

    def deleted(self, gone: Iterable[control_api.DeletedRecord]) -> None:
        """The gateway deleted groups."""
        together: dict[tuple[owners.Owner, lifecycle.Reason], list[grouping.GroupingKey]] = defaultdict(list)
        for record in gone:
            self._ambiguous.pop(record.key, None)
            for claim in record.claims.values():
                together[claim.owner, record.reason].append(record.key)
        for (owner, reason), keys in together.items():
            self._on_act(owner, policy_status.Act.DELETED, keys)
            note = f"Deleted {_listed(keys)} {_WHY[reason]}"
            self._say(owner, event_recorder.Reason.DELETED, note, warning=reason is lifecycle.Reason.TIMEOUT)

    def tripped(self, wanted: int, *, most: int) -> None:
        """Too many groups were to be retired at once. It is said of the operator's own Pod, where it knows that."""
        if self._operator is not None:
            note = (
                f"{wanted} groups are to be retired at once, more than --breaker.limit={most}: nothing is until the "
                "next list of all objects says the same; look whether so many Jobs are over"
            )
            self._say(self._operator, event_recorder.Reason.BREAKER, note, warning=True)

    def ambiguous(self, found: Iterable[planner.Decision]) -> None:
        """Groups that objects in several namespaces may own alike: each object is told once.

        Where the same CronJob is in a hundred namespaces, its runs have the same names, and come one after the other.
        """
        for decision in found:
            key, holders = decision.key, sorted(holder.owner for holder in decision.owners)
            told = self._ambiguous.get(key, frozenset())
            self._ambiguous[key] = frozenset(holder.uid for holder in holders)
            names = ", ".join(str(holder) for holder in holders)
            note = f"Group {grouping.describe(key)} may belong to each of {names}: it is kept until only one is left"
            for holder in (holder for holder in holders if holder.uid not in told):
                self._say(holder, event_recorder.Reason.AMBIGUOUS, f"{note}; push a namespace label", warning=True)

    def _say(self, owner: owners.Owner, reason: event_recorder.Reason, note: str, *, warning: bool = False) -> None:
        self._announce(event_recorder.Announcement(owner, reason, note, warning))


def _listed(keys: list[grouping.GroupingKey]) -> str:
    noun = "group" if len(keys) == 1 else f"{len(keys)} groups:"
    named = ", ".join(grouping.describe(key) for key in sorted(keys)[:_NAMED])
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return f"{noun} {named}{more}"
