"""Ownership rules: how each rule of ``--ownership`` leads from a group to an object. Pure functions."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tidegate import settings
from tidegate.model import control_api, grouping, owners
from tidegate.operator.cache import cluster_cache, group_index, object_cache, owner_views
from tidegate.operator.objects import owner_kinds, pod_addresses, pod_names
from tidegate.operator.ownership import cleanup_time
from tidegate.operator.policy import key_patterns


class RuleMatch(enum.Enum):
    """How a rule led from a group to an object."""

    ADDRESS = "address"
    """The last push came from the address of its pod, while that pod had it."""
    ANNOTATION = "annotation"
    """Its annotation names the group, or a policy does for it."""
    POD = "pod"
    """A label names a pod that belongs to this object according to the API server."""
    POD_NAME = "pod name"
    """A label is a name that pods of this Job get; the pod no longer exists."""
    HOSTNAME = "hostname"
    """A label is the hostname of its pods, or its own name if it is a pod; other objects may have the same."""
    NAME = "name"

    @property
    def rule(self) -> str:
        """The rule, as in ``--ownership``."""
        return settings.POD if self in (RuleMatch.POD_NAME, RuleMatch.HOSTNAME) else self.value

    @property
    def holds_for_earlier_pushes(self) -> bool:
        """Whether it makes the object an owner even if the last push is older than the object."""
        return self in (RuleMatch.ADDRESS, RuleMatch.ANNOTATION, RuleMatch.POD)


class Push(NamedTuple):
    """A push whose pod is known.

    :param known: the object that the pod belongs to, if its kind is watched.
    """

    pod: pod_addresses.AddressPod
    known: object_cache.CachedObject | None

    def is_from(self, owner: owners.Owner) -> bool:
        """Whether a pod of this object, or of one of its runs, made it."""
        if self.known is None:
            return False
        view = self.known.view
        return owner.uid == view.uid or (view.parent is not None and view.parent.uid == owner.uid)


@dataclass(frozen=True, slots=True)
class PusherPods:
    """The pods that pushed a group, as far as their addresses are known.

    :param last: the last push; ``None`` if its pod is unknown.
    :param earlier: the earlier pushes that the gateway remembers.
    """

    last: Push | None = None
    earlier: tuple[Push, ...] = ()

    @property
    def last_object(self) -> object_cache.CachedObject | None:
        """The object whose pod made the last push."""
        return None if self.last is None else self.last.known

    @property
    def all(self) -> tuple[Push, ...]:
        """All known pushes, the last one first."""
        return self.earlier if self.last is None else (self.last, *self.earlier)

    @property
    def service_pod(self) -> pod_addresses.AddressPod | None:
        """A running pod that pushes this group and belongs to no watched object: of a service, or a proxy."""
        return next((push.pod for push in self.all if push.known is None and push.pod.ended_at is None), None)

    @property
    def last_is_from_service(self) -> bool:
        """Whether such a pod made the last push."""
        return self.last is not None and self.last.known is None and self.last.pod.ended_at is None

    def include(self, owner: owners.Owner) -> bool:
        """Whether a pod of this object, or of one of its runs, is among them."""
        return any(push.is_from(owner) for push in self.all)

    def last_is_from_other(self, owner: owners.Owner) -> bool:
        """Whether a pod of an object that is neither this one nor one of its runs made the last push."""
        return self.last is not None and self.last.known is not None and not self.last.is_from(owner)


def find_pushers(
    cache: cluster_cache.ClusterCache, record: control_api.GroupRecord, *, rules: settings.RuleSettings
) -> PusherPods:
    """The pods that pushed this group; none without the ownership rule ``address``."""
    if settings.ADDRESS not in rules.ownership or not record.push_time:
        return PusherPods()
    last: Push | None = None
    earlier: list[Push] = []
    for index, source in enumerate(record.sources):
        result = cache.get_address(source.address)
        pod = None if result is None else result.pusher(source.at, tolerance=rules.clock_skew)
        if pod is None:
            continue
        push = Push(pod, cache.get_by_uid(pod.owner))
        if index == 0 and record.last_pusher is not None:
            last = push
        else:
            earlier.append(push)
    return PusherPods(last, tuple(earlier))


def match_object(
    view: owner_views.OwnerView,
    record: control_api.GroupRecord,
    *,
    pushers: PusherPods,
    cache: cluster_cache.ClusterCache,
    rules: settings.RuleSettings,
) -> RuleMatch | None:
    """The match of the first rule that leads from this group to this object; ``None`` if no rule does.

    If a service pushes the group, too, a match by address says little about its end: a later match replaces it.
    """
    if not has_namespace(view.owner, record.key):
        return None
    result: RuleMatch | None = None
    for rule in rules.ownership:
        # An object with named groups has no others.
        if view.rules.keys is not None and rule != settings.ANNOTATION:
            continue
        # The address of a push is a fact; labels and annotations may say anything.
        if rule != settings.ADDRESS and not may_own(view.owner, record.key, pushers=pushers):
            continue
        match = _match(rule, view, record.key, pushers=pushers, cache=cache)
        is_by_address = match is RuleMatch.ADDRESS
        if is_by_address and settings.POD in rules.ownership and _names_pod(view, record.key, pushers, cache):
            return RuleMatch.POD
        result = match or result
        if match is not None and not (is_by_address and pushers.service_pod is not None):
            break
    return result


def has_namespace(owner: owners.Owner, key: grouping.GroupingKey) -> bool:
    """Whether the group has the object's namespace as its namespace label, or no such label."""
    # Prometheus treats an empty label as a missing one.
    return grouping.label(key, "namespace") in (None, "", owner.namespace)


