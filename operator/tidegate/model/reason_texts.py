"""The English text of reasons: the one place where sentences about groups are written.

A text is a format string over the fields of its reason. Beside Python's own format specifications there are those of
:data:`_FORMATS`, and ``{field:one|many}``, which takes the first word where the field is or has one thing.
"""

from __future__ import annotations

import datetime
import string
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from typing import Any

from tidegate.model import durations, grouping, reasons

NAMED = 3
"""Things that a sentence names; of further ones it gives the number."""

_Code = reasons.Code

TEXTS: Mapping[reasons.Code, str] = {
    _Code.OWNER_RUNNING: "{owner} has not finished.",
    _Code.CRONJOB_EXISTS: "{owner} exists; its groups are kept between its runs.",
    _Code.RULES_INVALID: "{owner} has an invalid cleanup rule: {problem}.",
    _Code.CLEANUP_NEVER: "{owner} keeps its groups: cleanup never, set by {source}.",
    _Code.DELETED_KEPT_UNTIL: "{owner} no longer exists; its cleanup rules keep its groups{ends_at:until}.",
    _Code.DELETED_KEPT_UNTIL_NEXT_RUN: (
        "{owner} no longer exists; its groups are kept until a later run of {series} pushes."
    ),
    _Code.FINISHED_KEPT_AFTER: (
        "{owner} {outcome} at {finished_at:time}; its groups are kept until {ends_at:time} (cleanup "
        "after={after:duration}, set by {source})."
    ),
    _Code.FINISHED_KEPT_FAILED: (
        "{owner} {outcome} at {finished_at:time}; its groups are kept until {ends_at:time} (keep-failed-for "
        "{keep_failed_for:duration}, set by {source})."
    ),
    _Code.FINISHED_KEPT_UNTIL_NEXT_RUN: (
        "{owner} {outcome} at {finished_at:time}; its groups are kept until a later run of {series} pushes (cleanup "
        "superseded, set by {source})."
    ),
    _Code.FINISHED_KEPT_UNTIL_DELETED: (
        "{owner} {outcome} at {finished_at:time}; its groups are kept until it is deleted (cleanup {cleanup}, set by "
        "{source})."
    ),
    _Code.FINISHED_WITHOUT_SERIES: (
        "{owner} {outcome} at {finished_at:time}; its groups are kept until it is deleted (cleanup superseded, set by "
        "{source}; no CronJob controls it, so no later run can supersede it)."
    ),
    _Code.KEPT_FOR_LATE_PUSH: (
        "Another Pod pushes the group, too, and still runs; the group is kept until {until:time} in case that Pod is a "
        "service and pushes again."
    ),
    _Code.MORE_OWNERS_KEEP: "{count} more {count:owner keeps|owners keep} the group.",
    _Code.RULE_ADDRESS: "Ownership rule address: a Pod of {owner} pushed the group.",
    _Code.RULE_ANNOTATION: "Ownership rule annotation: {owner} owns the group, set by {source}.",
    _Code.RULE_POD: "Ownership rule pod: the instance or pod label names a Pod of {owner}.",
    _Code.RULE_NAME: "Ownership rule name: the job label is the name of {owner}.",
    _Code.OWNER_FINISHED: "{owner} {outcome} at {finished_at:time}.",
    _Code.OWNER_DELETED: "{owner} no longer exists.",
    _Code.OWNER_SUPERSEDED: "{owner} is superseded: a later run of {series} has pushed.",
    _Code.MORE_OWNERS_FINISHED: "{count} more {count:owner has|owners have} finished.",
    _Code.DRAIN_CANCELLED: "The group was draining; the operator is making it live again.",
    _Code.DRAIN_STARTS: "The operator is asking the gateway to start draining the group.",
    _Code.DRAIN_HELD_BY_DRY_RUN: "The group would start draining now, but --dry-run is set.",
    _Code.DRAIN_HELD_BY_BREAKER: (
        "The group is ready to drain, but the circuit breaker has tripped: more groups are ready at once than "
        "--breaker.limit allows."
    ),
    _Code.DRAIN_UNCONFIRMED: (
        "The group was pushed again while draining; it is kept until the operator has decided whether an owner made "
        "that push."
    ),
    _Code.DRAINING_UNTIL_SCRAPED: (
        "The group is draining: it is deleted after every active Prometheus has scraped it{drain_timeout:timeout}."
    ),
    _Code.DRAINING_FOR_GRACE_PERIOD: (
        "The group is draining: it is deleted after its grace period, at least {grace:g} s{drain_timeout:timeout}."
    ),
    _Code.TTL_EXPIRED: "Its TTL has expired, so it is draining.",
    _Code.AMBIGUOUS_OWNERS: (
        "It may belong to each of {owners:list}, which are in different namespaces; it is kept until only one is left."
    ),
    _Code.AMBIGUOUS_ADVICE: (
        "To choose its owner, push it with a namespace label, or set the annotation tidegate.dev/grouping-key."
    ),
    _Code.OWNERS_UNKNOWN: (
        "The operator cannot tell whether {owners:list} still {owners:exists|exist}: it does not watch that kind or "
        "namespace, or has not listed it since."
    ),
    _Code.OWNERS_UNKNOWN_ADVICE: (
        "The group is kept. To fix this, configure the operator to watch that kind and namespace; it then releases "
        "owners that no longer exist."
    ),
    _Code.LOOKUP_PENDING: (
        "The operator is asking the API server about {lookups:list}; it decides nothing before the response."
    ),
    _Code.LOOKUP_POD: "Pod {namespace}/{name}",
    _Code.LOOKUP_ADDRESS: "the Pods at {address}",
    _Code.NOT_LAST_PUSHER: (
        "{owners:list} had finished, or had stopped pushing the group, when another client made the last push at "
        "{push_time:time}."
    ),
    _Code.LAST_PUSH_BY_POD_OF_OWNER: "The last push came from {pod} of {owner}.",
    _Code.LAST_PUSH_BY_POD: "The last push came from {pod}.",
    _Code.LAST_PUSH_FROM_ADDRESS: "The last push came from {address}.",
    _Code.UNOWNED_NOW: "The group has no owner now; it is kept until it has one again, or until you delete it.",
    _Code.NO_SUCCESSFUL_PUSH: "No push of the group has succeeded yet.",
    _Code.ADDRESS_UNKNOWN: "The gateway does not know from which address it was pushed.",
    _Code.ADDRESS_OF_NO_POD: "It was pushed from {address}, and no Pod has that address.",
    _Code.ADDRESS_OF_NODE: "It was pushed from {address}, the address of a node, which many Pods share.",
    _Code.ADDRESS_OF_SEVERAL_PODS: "It was pushed from {address}, which several Pods had at that time.",
    _Code.ADDRESS_REUSED: "It was pushed from {address}, which no Pod that still exists had at that time.",
    _Code.PUSHER_NOT_WATCHED: (
        "{pod} pushed it, which belongs to no object that the operator watches: it is a proxy or a service."
    ),
    _Code.PUSHER_BESIDE_SERVICE: (
        "{pod} pushed it, but so does a running Pod that belongs to no object that the operator watches."
    ),
    _Code.PUSHER_IN_OTHER_NAMESPACE: (
        "{pod} of {owner} pushed it, but the namespace label of the group names another namespace."
    ),
    _Code.PUSHER_OWNS_OTHER_GROUPS: (
        "{pod} of {owner} pushed it, but {owner} owns only the groups that {source} names."
    ),
    _Code.PUSHER_FINISHED: "{pod} of {owner} pushed it; {owner} finished at {finished_at:time}.",
    _Code.PUSHER_DELETED: "{pod} of {owner} pushed it; {owner} no longer existed at {deleted_at:time}.",
    _Code.PUSHER_NOT_OWNER: "{pod} of {owner} pushed it, but no rule of --ownership={rules} makes {owner} its owner.",
    _Code.NO_OBJECT_OF_THIS_NAME: 'No object that the operator watches is named "{job}".',
    _Code.CANDIDATE_NOT_IN_LABELLED_NAMESPACE: (
        "{owner} is in another namespace than the namespace label of the group, {namespace}."
    ),
    _Code.CANDIDATE_NOT_IN_NAMESPACE_OF_POD: "{owner} is in another namespace than the Pod that pushed the group.",
    _Code.CANDIDATE_OWNS_OTHER_GROUPS: "{owner} owns only the groups that {source} names.",
    _Code.CANDIDATE_CREATED_LATER: "{owner} was created after the last push.",
    _Code.CANDIDATE_FINISHED_BEFORE: "{owner} finished at {finished_at:time}, before the last push.",
    _Code.CANDIDATE_DELETED_BEFORE: "{owner} no longer existed at {deleted_at:time}, before the last push.",
    _Code.CANDIDATE_NOT_LAST_PUSHER: "{owner} has finished, and another client has pushed the group since.",
    _Code.CANDIDATE_WITHOUT_RULE: (
        "{owner} is a possible owner, but no rule of --ownership={rules} leads from the group to it."
    ),
    _Code.MORE_CANDIDATES: "{count} more {count:object does|objects do} not own it either.",
    _Code.UNOWNED_ADVICE: (
        "Without an owner it is kept until you delete it or, if it was pushed with a TTL, until the TTL expires."
    ),
    _Code.OWNED: "{owners:list} {owners:owns|own} the group.",
    _Code.OWNED_UNTIL_FINISHED: "It is kept until the operator reports that all of its owners have finished.",
    _Code.UNOWNED: "The group has no owner.",
    _Code.UNOWNED_WITHOUT_TTL: "The group has no owner and no TTL.",
    _Code.TTL_EXPIRES: "It starts draining in {seconds:span} (TTL) unless it is pushed again.",
    _Code.KEPT_UNTIL_DELETED: "It is kept until you delete it.",
    _Code.OWNERS_FINISHED: "{owners:list} {owners:has|have} finished.",
    _Code.UNOWNED_AND_TTL_EXPIRED: "The group has no owner, and its TTL has expired.",
    _Code.WAITS_FOR_OPERATOR: (
        "It was pushed again while draining; it is kept until the operator reports whether an owner made that push."
    ),
    _Code.WAITS_FOR_SCRAPERS: (
        "It waits for {readers:list} to scrape its last push, and is deleted in {seconds:span} at the latest."
    ),
    _Code.WAITS_FOR_DATABASES: (
        "Every active scraper has read its last push; it waits until {databases:list} returns it, and is deleted in "
        "{seconds:span} at the latest."
    ),
    _Code.NOT_STORED: (
        "Every active scraper has read its last push, but {databases:list} does not have it. Check the limits of the "
        "scrape job (sample_limit, label_limit, body_size_limit), metric_relabel_configs that drop push_time_seconds "
        "or a grouping label, and the disk. The group is deleted in {seconds:span} at the latest."
    ),
    _Code.DATABASE_FAILS: (
        "Every active scraper has read its last push, but {database} cannot be queried ({error}). The group is deleted "
        "in {seconds:span} at the latest."
    ),
    _Code.WAITS_FOR_DEADLINE: "No scraper is active that could read its last push; it is deleted in {seconds:span}.",
    _Code.WAITS_FOR_NOTHING: "It is deleted shortly.",
    _Code.EVENT_DRAINING_UNTIL_SCRAPED: (
        "Draining {keys:groups}: all owners have finished; deletion follows after every active Prometheus has scraped "
        "the final values"
    ),
    _Code.EVENT_DRAINING_FOR_GRACE_PERIOD: (
        "Draining {keys:groups}: all owners have finished; deletion follows after the grace period, at least "
        "{grace:g} s"
    ),
    _Code.EVENT_DELETED_DELIVERED: "Deleted {keys:groups} after every active Prometheus had scraped the final values",
    _Code.EVENT_DELETED_INGESTED: (
        "Deleted {keys:groups} after every active Prometheus had scraped and processed the final values"
    ),
    _Code.EVENT_DELETED_STORED: "Deleted {keys:groups} after every database had stored the final values",
    _Code.EVENT_DELETED_TIMEOUT: (
        "Deleted {keys:groups} when the drain timeout expired, before every active Prometheus had scraped the final "
        "values"
    ),
    _Code.EVENT_DELETED_REQUEST: "Deleted {keys:groups} because a client requested it",
    _Code.EVENT_DELETED_GRACE_PERIOD: (
        "Deleted {keys:groups} after the grace period; Pushgateway does not report who has scraped the final values"
    ),
    _Code.EVENT_VANISHED: (
        "Deleted {keys:groups}: another client deleted {keys:it|them}, or Pushgateway lost {keys:it|them} in a restart"
    ),
    _Code.EVENT_BREAKER_TRIPPED: (
        "Circuit breaker tripped: {count} groups are ready to drain at once, more than --breaker.limit={limit}; none "
        "starts draining until the next list of all objects confirms it; check whether so many Jobs have finished"
    ),
    _Code.EVENT_AMBIGUOUS: (
        "The owner of {keys:groups} is ambiguous: it may belong to each of {owners:list}, and is kept until only one "
        "is left; to choose its owner, push it with a namespace label"
    ),
}


