"""What joins a group to an object: the rules of ``--ownership``, each as a pure function."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tidegate import settings
from tidegate.model import control_api, grouping, owners
from tidegate.operator.cache import cluster_cache, group_index, object_cache, owner_views
from tidegate.operator.objects import owner_kinds, pod_addresses, pod_names
from tidegate.operator.ownership import cleanup_due
from tidegate.operator.policy import key_patterns


class Evidence(enum.Enum):
    """What joins a group to an object."""

    ADDRESS = "address"
    """The last push came from the address of its pod, while that pod had it."""
    ANNOTATION = "annotation"
    """It names the group, or a policy does for it."""
    POD = "pod"
    """The label names a pod of which the API server says that it is this object's."""
    POD_NAME = "pod name"
    """The label is a name that this Job's pods get; the pod itself is no longer there to be asked."""
    HOSTNAME = "hostname"
    """The label is what its pod calls itself, or its own name where it is a pod; others may be called so, too."""
    NAME = "name"

    @property
    def rule(self) -> str:
        """The rule that this evidence is of, as ``--ownership`` has it."""
        return settings.POD if self in (Evidence.POD_NAME, Evidence.HOSTNAME) else self.value

    @property
    def is_proof(self) -> bool:
        """Whether it joins a group to an object even if its last push is older than that."""
        return self in (Evidence.ADDRESS, Evidence.ANNOTATION, Evidence.POD)


class Push(NamedTuple):
    """A push of which the pod is known that made it.

    :param known: the object that the pod is of, where its kind is watched.
    """

    pod: pod_addresses.AddressPod
    known: object_cache.CachedObject | None

    def is_of(self, owner: owners.Owner) -> bool:
        """Whether a pod of this object, or of one of its runs, made it."""
        if self.known is None:
            return False
        view = self.known.view
        return owner.uid == view.uid or (view.parent is not None and view.parent.uid == owner.uid)


@dataclass(frozen=True, slots=True)
class Pushers:
    """Who pushed a group, as far as the addresses tell.

    :param last: the last push; ``None`` where it is not known which pod made it.
    :param earlier: those before it that the gateway remembers.
    """

    last: Push | None = None
    earlier: tuple[Push, ...] = ()

    @property
    def known(self) -> object_cache.CachedObject | None:
        """The object whose pod made the last push."""
        return None if self.last is None else self.last.known

    @property
    def all(self) -> tuple[Push, ...]:
        """All pushes that are known, the last one first."""
        return self.earlier if self.last is None else (self.last, *self.earlier)

    @property
    def service(self) -> pod_addresses.AddressPod | None:
        """A pod that pushes this group, runs, and belongs to no object whose end could end the group.

        It is a service that pushes for itself, or a proxy.
        """
        return next((push.pod for push in self.all if push.known is None and push.pod.ended_at is None), None)

    @property
    def is_last_of_service(self) -> bool:
        """Whether such a pod made the last push itself."""
        return self.last is not None and self.last.known is None and self.last.pod.ended_at is None

    def have_been(self, owner: owners.Owner) -> bool:
        """Whether a pod of this object, or of one of its runs, is among them."""
        return any(push.is_of(owner) for push in self.all)

    def end_with_other(self, owner: owners.Owner) -> bool:
        """Whether an object made the last push that is neither this one nor one of its runs."""
        return self.last is not None and self.last.known is not None and not self.last.is_of(owner)


def pushers(
    cache: cluster_cache.ClusterCache, record: control_api.GroupRecord, *, rules: settings.RuleSettings
) -> Pushers:
    """Who pushed this group."""
    if settings.ADDRESS not in rules.ownership or not record.push_time:
        return Pushers()
    last: Push | None = None
    earlier: list[Push] = []
    for number, source in enumerate(record.sources):
        answer = cache.get_address(source.address)
        pod = None if answer is None else answer.pusher(source.at, tolerance=rules.clock_skew)
        if pod is None:
            continue
        push = Push(pod, cache.get_by_uid(pod.owner))
        if number == 0 and record.last_pusher is not None:
            last = push
        else:
            earlier.append(push)
    return Pushers(last, tuple(earlier))


def find(
    view: owner_views.OwnerView,
    record: control_api.GroupRecord,
    *,
    by: Pushers,
    cache: cluster_cache.ClusterCache,
    rules: settings.RuleSettings,
) -> Evidence | None:
    """What joins this group to this object now, by the first rule that does; ``None`` when nothing does.

    Where a service pushes the group, too, an address says little of an end: then a later rule counts that agrees.
    """
    if not has_namespace(view.owner, record.key):
        return None
    found: Evidence | None = None
    for rule in rules.ownership:
        # What names its groups has no others.
        if view.rules.keys is not None and rule != settings.ANNOTATION:
            continue
        # Whose pod pushed is a fact. All else may be said by anybody.
        if rule != settings.ADDRESS and not may_own(view.owner, record.key, by=by):
            continue
        here = _by(rule, view, record.key, by=by, cache=cache)
        if here is Evidence.ADDRESS and settings.POD in rules.ownership and _names_pod(view, record.key, by, cache):
            return Evidence.POD
        found = here or found
        if here is not None and not (here is Evidence.ADDRESS and by.service is not None):
            break
    return found


