"""What joins a group to an object: the rules of ``--ownership``, each as a pure function."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from tidegate import settings
from tidegate.controller import (
    groupindexes,
    keypatterns,
    kinds,
    pictures,
    podaddresses,
    podnames,
    rosters,
    terms,
    views,
)
from tidegate.model import groups, owners, records


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


@dataclass(frozen=True, slots=True)
class Pusher:
    """Who made the last push of a group, as far as its address tells.

    :param pod: the pod that made it; ``None`` where no pod of the cluster did, or it cannot be told which one.
    :param known: the object that the pod is of, where its kind is watched.
    :param service: a pod that pushes this group, runs, and belongs to no object whose end could end the group. It is a
        service that pushes for itself, or a proxy.
    """

    pod: podaddresses.AddressPod | None = None
    known: rosters.Known | None = None
    service: podaddresses.AddressPod | None = None

    @property
    def is_service(self) -> bool:
        """Whether such a pod made the last push itself."""
        return self.service is not None and self.service == self.pod

    @property
    def is_shared(self) -> bool:
        """Whether such a pod made a push before the last one."""
        return self.service is not None and self.service != self.pod

    def is_of_other(self, owner: owners.Owner) -> bool:
        """Whether an object made the last push that is neither this one nor one of its runs."""
        if self.known is None:
            return False
        view = self.known.view
        return owner.uid != view.uid and (view.parent is None or view.parent.uid != owner.uid)


def pusher(picture: pictures.Picture, record: records.GroupRecord, *, rules: settings.RuleSettings) -> Pusher:
    """Who made the last push of this group."""
    if settings.ADDRESS not in rules.ownership or not record.pushers or not record.push_time:
        return Pusher()
    answer = picture.address(record.pushers[0])
    pod = None if answer is None else answer.pusher(record.push_time, tolerance=rules.clock_skew)
    known = None if pod is None else picture.by_uid(pod.owner)
    pods = [] if pod is None or pod.until is not None else [pod]
    for address in record.pushers[1:]:
        if (found := picture.address(address)) is not None:
            pods.extend(found.running())
    service = next((each for each in pods if picture.by_uid(each.owner) is None), None)
    return Pusher(pod, known, service)


def find(
    view: views.OwnerView,
    record: records.GroupRecord,
    *,
    by: Pusher,
    picture: pictures.Picture,
    rules: settings.RuleSettings,
) -> Evidence | None:
    """What joins this group to this object now, by the first rule that does; ``None`` when nothing does."""
    if not may_own(view.owner, record.key, by=by):
        return None
    for rule in rules.ownership:
        # What names its groups has no others.
        if view.rules.keys is not None and rule != settings.ANNOTATION:
            continue
        found = _by(rule, view, record.key, by=by, picture=picture)
        if found is Evidence.ADDRESS and settings.POD in rules.ownership and _names_pod(view, record.key, by, picture):
            return Evidence.POD
        if found is not None:
            return found
    return None


def may_own(owner: owners.Owner, key: groups.GroupingKey, *, by: Pusher) -> bool:
    """Whether the group is of the object's namespace, as far as its label and its address tell.

    SECURITY: whatever else a Job says of itself, it ends nothing of another namespace.
    """
    # To Prometheus an empty label is no label.
    if groups.label(key, "namespace") not in (None, "", owner.namespace):
        return False
    return by.known is None or by.known.view.owner.namespace == owner.namespace


def named_pods(view: views.OwnerView, key: groups.GroupingKey) -> list[str]:
    """The names in this group's labels that this object's pods may have, of which the API server is to say whose."""
    return [value for value in groupindexes.pod_values(key) if _may_name_pod(view, value)]


def _by(
    rule: str, view: views.OwnerView, key: groups.GroupingKey, *, by: Pusher, picture: pictures.Picture
) -> Evidence | None:
    """What joins them by this rule alone."""
    match rule:
        case settings.ADDRESS:
            return _by_address(view, key, by, picture)
        case settings.ANNOTATION:
            return _by_annotation(view, key)
        case settings.POD:
            return _by_pod(view, key, picture)
        case settings.NAME:
            return _by_name(view, key)
    raise ValueError(f"there is no rule {rule}")


def _by_address(
    view: views.OwnerView, key: groups.GroupingKey, by: Pusher, picture: pictures.Picture
) -> Evidence | None:
    if by.pod is None or by.known is None or by.is_shared:
        return None
    run = by.known.view
    cronjob = terms.cronjob(run)
    # What has its CronJob's name is its CronJob's, whichever run pushed it; unless it says which one did.
    if cronjob is not None and groups.label(key, "job") == cronjob.name and not _names_pod(run, key, by, picture):
        return Evidence.ADDRESS if view.uid == cronjob.uid else None
    return Evidence.ADDRESS if view.uid == run.uid else None


def _names_pod(view: views.OwnerView, key: groups.GroupingKey, by: Pusher, picture: pictures.Picture) -> bool:
    """Whether the group says which pod of this object pushed it."""
    if by.pod is not None and by.pod.name in groupindexes.pod_values(key):
        return True
    return _by_pod(view, key, picture) is not None


def _by_annotation(view: views.OwnerView, key: groups.GroupingKey) -> Evidence | None:
    return Evidence.ANNOTATION if names_group(view, key) else None


def names_group(view: views.OwnerView, key: groups.GroupingKey) -> bool:
    """Whether the object, or a policy for it, names this group as its own. A CronJob's words are for its runs."""
    if view.rules.keys is None or view.kind == kinds.CRONJOB.name:
        return False
    return any(keypatterns.matches(pattern, key) for pattern in view.rules.keys)


def _by_pod(view: views.OwnerView, key: groups.GroupingKey, picture: pictures.Picture) -> Evidence | None:
    if view.kind == kinds.CRONJOB.name:
        return None
    for value in groupindexes.pod_values(key):
        if (found := _by_pod_value(view, value, answers=picture.pods.get(value, {}))) is not None:
            return found
    return None


def _by_pod_value(view: views.OwnerView, value: str, *, answers: Mapping[str, owners.Uid | None]) -> Evidence | None:
    owner = view.owner
    if value in _hostnames(view) or podnames.is_hostname(value, job=owner.name, completions=view.completions):
        return Evidence.HOSTNAME
    if not _may_name_pod(view, value) or owner.namespace not in answers:
        return None
    uid = answers[owner.namespace]
    if uid is None:
        # Only of a Job's pods a name alone says so much: it has a random part.
        return Evidence.POD_NAME if view.kind == kinds.JOB.name else None
    return Evidence.POD if uid == owner.uid else None


def _hostnames(view: views.OwnerView) -> tuple[str | None, ...]:
    """What its pods are called by themselves; a pod of its own bears its name, which the next one may have, too."""
    return (view.hostname, view.owner.name) if view.kind == kinds.POD.name else (view.hostname,)


def _may_name_pod(view: views.OwnerView, value: str) -> bool:
    """Whether a pod of this name may be one that this object made."""
    if view.kind == kinds.JOB.name:
        return podnames.is_pod_name(value, job=view.owner.name, completions=view.completions)
    return view.kind not in (kinds.CRONJOB.name, kinds.POD.name) and view.owner.name in podnames.beginnings(value)


def _by_name(view: views.OwnerView, key: groups.GroupingKey) -> Evidence | None:
    return Evidence.NAME if groups.label(key, "job") == view.owner.name else None