def text(reason: reasons.Reason) -> str:
    """The text of a reason."""
    return _FORMATTER.vformat(TEXTS[reason.code], (), reason.fields)


def texts(all_reasons: Iterable[reasons.Reason]) -> tuple[str, ...]:
    """The texts of several reasons."""
    return tuple(text(reason) for reason in all_reasons)


def time(seconds: float) -> str:
    """Unix seconds as a time such as ``2026-01-31 08:00:00Z``; the number itself where no calendar has it."""
    try:
        return datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"{seconds:g}"


def _list(things: Sequence[Any]) -> str:
    """Things with commas between them; of many the first few, and how many more there are."""
    names = [str(thing) for thing in things[:NAMED]]
    if len(things) > NAMED:
        names.append(f"{len(things) - NAMED} more")
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _groups(keys: Sequence[grouping.GroupingKey]) -> str:
    # Thousands of groups may be deleted at once: only those that are named are described.
    names = [*map(grouping.describe, keys[:NAMED]), *([""] * (len(keys) - NAMED))]
    return f"group {_list(names)}" if len(keys) == 1 else f"{len(keys)} groups: {_list(names)}"


_FORMATS: Mapping[str, Callable[[Any], str]] = {
    "time": time,
    "until": lambda seconds: "" if seconds is None else f" until {time(seconds)}",
    "duration": durations.format,
    "timeout": lambda seconds: "" if seconds is None else f" (drain timeout {durations.format(seconds)})",
    "span": lambda seconds: durations.format_short(max(0.0, seconds)),
    "list": _list,
    "groups": _groups,
}


class _Formatter(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec in _FORMATS:
            return _FORMATS[format_spec](value)
        one, bar, many = format_spec.partition("|")
        if not bar:
            return str(super().format_field(value, format_spec))
        return one if (len(value) if isinstance(value, Sized) else value) == 1 else many


_FORMATTER = _Formatter()