def has_namespace(owner: owners.Owner, key: grouping.GroupingKey) -> bool:
    """Whether the group's label says no other namespace than the object's."""
    # To Prometheus an empty label is no label.
    return grouping.label(key, "namespace") in (None, "", owner.namespace)


def may_own(owner: owners.Owner, key: grouping.GroupingKey, *, by: Pushers) -> bool:
    """Whether the group is of the object's namespace, as far as its label and its last push tell.

    SECURITY: whatever else a Job says of itself, it ends nothing of another namespace.
    """
    return has_namespace(owner, key) and (by.known is None or by.known.view.owner.namespace == owner.namespace)


def may_keep(claim: owners.Claim, key: grouping.GroupingKey, *, by: Pushers) -> bool:
    """Whether the owner of a claim may have this group still, as far as label and addresses tell.

    One whose pod has pushed it has it beside those of other namespaces that push it.
    """
    has_pushed = claim.rule == settings.ADDRESS or by.have_been(claim.owner)
    return may_own(claim.owner, key, by=by) or (has_pushed and has_namespace(claim.owner, key))


def named_pods(view: owner_views.OwnerView, key: grouping.GroupingKey) -> list[str]:
    """The names in this group's labels that this object's pods may have, of which the API server is to say whose."""
    return [value for value in group_index.pod_values(key) if _may_name_pod(view, value)]


def _by(
    rule: str, view: owner_views.OwnerView, key: grouping.GroupingKey, *, by: Pushers, cache: cluster_cache.ClusterCache
) -> Evidence | None:
    """What joins them by this rule alone."""
    match rule:
        case settings.ADDRESS:
            return _by_address(view, key, by, cache)
        case settings.ANNOTATION:
            return _by_annotation(view, key)
        case settings.POD:
            return _by_pod(view, key, cache)
        case settings.NAME:
            return _by_name(view, key)
    raise ValueError(f"there is no rule {rule}")


def _by_address(
    view: owner_views.OwnerView, key: grouping.GroupingKey, by: Pushers, cache: cluster_cache.ClusterCache
) -> Evidence | None:
    for push in by.all:
        if push.known is None:
            continue
        run = push.known.view
        owner = run.owner
        cronjob = cleanup_due.cronjob(run)
        # What has its CronJob's name is its CronJob's, whichever run pushed it; unless it says which one did.
        if cronjob is not None and grouping.label(key, "job") == cronjob.name and not _names_pod(run, key, by, cache):
            owner = cronjob
        if view.uid == owner.uid:
            return Evidence.ADDRESS
    return None


def _names_pod(
    view: owner_views.OwnerView, key: grouping.GroupingKey, by: Pushers, cache: cluster_cache.ClusterCache
) -> bool:
    """Whether the group says which pod of this object pushed it."""
    names = group_index.pod_values(key)
    if any(push.pod.name in names and push.is_of(view.owner) for push in by.all):
        return True
    return _by_pod(view, key, cache) is not None


def _by_annotation(view: owner_views.OwnerView, key: grouping.GroupingKey) -> Evidence | None:
    return Evidence.ANNOTATION if names_group(view, key) else None


def names_group(view: owner_views.OwnerView, key: grouping.GroupingKey) -> bool:
    """Whether the object, or a policy for it, names this group as its own. A CronJob's words are for its runs."""
    if view.rules.keys is None or view.kind == owner_kinds.CRONJOB.name:
        return False
    return any(key_patterns.matches(pattern, key) for pattern in view.rules.keys)


def _by_pod(
    view: owner_views.OwnerView, key: grouping.GroupingKey, cache: cluster_cache.ClusterCache
) -> Evidence | None:
    if view.kind == owner_kinds.CRONJOB.name:
        return None
    for value in group_index.pod_values(key):
        if (found := _by_pod_value(view, value, answers=cache.pod_owners.get(value, {}))) is not None:
            return found
    return None


def _by_pod_value(
    view: owner_views.OwnerView, value: str, *, answers: Mapping[str, owners.Uid | None]
) -> Evidence | None:
    owner = view.owner
    if value in _hostnames(view) or pod_names.is_hostname(value, job=owner.name, completions=view.completions):
        return Evidence.HOSTNAME
    if not _may_name_pod(view, value) or owner.namespace not in answers:
        return None
    uid = answers[owner.namespace]
    if uid is None:
        # Only of a Job's pods a name alone says so much: it has a random part.
        return Evidence.POD_NAME if view.kind == owner_kinds.JOB.name else None
    return Evidence.POD if uid == owner.uid else None


def _hostnames(view: owner_views.OwnerView) -> tuple[str | None, ...]:
    """What its pods are called by themselves; a pod of its own bears its name, which the next one may have, too."""
    return (view.hostname, view.owner.name) if view.kind == owner_kinds.POD.name else (view.hostname,)


def _may_name_pod(view: owner_views.OwnerView, value: str) -> bool:
    """Whether a pod of this name may be one that this object made."""
    if view.kind == owner_kinds.JOB.name:
        return pod_names.is_pod_name(value, job=view.owner.name, completions=view.completions)
    return view.kind not in (
        owner_kinds.CRONJOB.name,
        owner_kinds.POD.name,
    ) and view.owner.name in pod_names.prefixes(value)


def _by_name(view: owner_views.OwnerView, key: grouping.GroupingKey) -> Evidence | None:
    return Evidence.NAME if grouping.label(key, "job") == view.owner.name else None