def may_own(owner: owners.Owner, key: grouping.GroupingKey, *, pushers: PusherPods) -> bool:
    """Whether the group belongs to the object's namespace, by its label and its last push.

    SECURITY: whatever the annotations of a Job name, its end deletes no group of another namespace.
    """
    last = pushers.last_object
    return has_namespace(owner, key) and (last is None or last.view.owner.namespace == owner.namespace)


def may_still_own(claim: owners.Claim, key: grouping.GroupingKey, *, pushers: PusherPods) -> bool:
    """Whether the owner of a claim may keep it, by label and addresses.

    An owner whose pod has pushed the group keeps it even if pods of other namespaces push it, too.
    """
    has_pushed = claim.rule == settings.ADDRESS or pushers.include(claim.owner)
    return may_own(claim.owner, key, pushers=pushers) or (has_pushed and has_namespace(claim.owner, key))


def possible_pod_names(view: owner_views.OwnerView, key: grouping.GroupingKey) -> list[str]:
    """The label values that may be names of this object's pods; the API server knows whether they are."""
    return [value for value in group_index.pod_values(key) if _may_name_pod(view, value)]


def names_group(view: owner_views.OwnerView, key: grouping.GroupingKey) -> bool:
    """Whether the object's annotation, or a policy, names this group. A CronJob's rules are for its runs."""
    if view.rules.keys is None or view.kind == owner_kinds.CRONJOB.name:
        return False
    return any(key_patterns.matches(pattern, key) for pattern in view.rules.keys)


def _match(
    rule: str,
    view: owner_views.OwnerView,
    key: grouping.GroupingKey,
    *,
    pushers: PusherPods,
    cache: cluster_cache.ClusterCache,
) -> RuleMatch | None:
    """The match by this rule alone."""
    match rule:
        case settings.ADDRESS:
            return _match_address(view, key, pushers, cache)
        case settings.ANNOTATION:
            return RuleMatch.ANNOTATION if names_group(view, key) else None
        case settings.POD:
            return _match_pod(view, key, cache)
        case settings.NAME:
            return RuleMatch.NAME if grouping.label(key, "job") == view.owner.name else None
    raise ValueError(f"there is no ownership rule {rule}")


def _match_address(
    view: owner_views.OwnerView, key: grouping.GroupingKey, pushers: PusherPods, cache: cluster_cache.ClusterCache
) -> RuleMatch | None:
    for push in pushers.all:
        if push.known is None:
            continue
        run = push.known.view
        owner = run.owner
        cronjob = cleanup_time.cronjob(run)
        # A group with the name of a CronJob belongs to it, whichever run pushed it, unless a label names the run's pod.
        if cronjob is not None and grouping.label(key, "job") == cronjob.name:
            owner = owner if _names_pod(run, key, pushers, cache) else cronjob
        if view.uid == owner.uid:
            return RuleMatch.ADDRESS
    return None


def _names_pod(
    view: owner_views.OwnerView, key: grouping.GroupingKey, pushers: PusherPods, cache: cluster_cache.ClusterCache
) -> bool:
    """Whether a label names the pod of this object that pushed the group."""
    names = group_index.pod_values(key)
    if any(push.pod.name in names and push.is_from(view.owner) for push in pushers.all):
        return True
    return _match_pod(view, key, cache) is not None


def _match_pod(
    view: owner_views.OwnerView, key: grouping.GroupingKey, cache: cluster_cache.ClusterCache
) -> RuleMatch | None:
    if view.kind == owner_kinds.CRONJOB.name:
        return None
    for value in group_index.pod_values(key):
        match = _match_pod_value(view, value, uid_by_namespace=cache.pod_owners.get(value, {}))
        if match is not None:
            return match
    return None


def _match_pod_value(
    view: owner_views.OwnerView, value: str, *, uid_by_namespace: Mapping[str, owners.Uid | None]
) -> RuleMatch | None:
    """The match of one label value.

    :param uid_by_namespace: the owners of the pods with this name; ``None`` where there is no such pod.
    """
    owner = view.owner
    if value in _hostnames(view) or pod_names.is_hostname(value, job=owner.name, completions=view.completions):
        return RuleMatch.HOSTNAME
    if not _may_name_pod(view, value) or owner.namespace not in uid_by_namespace:
        return None
    uid = uid_by_namespace[owner.namespace]
    if uid is None:
        # Only the pod names of Jobs have a random part, so only they identify an object by themselves.
        return RuleMatch.POD_NAME if view.kind == owner_kinds.JOB.name else None
    return RuleMatch.POD if uid == owner.uid else None


def _hostnames(view: owner_views.OwnerView) -> tuple[str | None, ...]:
    """The hostnames of its pods. A standalone pod has its own name, which a later pod may have, too."""
    return (view.hostname, view.owner.name) if view.kind == owner_kinds.POD.name else (view.hostname,)


def _may_name_pod(view: owner_views.OwnerView, value: str) -> bool:
    """Whether this may be the name of a pod of this object."""
    if view.kind == owner_kinds.JOB.name:
        return pod_names.is_pod_name(value, job=view.owner.name, completions=view.completions)
    has_no_pods = view.kind in (owner_kinds.CRONJOB.name, owner_kinds.POD.name)
    return not has_no_pods and view.owner.name in pod_names.prefixes(value)
