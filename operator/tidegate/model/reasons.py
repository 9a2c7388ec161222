"""Reasons: why a group is kept, drained or deleted, as values.

The operator and the gateway decide them; :mod:`tidegate.model.reason_texts` renders them as English text, and nothing
else does. Each code has one text.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from tidegate.model import grouping, owners, scrapers

Value: TypeAlias = (
    str | float | owners.Owner | Sequence[str | owners.Owner | scrapers.Reader | grouping.GroupingKey] | None
)
"""A field of a reason. Times are Unix seconds and durations are seconds."""


class Code(enum.Enum):
    """The codes of reasons."""

    # The operator: an owner keeps the group.
    OWNER_RUNNING = enum.auto()
    CRONJOB_EXISTS = enum.auto()
    RULES_INVALID = enum.auto()
    CLEANUP_NEVER = enum.auto()
    DELETED_KEPT_UNTIL = enum.auto()
    DELETED_KEPT_UNTIL_NEXT_RUN = enum.auto()
    FINISHED_KEPT_AFTER = enum.auto()
    FINISHED_KEPT_FAILED = enum.auto()
    FINISHED_KEPT_UNTIL_NEXT_RUN = enum.auto()
    FINISHED_KEPT_UNTIL_DELETED = enum.auto()
    FINISHED_WITHOUT_SERIES = enum.auto()
    KEPT_FOR_LATE_PUSH = enum.auto()
    MORE_OWNERS_KEEP = enum.auto()

    # The operator: the ownership rule that leads to an owner.
    RULE_ADDRESS = enum.auto()
    RULE_ANNOTATION = enum.auto()
    RULE_POD = enum.auto()
    RULE_NAME = enum.auto()

    # The operator: an owner has finished.
    OWNER_FINISHED = enum.auto()
    OWNER_DELETED = enum.auto()
    OWNER_SUPERSEDED = enum.auto()
    MORE_OWNERS_FINISHED = enum.auto()

    # The operator: what happens next.
    DRAIN_CANCELLED = enum.auto()
    DRAIN_STARTS = enum.auto()
    DRAIN_HELD_BY_DRY_RUN = enum.auto()
    DRAIN_HELD_BY_BREAKER = enum.auto()
    DRAIN_UNCONFIRMED = enum.auto()
    DRAINING_UNTIL_SCRAPED = enum.auto()
    DRAINING_FOR_GRACE_PERIOD = enum.auto()
    TTL_EXPIRED = enum.auto()

    # The operator: it cannot name the owner, or not yet.
    AMBIGUOUS_OWNERS = enum.auto()
    AMBIGUOUS_ADVICE = enum.auto()
    OWNERS_UNKNOWN = enum.auto()
    OWNERS_UNKNOWN_ADVICE = enum.auto()
    LOOKUP_PENDING = enum.auto()
    LOOKUP_POD = enum.auto()
    LOOKUP_ADDRESS = enum.auto()

    # The operator: another client made the last push.
    NOT_LAST_PUSHER = enum.auto()
    LAST_PUSH_BY_POD_OF_OWNER = enum.auto()
    LAST_PUSH_BY_POD = enum.auto()
    LAST_PUSH_FROM_ADDRESS = enum.auto()
    UNOWNED_NOW = enum.auto()

    # The operator: no address leads to an owner.
    NO_SUCCESSFUL_PUSH = enum.auto()
    ADDRESS_UNKNOWN = enum.auto()
    ADDRESS_OF_NO_POD = enum.auto()
    ADDRESS_OF_NODE = enum.auto()
    ADDRESS_OF_SEVERAL_PODS = enum.auto()
    ADDRESS_REUSED = enum.auto()
    PUSHER_NOT_WATCHED = enum.auto()
    PUSHER_BESIDE_SERVICE = enum.auto()
    PUSHER_IN_OTHER_NAMESPACE = enum.auto()
    PUSHER_OWNS_OTHER_GROUPS = enum.auto()
    PUSHER_FINISHED = enum.auto()
    PUSHER_DELETED = enum.auto()
    PUSHER_NOT_OWNER = enum.auto()

    # The operator: no name leads to an owner.
    NO_OBJECT_OF_THIS_NAME = enum.auto()
    CANDIDATE_NOT_IN_LABELLED_NAMESPACE = enum.auto()
    CANDIDATE_NOT_IN_NAMESPACE_OF_POD = enum.auto()
    CANDIDATE_OWNS_OTHER_GROUPS = enum.auto()
    CANDIDATE_CREATED_LATER = enum.auto()
    CANDIDATE_FINISHED_BEFORE = enum.auto()
    CANDIDATE_DELETED_BEFORE = enum.auto()
    CANDIDATE_NOT_LAST_PUSHER = enum.auto()
    CANDIDATE_WITHOUT_RULE = enum.auto()
    MORE_CANDIDATES = enum.auto()
    UNOWNED_ADVICE = enum.auto()

    # The gateway.
    OWNED = enum.auto()
    OWNED_UNTIL_FINISHED = enum.auto()
    UNOWNED = enum.auto()
    UNOWNED_WITHOUT_TTL = enum.auto()
    TTL_EXPIRES = enum.auto()
    KEPT_UNTIL_DELETED = enum.auto()
    OWNERS_FINISHED = enum.auto()
    UNOWNED_AND_TTL_EXPIRED = enum.auto()
    WAITS_FOR_OPERATOR = enum.auto()
    WAITS_FOR_SCRAPERS = enum.auto()
    WAITS_FOR_DATABASES = enum.auto()
    NOT_STORED = enum.auto()
    DATABASE_FAILS = enum.auto()
    WAITS_FOR_DEADLINE = enum.auto()
    WAITS_FOR_NOTHING = enum.auto()

    # Kubernetes Events.
    EVENT_DRAINING_UNTIL_SCRAPED = enum.auto()
    EVENT_DRAINING_FOR_GRACE_PERIOD = enum.auto()
    EVENT_DELETED_DELIVERED = enum.auto()
    EVENT_DELETED_INGESTED = enum.auto()
    EVENT_DELETED_STORED = enum.auto()
    EVENT_DELETED_TIMEOUT = enum.auto()
    EVENT_DELETED_REQUEST = enum.auto()
    EVENT_DELETED_GRACE_PERIOD = enum.auto()
    EVENT_VANISHED = enum.auto()
    EVENT_BREAKER_TRIPPED = enum.auto()
    EVENT_AMBIGUOUS = enum.auto()


@dataclass(frozen=True, slots=True)
class Reason:
    """One statement about a group.

    :param fields: the values that the text of the code needs, by name.
    """

    code: Code
    fields: Mapping[str, Value] = field(default_factory=lambda: types.MappingProxyType({}), hash=False)


def reason(code: Code, **fields: Value) -> Reason:
    """A reason with these fields."""
    return Reason(code, types.MappingProxyType(fields))
