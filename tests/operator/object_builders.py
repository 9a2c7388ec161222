"""Short words for objects, groups and pictures, so that a test shows only what it is about.

Times are seconds after `START`; everything is created at 0 unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tidegate import settings
from tidegate.model import control_api, grouping, lifecycle, owners
from tidegate.model import pushers as model_pushers
from tidegate.operator.cache import cluster_cache, group_index, owner_views
from tidegate.operator.objects import completion, owner_kinds, pod_names
from tidegate.operator.planning import planner
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


def key(text: str) -> grouping.GroupingKey:
    """A grouping key from `job=backup,instance=db1`."""
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
    """A group with its last push, which is the store's change `revision`; `drained` is the push it is retired with.

    Where no time of a pusher is told it pushed when the group was pushed last.
    """
    sources = [(each, pushed or 0.0) if isinstance(each, str) else each for each in pushers]
    claimed = [one if isinstance(one, owners.Claim) else claim(one, rule=rule(one, key(text))) for one in claims]
    return control_api.GroupRecord(
        key=key(text),
        revision=revision,
        pushed_revision=revision,
        push_time=0.0 if pushed is None else START + pushed,
        claims={one.owner.uid: one for one in claimed},
        drain_pushed_revision=drained,
        sources=tuple(model_pushers.Source(address, START + at) for address, at in sources),
    )


def claim(view: owner_views.OwnerView, *, drain_timeout: float = 300.0, rule: str = settings.NAME) -> owners.Claim:
    return owners.Claim(owner=view.owner, drain_timeout=drain_timeout, rule=rule)


def rule(view: owner_views.OwnerView, name: grouping.GroupingKey) -> str:
    """The rule by which the object would have come to claim this group."""
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
    gone: Iterable[owner_views.OwnerView] = (),
    gone_at: float = 20.0,
    listed: bool = True,
    namespaces: Iterable[str] = (),
) -> cluster_cache.ClusterCache:
    """What the operator knows after its start: the groups first, then a complete list of each kind of object."""
    made = cluster_cache.ClusterCache(namespaces=frozenset(namespaces))
    for record in holds:
        made.put_group(record, monotonic=0.0)
    for view in (*objects, *gone):
        made.put_object(view, monotonic=1.0)
    for view in gone:
        made.delete_object(view, wall=START + gone_at)
    if listed:
        for kind in owner_kinds.ALWAYS_WATCHED:
            found = [view for view in objects if view.kind == kind.name]
            made.replace_objects(kind, found, started=2.0, monotonic=3.0, wall=START + gone_at)
    return made


NOW = START + 100_000.0


def plan(made: cluster_cache.ClusterCache, *, now: float = NOW) -> planner.Plan:
    """The plan of everything, long after all that tests are about."""
    return planner.plan(made, rules=RULES, now=now)


def planned(made: cluster_cache.ClusterCache) -> list[str]:
    """The plan's actions in words, such as `claim {job="x"} for Job prod/x`.

    Always checked beside it: the gateway refuses none of them, and to plan again after them yields nothing.
    """
    actions = plan(made).actions
    for name in made.group_keys():
        record = made.group(name)
        assert record is not None
        made.put_group(done(record, [action for action in actions if action.key == name]), monotonic=0.0)
    again = [in_words(action) for action in plan(made).actions]
    assert again == [], f"planned again after {[in_words(action) for action in actions]}"
    return [in_words(action) for action in actions]


def in_words(action: control_api.Action) -> str:
    match action:
        case control_api.ClaimGroup(key=name, claim=made):
            return f"claim {grouping.describe(name)} for {made.owner}"
        case control_api.ReleaseGroup(key=name, uid=uid):
            return f"release {grouping.describe(name)} of {uid}"
        case control_api.StartDrain(key=name, finished=over):
            return f"retire {grouping.describe(name)} of {', '.join(over)}"


def done(
    record: control_api.GroupRecord, actions: Iterable[control_api.Action], *, now: float = START
) -> control_api.GroupRecord:
    """The group after the gateway did these actions; none of them may be refused."""
    life = lifecycle.Life(pushed_revision=record.pushed_revision, claims=record.claims)
    if record.drain_pushed_revision is not None:
        drain = lifecycle.Drain(pushed_revision=record.drain_pushed_revision, since=now, deadline=now + 1)
        life = lifecycle.Life(pushed_revision=life.pushed_revision, claims=life.claims, drain=drain)
    for action in actions:
        after = group_states.applied(action, life, now=now)
        assert not isinstance(after, lifecycle.Rejection), f"{in_words(action)}: {after}"
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
