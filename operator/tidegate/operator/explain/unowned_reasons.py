"""The reasons why no ownership rule leads from a group to an object: pure functions of the cache."""

from __future__ import annotations

from tidegate import settings
from tidegate.model import control_api, grouping, owners, reason_texts, reasons
from tidegate.operator.cache import cluster_cache, object_cache
from tidegate.operator.objects import pod_addresses
from tidegate.operator.ownership import ownership_rules
from tidegate.operator.policy import cleanup_rules

_Code = reasons.Code


def unowned(
    cache: cluster_cache.ClusterCache, record: control_api.GroupRecord, *, rules: settings.RuleSettings
) -> list[reasons.Reason]:
    """Why this group has no owner, and what happens to it."""
    group = _UnownedGroup(cache, record, rules=rules)
    expired = reasons.reason(_Code.TTL_EXPIRED if record.draining else _Code.UNOWNED_ADVICE)
    return [*group.by_address(), *group.by_name(), expired]


def last_push(
    cache: cluster_cache.ClusterCache, record: control_api.GroupRecord, *, rules: settings.RuleSettings
) -> list[reasons.Reason]:
    """Where the last push came from; empty where that is not known."""
    pushers = ownership_rules.find_pushers(cache, record, rules=rules)
    if pushers.last is not None:
        pod = _pod(pushers.last.pod)
        if pushers.last_object is None:
            return [reasons.reason(_Code.LAST_PUSH_BY_POD, pod=pod)]
        return [reasons.reason(_Code.LAST_PUSH_BY_POD_OF_OWNER, pod=pod, owner=pushers.last_object.view.owner)]
    if record.last_pusher:
        return [reasons.reason(_Code.LAST_PUSH_FROM_ADDRESS, address=record.last_pusher)]
    return []


