"""Builders of objects, groups and caches, so that a test shows only the fields it is about.

Times are seconds after `START`; objects are created at 0 by default.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tidegate import settings
from tidegate.model import control_api, grouping, lifecycle, owners
from tidegate.model import pushers as model_pushers
from tidegate.operator.cache import cluster_cache, group_index, owner_views
from tidegate.operator.objects import completion, owner_kinds, pod_names
from tidegate.operator.planning import drain_planner
from tidegate.operator.policy import cleanup_rules
from tidegate.store import group_states

START = 1_700_000_000.0
RULES = settings.RuleSettings(drain_timeout=300.0, late_push_grace=60.0, clock_skew=5.0)


def job(
    name: str,
    *,
    uid: str | None = None,
    namespace: str = "prod",
    created: float = 0.0,
    finished: float | None = None,
    succeeded: bool = True,
    annotations: Mapping[str, str] | None = None,
    completions: int | None = None,
    hostname: str | None = None,
    parent: owners.Owner | None = None,
    labels: Mapping[str, str] | None = None,
    version: int | None = None,
) -> owner_views.OwnerView:
    return owner_views.OwnerView(
        owner=owners.Owner("Job", namespace, name, owners.Uid(uid or f"{namespace}-{name}-uid")),
        created=START + created,
        rules=cleanup_rules.parse(annotations or {}),
        finish=None if finished is None else completion.Finish(succeeded=succeeded, at=START + finished),
        completions=completions,
        hostname=hostname,
        parent=parent,
        labels=labels or {},
        own_rules=cleanup_rules.from_annotations(annotations or {}),
        version=version,
    )


def cronjob(
    name: str,
    *,
    uid: str | None = None,
    namespace: str = "prod",
    created: float = 0.0,
    annotations: Mapping[str, str] | None = None,
) -> owner_views.OwnerView:
    return owner_views.OwnerView(
        owner=owners.Owner("CronJob", namespace, name, owners.Uid(uid or f"{namespace}-{name}-cron-uid")),
        created=START + created,
        rules=cleanup_rules.parse(annotations or {}),
    )


def job_object(**changes: Any) -> dict[str, Any]:
    """Build a Job as the API server sends it, with these changes to its metadata, spec and status."""
    return {
        "metadata": {
            "name": "backup",
            "namespace": "prod",
            "uid": "u1",
            "creationTimestamp": "2023-11-14T22:13:20Z",
            "resourceVersion": "42",
            **changes.pop("metadata", {}),
        },
        "spec": {"template": {"spec": {}}, **changes.pop("spec", {})},
        "status": changes.pop("status", {}),
    }


def parsed(data: dict[str, Any], *, kind: owner_kinds.Kind = owner_kinds.JOB) -> owner_views.OwnerView:
    """Return the view of an object that the API server sends."""
    view = owner_views.parse(data, kind=kind)
    assert view is not None
    return view


def key(text: str) -> grouping.GroupingKey:
    """Parse a grouping key such as `job=backup,instance=db1`."""
    return grouping.grouping_key(dict(part.split("=", 1) for part in text.split(",")))


def group(
    text: str,
    *,
    pushed: float | None = 10.0,
    claims: Iterable[owner_views.OwnerView | owners.Claim] = (),
    revision: int = 7,
    drained: int | None = None,
    pushers: Iterable[str | tuple[str, float]] = (),
) -> control_api.GroupRecord:
    """Build a group with its last push, at `revision`; `drained` is the revision it was retired with.

    A pusher without a time made the last push.
    """
    sources = [(each, pushed or 0.0) if isinstance(each, str) else each for each in pushers]
    claimed = [each if isinstance(each, owners.Claim) else claim(each, rule=rule(each, key(text))) for each in claims]
    return control_api.GroupRecord(
        key=key(text),
        revision=revision,
        pushed_revision=revision,
        push_time=0.0 if pushed is None else START + pushed,
        claims={each.owner.uid: each for each in claimed},
        drain_pushed_revision=drained,
        sources=tuple(model_pushers.Source(address, START + at) for address, at in sources),
    )


def claim(view: owner_views.OwnerView, *, drain_timeout: float = 300.0, rule: str = settings.NAME) -> owners.Claim:
    return owners.Claim(owner=view.owner, drain_timeout=drain_timeout, rule=rule)


def rule(view: owner_views.OwnerView, name: grouping.GroupingKey) -> str:
    """Return the rule by which the object would own this group."""
    if view.rules.keys is not None:
        return settings.ANNOTATION
    values, job = group_index.pod_values(name), view.owner.name
    is_pod = any(
        value == view.hostname
        or pod_names.is_pod_name(value, job=job, completions=view.completions)
        or pod_names.is_hostname(value, job=job, completions=view.completions)
        for value in values
    )
    return settings.POD if is_pod and view.kind == owner_kinds.JOB.name else settings.NAME


def cache(
    *objects: owner_views.OwnerView,
    holds: Iterable[control_api.GroupRecord] = (),
    deleted: Iterable[owner_views.OwnerView] = (),
    deleted_at: float = 20.0,
    listed: bool = True,
    namespaces: Iterable[str] = (),
) -> cluster_cache.ClusterCache:
    """Build the cache after the start of the operator: first the groups, then a complete list of each kind."""
    result = cluster_cache.ClusterCache(namespaces=frozenset(namespaces))
    for record in holds:
        result.put_group(record, monotonic=0.0)
    for view in (*objects, *deleted):
        result.put_object(view, monotonic=1.0)
    for view in deleted:
        result.delete_object(view, wall=START + deleted_at)
    if listed:
        for kind in owner_kinds.ALWAYS_WATCHED:
            listed_objects = [view for view in objects if view.kind == kind.name]
            result.replace_objects(kind, listed_objects, started=2.0, monotonic=3.0, wall=START + deleted_at)
    return result


NOW = START + 100_000.0


def plan(cluster: cluster_cache.ClusterCache, *, now: float = NOW) -> drain_planner.Plan:
    """Plan all groups, at a time long after the events of the tests."""
    return drain_planner.plan(cluster, rules=RULES, now=now)


def is_retired(cluster: cluster_cache.ClusterCache, *, at: float) -> bool:
    """Whether a plan at this many seconds after :data:`START` retires a group."""
    return any(isinstance(action, control_api.StartDrain) for action in plan(cluster, now=START + at).actions)


def planned(cluster: cluster_cache.ClusterCache) -> list[str]:
    """Return the planned actions as text, such as `claim {job="x"} for Job prod/x`.

    Also check that the gateway accepts all of them, and that a second plan after them is empty.
    """
    actions = plan(cluster).actions
    for name in cluster.group_keys():
        record = cluster.group(name)
        assert record is not None
        cluster.put_group(applied(record, [action for action in actions if action.key == name]), monotonic=0.0)
    again = [describe(action) for action in plan(cluster).actions]
    assert again == [], f"planned again after {[describe(action) for action in actions]}"
    return [describe(action) for action in actions]


def describe(action: control_api.Action) -> str:
    match action:
        case control_api.ClaimGroup(key=name, claim=new_claim):
            return f"claim {grouping.describe(name)} for {new_claim.owner}"
        case control_api.ReleaseGroup(key=name, uid=uid):
            return f"release {grouping.describe(name)} of {uid}"
        case control_api.StartDrain(key=name, finished=uids):
            return f"retire {grouping.describe(name)} of {', '.join(uids)}"


def applied(
    record: control_api.GroupRecord, actions: Iterable[control_api.Action], *, now: float = START
) -> control_api.GroupRecord:
    """Return the group after the gateway applied these actions; fail if it rejects one of them."""
    life = lifecycle.Life(pushed_revision=record.pushed_revision, claims=record.claims)
    if record.drain_pushed_revision is not None:
        drain = lifecycle.Drain(pushed_revision=record.drain_pushed_revision, since=now, deadline=now + 1)
        life = lifecycle.Life(pushed_revision=life.pushed_revision, claims=life.claims, drain=drain)
    for action in actions:
        after = group_states.applied(action, life, now=now)
        assert not isinstance(after, lifecycle.Rejection), f"{describe(action)}: {after}"
        life = after
    return control_api.GroupRecord(
        key=record.key,
        revision=record.revision,
        pushed_revision=record.pushed_revision,
        push_time=record.push_time,
        claims=life.claims,
        drain_pushed_revision=None if life.drain is None else life.drain.pushed_revision,
        sources=record.sources,
    )
