"""Which groups somebody wants to see, and in which order: read from a query, and decided group by group. Pure."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from tidegate.model import grouping, lifecycle
from tidegate.store import interface

Order: TypeAlias = tuple[Any, grouping.GroupingKey]
"""What groups are sorted by: what was asked for, and where that is equal their keys."""


class State(enum.StrEnum):
    """What may be asked for as the state of a group."""

    LIVE = "live"
    DRAINING = "draining"
    EXPIRING = "ttl"
    """It lives until its time to live is over."""
    FAILING = "failing"
    """Its last push was refused."""


class Ownership(enum.StrEnum):
    """What the gateway knows of a group's owners."""

    CLAIMED = "claimed"
    RETIRED = "retired"
    """They are all over, as the operator says."""
    NONE = "none"


class Sort(enum.StrEnum):
    """What groups may be sorted by."""

    LABELS = "labels"
    OWNER = "owner"
    STATE = "state"
    PUSHED = "pushed"
    FAILED = "failed"
    SERIES = "series"


class Criteria(NamedTuple):
    """What is asked for; what is empty or ``None`` holds for every group.

    :param words: each has to be somewhere in the group's labels (``name=value``) or its owners' names, in any case.
    :param match: selectors, any of which has to hold; whoever asks sees to it
    (:class:`tidegate.gateway.api.selector_search.Picker`).
    :param kind: of some owner, ``namespace`` likewise.
    """

    words: tuple[str, ...] = ()
    match: tuple[str, ...] = ()
    state: State | None = None
    ownership: Ownership | None = None
    kind: str = ""
    namespace: str = ""
    sort: Sort = Sort.LABELS
    is_descending: bool = False

    def selects(self, group: interface.GroupOutline) -> bool:
        """Whether the group is to be seen, its selectors apart."""
        life = group.life
        if self.state is not None and not _STATES[self.state](group):
            return False
        if self.ownership is not None and ownership(life) is not self.ownership:
            return False
        owners = [claim.owner for claim in life.claims.values()]
        if self.kind and all(owner.kind != self.kind for owner in owners):
            return False
        if self.namespace and all(owner.namespace != self.namespace for owner in owners):
            return False
        return not self.words or self._says_all_words(group)

    def order(self, group: interface.GroupOutline) -> Order:
        """Where it stands among the others."""
        return _SORTS[self.sort](group), group.key

    def _says_all_words(self, group: interface.GroupOutline) -> bool:
        said = [f"{name}={value}" for name, value in group.key]
        said += [str(claim.owner) for claim in group.life.claims.values()]
        text = "\n".join(said).casefold()
        return all(word in text for word in self.words)


def ownership(life: lifecycle.Life) -> Ownership:
    """What is known of the owners of a group with this life."""
    if not life.claims:
        return Ownership.NONE
    return Ownership.CLAIMED if life.drain is None else Ownership.RETIRED


def is_failing(group: interface.GroupOutline) -> bool:
    """Whether its last push was refused."""
    return group.push_failure_time > group.push_time


_STATES: Mapping[State, Callable[[interface.GroupOutline], bool]] = {
    State.LIVE: lambda group: group.life.drain is None,
    State.DRAINING: lambda group: group.life.drain is not None,
    State.EXPIRING: lambda group: lifecycle.expiry(group.life) is not None,
    State.FAILING: is_failing,
}

_SORTS: Mapping[Sort, Callable[[interface.GroupOutline], Any]] = {
    Sort.LABELS: lambda group: grouping.label(group.key, "job"),
    Sort.OWNER: lambda group: min((str(claim.owner) for claim in group.life.claims.values()), default=""),
    Sort.STATE: lambda group: (group.life.state.value, lifecycle.expiry(group.life) or 0.0),
    Sort.PUSHED: lambda group: group.push_time,
    Sort.FAILED: lambda group: group.push_failure_time,
    Sort.SERIES: lambda group: group.series,
}