class _UnownedGroup:
    """A group without an owner, with the objects that could have been its owners."""

    def __init__(
        self, cache: cluster_cache.ClusterCache, record: control_api.GroupRecord, *, rules: settings.RuleSettings
    ) -> None:
        self._cache = cache
        self._record = record
        self._rules = rules
        self._pushers = ownership_rules.find_pushers(cache, record, rules=rules)

    def by_address(self) -> list[reasons.Reason]:
        """Why the address of the last push leads to no owner; empty without the rule ``address``."""
        if settings.ADDRESS not in self._rules.ownership:
            return []
        if not self._record.push_time:
            return [reasons.reason(_Code.NO_SUCCESSFUL_PUSH)]
        if self._record.last_pusher is None:
            return [reasons.reason(_Code.ADDRESS_UNKNOWN)]
        if self._pushers.last is None:
            return [self._no_pod(self._record.last_pusher)]
        return [self._pod_of_no_owner(self._pushers.last)]

    def by_name(self) -> list[reasons.Reason]:
        """Why the objects that the labels could name are not its owners."""
        candidates = sorted(self._cache.candidates(self._record), key=lambda known: known.view.owner)
        named = [known for known in candidates if known != self._pushers.last_object]
        if named:
            explained = [self._not_owner(known) for known in named[: reason_texts.NAMED]]
            if (more := len(named) - reason_texts.NAMED) > 0:
                explained.append(reasons.reason(_Code.MORE_CANDIDATES, count=more))
            return explained
        if settings.NAME not in self._rules.ownership or candidates:
            return []
        return [reasons.reason(_Code.NO_OBJECT_OF_THIS_NAME, job=grouping.label(self._record.key, "job"))]

    def _no_pod(self, address: str) -> reasons.Reason:
        answer = self._cache.get_address(address)
        if answer is None or not answer.pods:
            code = _Code.ADDRESS_OF_NO_POD
        elif all(pod.uses_host_network for pod in answer.pods):
            code = _Code.ADDRESS_OF_NODE
        elif any(pod.may_have_pushed(self._record.push_time, tolerance=self._rules.clock_skew) for pod in answer.pods):
            code = _Code.ADDRESS_OF_SEVERAL_PODS
        else:
            code = _Code.ADDRESS_REUSED
        return reasons.reason(code, address=address)

    def _pod_of_no_owner(self, push: ownership_rules.Push) -> reasons.Reason:
        pod, known = _pod(push.pod), push.known
        if known is None:
            return reasons.reason(_Code.PUSHER_NOT_WATCHED, pod=pod)
        if self._pushers.service_pod is not None:
            return reasons.reason(_Code.PUSHER_BESIDE_SERVICE, pod=pod)
        owner = known.view.owner
        if not ownership_rules.may_own(owner, self._record.key, pushers=self._pushers):
            return reasons.reason(_Code.PUSHER_IN_OTHER_NAMESPACE, pod=pod, owner=owner)
        if known.view.rules.keys is not None:
            return reasons.reason(_Code.PUSHER_OWNS_OTHER_GROUPS, pod=pod, owner=owner, source=_keys_source(known))
        if known.view.finish is not None or known.deleted_at is not None:
            return _pod_of_inactive_owner(known, pod=pod)
        return reasons.reason(_Code.PUSHER_NOT_OWNER, pod=pod, owner=owner, rules=",".join(self._rules.ownership))

    def _not_owner(self, known: object_cache.CachedObject) -> reasons.Reason:
        """Why this object, which the labels could name, is not an owner."""
        view, push_time = known.view, self._record.push_time
        if (reason := self._outside_namespace(view.owner)) is not None:
            return reason
        if view.rules.keys is not None and not ownership_rules.names_group(view, self._record.key):
            return reasons.reason(_Code.CANDIDATE_OWNS_OTHER_GROUPS, owner=view.owner, source=_keys_source(known))
        if push_time and push_time < view.created - self._rules.clock_skew:
            return reasons.reason(_Code.CANDIDATE_CREATED_LATER, owner=view.owner)
        if known.has_finished:
            return self._ended_before(known)
        return reasons.reason(_Code.CANDIDATE_WITHOUT_RULE, owner=view.owner, rules=",".join(self._rules.ownership))

    def _outside_namespace(self, owner: owners.Owner) -> reasons.Reason | None:
        label = grouping.label(self._record.key, "namespace")
        if label not in (None, "", owner.namespace):
            return reasons.reason(_Code.CANDIDATE_NOT_IN_LABELLED_NAMESPACE, owner=owner, namespace=label)
        if not ownership_rules.may_own(owner, self._record.key, pushers=self._pushers):
            return reasons.reason(_Code.CANDIDATE_NOT_IN_NAMESPACE_OF_POD, owner=owner)
        return None

    def _ended_before(self, known: object_cache.CachedObject) -> reasons.Reason:
        owner, finish = known.view.owner, known.view.finish
        if self._pushers.last_is_from_other(owner):
            return reasons.reason(_Code.CANDIDATE_NOT_LAST_PUSHER, owner=owner)
        if finish is not None:
            return reasons.reason(_Code.CANDIDATE_FINISHED_BEFORE, owner=owner, finished_at=finish.at)
        return reasons.reason(_Code.CANDIDATE_DELETED_BEFORE, owner=owner, deleted_at=known.deleted_at)


def _pod_of_inactive_owner(known: object_cache.CachedObject, *, pod: str) -> reasons.Reason:
    owner, finish = known.view.owner, known.view.finish
    if finish is not None:
        return reasons.reason(_Code.PUSHER_FINISHED, pod=pod, owner=owner, finished_at=finish.at)
    return reasons.reason(_Code.PUSHER_DELETED, pod=pod, owner=owner, deleted_at=known.deleted_at)


def _pod(pod: pod_addresses.AddressPod) -> str:
    return f"Pod {pod.namespace}/{pod.name}"


def _keys_source(known: object_cache.CachedObject) -> str:
    return cleanup_rules.source_name(known.view.rules.source.keys, cleanup_rules.GROUPING_KEY)
