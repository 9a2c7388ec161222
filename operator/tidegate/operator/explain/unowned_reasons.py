"""Why no rule leads from a group to an object, in words: pure functions of the picture."""

from __future__ import annotations

from tidegate import settings
from tidegate.model import control_api, grouping
from tidegate.operator.cache import cluster_cache, object_cache
from tidegate.operator.explain import phrases
from tidegate.operator.objects import pod_addresses
from tidegate.operator.ownership import ownership_rules

_ADVICE = "So nobody's end ends it; it stays unless it was pushed with a ttl, or until somebody deletes it."

_EXPIRED = "Its time to live is over, so it drains."


def unowned(
    picture: cluster_cache.Picture, record: control_api.GroupRecord, *, rules: settings.RuleSettings
) -> tuple[str, ...]:
    """Why this group has no owner."""
    by = ownership_rules.pushers(picture, record, rules=rules)
    clauses = [_by_address(picture, record, by=by, rules=rules), *_by_name(picture, record, by=by, rules=rules)]
    told = [clause for clause in clauses if clause]
    comes = _EXPIRED if record.draining else _ADVICE
    return (phrases.sentence(*told), comes) if told else (comes,)


def last_push(picture: cluster_cache.Picture, record: control_api.GroupRecord, *, rules: settings.RuleSettings) -> str:
    """From where the last push came, as it may follow a sentence about it."""
    by = ownership_rules.pushers(picture, record, rules=rules)
    if by.last is not None:
        whose = "" if by.known is None else f" of {by.known.view.owner}"
        return f" from {_pod(by.last.pod)}{whose}"
    return f" from {record.last_pusher}" if record.last_pusher else ""


def _by_address(
    picture: cluster_cache.Picture,
    record: control_api.GroupRecord,
    *,
    by: ownership_rules.Pushers,
    rules: settings.RuleSettings,
) -> str:
    """Why its address leads to nobody."""
    if settings.ADDRESS not in rules.ownership:
        return ""
    if not record.push_time:
        return "no push of it has succeeded yet"
    if record.last_pusher is None:
        return "the gateway knows no address that it was pushed from"
    if by.last is None:
        return _no_pod(picture.address(record.last_pusher), record, rules=rules)
    pod = _pod(by.last.pod)
    if by.known is None:
        return f"{pod} pushed it, and is of no object that is looked at: a proxy, or something that runs on"
    if by.service is not None:
        return f"{pod} pushed it, but so does something that runs on"
    owner = by.known.view.owner
    if not ownership_rules.may_own(owner, record.key, by=by):
        return f"{pod} of {owner} pushed it, but its namespace label is another one"
    if by.known.view.rules.keys is not None:
        return f"{pod} of {owner} pushed it, but what is named as its own are other groups"
    return f"{pod} of {owner} pushed it, which {_ended(by.known)}"


def _no_pod(
    answer: pod_addresses.Answer | None, record: control_api.GroupRecord, *, rules: settings.RuleSettings
) -> str:
    address = record.last_pusher
    if answer is None or not answer.pods:
        return f"no pod has the address {address} that it was pushed from"
    if all(pod.is_host for pod in answer.pods):
        return f"it was pushed from {address}, the address of a node, which is that of many"
    if any(pod.may_push(record.push_time, tolerance=rules.clock_skew) for pod in answer.pods):
        return f"it was pushed from {address}, which several pods had then"
    return f"it was pushed from {address}, which no pod had then that is there still"


def _by_name(
    picture: cluster_cache.Picture,
    record: control_api.GroupRecord,
    *,
    by: ownership_rules.Pushers,
    rules: settings.RuleSettings,
) -> list[str]:
    """Why those that look like its owners are not."""
    near = sorted(picture.candidates(record), key=lambda known: known.view.owner)
    named = [known for known in near if known != by.known]
    if named:
        return phrases.shortened([_why_not(known, record, by=by, rules=rules) for known in named])
    if settings.NAME not in rules.ownership or near:
        return []
    return [f'no object that is looked at is called "{grouping.label(record.key, "job")}"']


def _why_not(
    known: object_cache.Known,
    record: control_api.GroupRecord,
    *,
    by: ownership_rules.Pushers,
    rules: settings.RuleSettings,
) -> str:
    owner = known.view.owner
    if (label := grouping.label(record.key, "namespace")) not in (None, "", owner.namespace):
        return f"{owner} is in another namespace than its label says, {label}"
    if not ownership_rules.may_own(owner, record.key, by=by):
        return f"{owner} is in another namespace than the pod that pushed it"
    if known.view.rules.keys is not None and not ownership_rules.names_group(known.view, record.key):
        return f"{owner} names other groups as its own"
    if record.push_time and record.push_time < known.view.created - rules.clock_skew:
        return f"{owner} was created after the last push"
    if known.has_ended and by.end_with_other(owner):
        return f"{owner} has ended, and somebody else pushed since"
    if known.has_ended:
        return f"{owner} {_ended(known)} before the last push"
    return f"{owner} looks like its owner, but no rule of --ownership={','.join(rules.ownership)} says that it is"


def _ended(known: object_cache.Known) -> str:
    finish = known.view.finish
    if finish is not None:
        return f"ended at {phrases.moment(finish.at)}"
    return "is gone" if known.gone_at is None else f"was gone at {phrases.moment(known.gone_at)}"


def _pod(pod: pod_addresses.AddressPod) -> str:
    return f"Pod {pod.namespace}/{pod.name}"
