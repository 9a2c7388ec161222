"""Which sentences people read about their groups, and that they read each once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from tidegate.controller import announcers, plans, policystatuses, views
from tidegate.model import groups, lives, owners, records

_NAMED = 3
"""Groups that a note names; of the rest it tells the number."""

_WHY = {
    lives.Reason.DRAINED: "after every active Prometheus had read the final values",
    lives.Reason.TIMEOUT: "because the drain timeout was over before every active Prometheus had read the final values",
    lives.Reason.REQUEST: "because somebody asked the gateway to",
    lives.Reason.GRACE_PERIOD: "after its grace period; nobody can tell who has read the final values",
    lives.Reason.VANISHED: "by somebody else, unless Pushgateway lost it in a restart",
}

OnAct: TypeAlias = Callable[[owners.Owner, policystatuses.Act, list[groups.GroupingKey]], None]
"""Is told what was done to groups of an owner."""


class Notices:
    """Turns what happens into announcements.

    :param kept: how long a group is kept that was retired (:attr:`tidegate.controller.gateways.Gateway.kept`).
    """

    def __init__(
        self,
        announce: Callable[[announcers.Announcement], None],
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
        self._ambiguous: dict[groups.GroupingKey, frozenset[owners.Uid]] = {}

    def seen(self, view: views.OwnerView) -> None:
        """An object was seen: what cannot be read in its annotations is said once, until it changes."""
        if self._problems.get(view.uid, ()) == view.rules.problems:
            return
        self._problems[view.uid] = view.rules.problems
        for problem in view.rules.problems:
            self._say(view.owner, announcers.Reason.INVALID, problem, warning=True)

    def left(self, view: views.OwnerView) -> None:
        """An object is gone."""
        self._problems.pop(view.uid, None)

    def retired(self, done: Mapping[owners.Owner, list[groups.GroupingKey]]) -> None:
        """Groups of these owners were retired."""
        for owner, keys in done.items():
            self._on_act(owner, policystatuses.Act.RETIRED, keys)
            self._say(owner, announcers.Reason.RETIRED, f"Retired {_listed(keys)}: over, and kept {self._kept}")

    def deleted(self, gone: Iterable[records.DeletedRecord]) -> None:
        """The gateway deleted groups."""
        together: dict[tuple[owners.Owner, lives.Reason], list[groups.GroupingKey]] = defaultdict(list)
        for record in gone:
            self._ambiguous.pop(record.key, None)
            for claim in record.claims.values():
                together[claim.owner, record.reason].append(record.key)
        for (owner, reason), keys in together.items():
            self._on_act(owner, policystatuses.Act.DELETED, keys)
            note = f"Deleted {_listed(keys)} {_WHY[reason]}"
            self._say(owner, announcers.Reason.DELETED, note, warning=reason is lives.Reason.TIMEOUT)

    def tripped(self, wanted: int, *, most: int) -> None:
        """Too many groups were to be retired at once. It is said of the operator's own Pod, where it knows that."""
        if self._operator is not None:
            note = (
                f"{wanted} groups are to be retired at once, more than --breaker.limit={most}: nothing is until the "
                "next list of all objects says the same; look whether so many Jobs are over"
            )
            self._say(self._operator, announcers.Reason.BREAKER, note, warning=True)

    def ambiguous(self, found: Iterable[plans.Decision]) -> None:
        """Groups that objects in several namespaces may own alike: each object is told once.

        Where the same CronJob is in a hundred namespaces, its runs have the same names, and come one after the other.
        """
        for decision in found:
            key, holders = decision.key, sorted(holder.owner for holder in decision.owners)
            told = self._ambiguous.get(key, frozenset())
            self._ambiguous[key] = frozenset(holder.uid for holder in holders)
            names = ", ".join(str(holder) for holder in holders)
            note = f"Group {groups.describe(key)} may belong to each of {names}: it is kept until only one is left"
            for holder in (holder for holder in holders if holder.uid not in told):
                self._say(holder, announcers.Reason.AMBIGUOUS, f"{note}; push a namespace label", warning=True)

    def _say(self, owner: owners.Owner, reason: announcers.Reason, note: str, *, warning: bool = False) -> None:
        self._announce(announcers.Announcement(owner, reason, note, warning))


def _listed(keys: list[groups.GroupingKey]) -> str:
    noun = "group" if len(keys) == 1 else f"{len(keys)} groups:"
    named = ", ".join(groups.describe(key) for key in sorted(keys)[:_NAMED])
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return f"{noun} {named}{more}"
