"""Filter and sort order of a list of groups. Pure."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from tidegate.model import grouping, lifecycle
from tidegate.store import interface

Order: TypeAlias = tuple[Any, grouping.GroupingKey]
"""The sort key of a group: the requested value, then the grouping key."""


class State(enum.StrEnum):
    """States by which groups can be filtered."""

    LIVE = "live"
    DRAINING = "draining"
    EXPIRING = "ttl"
    """Its TTL runs."""
    FAILING = "failing"
    """Its last push was rejected."""


class Ownership(enum.StrEnum):
    """Whether a group has owners, as far as the gateway knows."""

    CLAIMED = "claimed"
    RETIRED = "retired"
    """All its owners have finished, and it drains."""
    NONE = "none"


class Sort(enum.StrEnum):
    """Values by which groups can be sorted."""

    LABELS = "labels"
    OWNER = "owner"
    STATE = "state"
    PUSHED = "pushed"
    FAILED = "failed"
    SERIES = "series"


class Criteria(NamedTuple):
    """Criteria for groups. Empty and ``None`` match every group.

    :param words: each must be contained in the group's labels (``name=value``) or in the names of its owners, ignoring
        case.
    :param match: selectors, any of which must match. :meth:`matches` does not check them; see
        :class:`tidegate.gateway.api.selector_search.GroupSelector`.
    :param kind: the kind of one of its owners.
    :param namespace: the namespace of one of its owners.
    """

    words: tuple[str, ...] = ()
    match: tuple[str, ...] = ()
    state: State | None = None
    ownership: Ownership | None = None
    kind: str = ""
    namespace: str = ""
    sort: Sort = Sort.LABELS
    is_descending: bool = False

    def matches(self, group: interface.GroupSummary) -> bool:
        """Whether the group matches, selectors apart."""
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
        return not self.words or self._contains_words(group)

    def order(self, group: interface.GroupSummary) -> Order:
        """The sort key of the group."""
        return _SORTS[self.sort](group), group.key

    def _contains_words(self, group: interface.GroupSummary) -> bool:
        lines = [f"{name}={value}" for name, value in group.key]
        lines += [str(claim.owner) for claim in group.life.claims.values()]
        text = "\n".join(lines).casefold()
        return all(word in text for word in self.words)


def ownership(life: lifecycle.Life) -> Ownership:
    """The ownership of a group with this life."""
    if not life.claims:
        return Ownership.NONE
    return Ownership.CLAIMED if life.drain is None else Ownership.RETIRED


def is_failing(group: interface.GroupSummary) -> bool:
    """Whether the last push to the group was rejected."""
    return group.push_failure_time > group.push_time


_STATES: Mapping[State, Callable[[interface.GroupSummary], bool]] = {
    State.LIVE: lambda group: group.life.drain is None,
    State.DRAINING: lambda group: group.life.drain is not None,
    State.EXPIRING: lambda group: lifecycle.ttl_deadline(group.life) is not None,
    State.FAILING: is_failing,
}

_SORTS: Mapping[Sort, Callable[[interface.GroupSummary], Any]] = {
    Sort.LABELS: lambda group: grouping.label(group.key, "job"),
    Sort.OWNER: lambda group: min((str(claim.owner) for claim in group.life.claims.values()), default=""),
    Sort.STATE: lambda group: (group.life.state.value, lifecycle.ttl_deadline(group.life) or 0.0),
    Sort.PUSHED: lambda group: group.push_time,
    Sort.FAILED: lambda group: group.push_failure_time,
    Sort.SERIES: lambda group: group.series,
}
