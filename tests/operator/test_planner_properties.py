"""Properties of the plan over random objects, groups and claims: it settles at once, and it retires nobody's group."""

from __future__ import annotations

import math

import hypothesis
from hypothesis import strategies

from tests.operator import object_builders, pod_address_builders, random_cluster_states
from tidegate import settings
from tidegate.model import control_api, lifecycle, owners, pushers
from tidegate.operator.cache import cluster_cache, object_cache, owner_views
from tidegate.operator.objects import pod_addresses
from tidegate.operator.ownership import resolution
from tidegate.operator.policy import cleanup_rules


@hypothesis.given(scene=random_cluster_states.scenes())
def test_what_was_done_needs_nothing_more(scene: random_cluster_states.Scene) -> None:
    object_builders.planned(
        scene.cache
    )  # It plans twice, and says if the second plan is not empty or an action is refused.


@hypothesis.given(scene=random_cluster_states.scenes())
def test_only_owners_that_are_over_are_said_to_be_over(
    scene: random_cluster_states.Scene,
) -> None:
    cache, held = scene
    for record, action in _retirements(cache, held):
        for claim in record.claims.values():
            known = cache.get_object(claim.owner)
            assert known is not None or cache.deleted_at(claim.owner) is not None, f"{claim.owner} may be there"
            assert claim.owner.uid not in action.finished or known is None or not _is_active(scene, known), claim.owner


@hypothesis.given(scene=random_cluster_states.scenes())
def test_a_group_with_an_active_owner_is_retired_only_when_it_names_the_pod_of_another_that_is_over(
    scene: random_cluster_states.Scene,
) -> None:
    cache, held = scene
    for record, _ in _retirements(cache, held):
        found = resolution.resolve(cache, record, rules=object_builders.RULES, now=object_builders.NOW)
        group_owners = [
            group_owner for group_owner in found.group_owners if group_owner.owner.uid not in found.not_last_pushers
        ]
        names_pod = any(
            group_owner.claim.rule == settings.POD for group_owner in group_owners if not group_owner.active
        )
        for group_owner in group_owners:
            assert not group_owner.active or (group_owner.claim.rule == settings.NAME and names_pod), group_owner


@hypothesis.given(scene=random_cluster_states.scenes())
def test_an_owner_is_active_exactly_as_long_as_its_own_rules_say(scene: random_cluster_states.Scene) -> None:
    for record in scene.held:
        found = resolution.resolve(scene.cache, record, rules=object_builders.RULES, now=object_builders.NOW)
        for group_owner in found.group_owners:
            known = scene.cache.get_object(group_owner.owner)
            if known is not None and not _may_be_superseded(scene, known):
                assert group_owner.active is _is_active(scene, known), group_owner


@hypothesis.given(scene=random_cluster_states.scenes())
def test_of_another_namespace_than_the_pod_that_pushed_last_only_objects_are_named_whose_pods_pushed_it_too(
    scene: random_cluster_states.Scene,
) -> None:
    plan = object_builders.plan(scene.cache)
    for decision in plan.decisions:
        namespace = _pushed_from(scene.cache, decision.record)
        pushed = _whose_pods_pushed(scene.cache, decision.record)
        claims = dict(decision.record.claims)
        for action in decision.actions:
            if isinstance(action, control_api.ClaimGroup):
                claims[action.claim.owner.uid] = action.claim
                assert namespace in (None, action.claim.owner.namespace) or action.claim.owner.uid in pushed
            if isinstance(action, control_api.StartDrain) and namespace is not None:
                foreign = [uid for uid in action.finished if claims[uid].owner.namespace != namespace]
                assert len(foreign) < len(action.finished), "nobody of the namespace that pushed last is over"
                assert all(uid in pushed or claims[uid].rule == settings.ADDRESS for uid in foreign)


@hypothesis.given(scene=random_cluster_states.scenes())
def test_once_all_is_answered_that_is_asked_nothing_is_asked_any_more(scene: random_cluster_states.Scene) -> None:
    cache = scene.cache
    for _ in range(3):
        lookups = object_builders.plan(cache).lookups
        for lookup in lookups:
            if isinstance(lookup, cluster_cache.PodLookup):
                cache.put_pod_owner(lookup, None)
            else:
                known = cache.get_address(lookup.address)
                pods = () if known is None else known.pods
                cache.put_address(lookup, pod_addresses.LookupResult(pods, object_builders.NOW))
    assert object_builders.plan(cache).lookups == set()


_NAMES = strategies.sampled_from([("prod", "x"), ("prod", "y"), ("dev", "x")])


@hypothesis.given(
    pushed=strategies.lists(_NAMES, min_size=1, max_size=5),
    over=strategies.sets(_NAMES),
    claiming=strategies.sets(_NAMES),
    rule=strategies.sampled_from([settings.ADDRESS, settings.NAME]),
)
def test_what_the_pods_of_jobs_pushed_goes_when_the_last_of_these_jobs_has_ended_and_not_before(
    pushed: list[tuple[str, str]], over: set[tuple[str, str]], claiming: set[tuple[str, str]], rule: str
) -> None:
    """:param pushed: namespace and name of the Job that made each push to one group, last first."""
    jobs = {
        (namespace, name): object_builders.job(
            name, namespace=namespace, finished=60 if (namespace, name) in over else None
        )
        for namespace, name in {*pushed, *over, *claiming}
    }
    addresses = [(f"10.0.0.{number}", 50.0 - number) for number, _ in enumerate(pushed)]
    claims = [object_builders.claim(jobs[one], rule=rule) for one in claiming & {*pushed}]
    record = object_builders.group("job=any", pushed=50.0, claims=claims, pushers=addresses)
    cache = object_builders.cache(*jobs.values(), holds=[record])
    for (address, at), one in zip(addresses, pushed, strict=True):
        pod = pod_address_builders.pod(jobs[one], since=at, until=59.0 if one in over else None, namespace=one[0])
        pod_address_builders.told(cache, pod, address=address, at=61.0)
    planned = object_builders.planned(cache)
    assert any(line.startswith("retire") for line in planned) is over.issuperset(pushed)


_SECONDS = strategies.integers(0, 300).map(float)


@hypothesis.given(
    how=strategies.sampled_from(["finished", "gone"]),
    by=strategies.sampled_from([settings.NAME, settings.ANNOTATION]),
    claimed=strategies.booleans(),
    ended=_SECONDS,
    pushed=_SECONDS,
    now=_SECONDS,
)
def test_what_a_running_service_pushed_goes_only_where_it_may_have_passed_on_an_owners_push_and_is_silent_since(
    *, how: str, by: str, claimed: bool, ended: float, pushed: float, now: float
) -> None:
    named = {cleanup_rules.GROUPING_KEY: "job=x"} if by == settings.ANNOTATION else {}
    running = object_builders.job("x", annotations=named)
    record = pod_address_builders.pushed("job=x", at=pushed, claims=(running,) if claimed else ())
    finished = object_builders.job("x", annotations=named, finished=ended)
    there, gone = ([finished], []) if how == "finished" else ([], [running])
    cache = object_builders.cache(*there, gone=gone, gone_at=ended, holds=[record])
    pod_address_builders.told(cache, pod_address_builders.pod("a-service"), at=math.inf)
    rules = object_builders.RULES
    may_be_the_owners = pushed <= ended + rules.clock_skew
    is_silent = now >= ended + rules.late_push_grace
    actions = object_builders.plan(cache, now=object_builders.START + now).actions
    is_retired = any(isinstance(action, control_api.StartDrain) for action in actions)
    assert is_retired is (may_be_the_owners and is_silent)


@hypothesis.given(scene=random_cluster_states.scenes())
def test_a_group_without_any_claim_is_retired_only_with_a_claim_by_who_pushed_it(
    scene: random_cluster_states.Scene,
) -> None:
    cache, held = scene
    actions = object_builders.plan(cache).actions
    for record in held:
        if not record.claims:
            mine = [action for action in actions if action.key == record.key]
            if any(isinstance(action, control_api.StartDrain) for action in mine):
                assert any(isinstance(action, control_api.ClaimGroup) for action in mine)


@hypothesis.given(scene=random_cluster_states.scenes())
def test_after_the_plan_every_claimed_group_with_only_owners_that_are_over_drains(
    scene: random_cluster_states.Scene,
) -> None:
    cache, _ = scene
    object_builders.planned(cache)
    for key in cache.group_keys():
        record = cache.group(key)
        assert record is not None
        life = lifecycle.Life(pushed_revision=record.pushed_revision, claims=record.claims)
        gone = [claim.owner for claim in life.claims.values() if cache.deleted_at(claim.owner) is not None]
        if life.claims and len(gone) == len(life.claims) and not _held(cache, record):
            assert record.drain_pushed_revision == record.pushed_revision


def _retirements(
    cache: cluster_cache.ClusterCache, held: list[control_api.GroupRecord]
) -> list[tuple[control_api.GroupRecord, control_api.StartDrain]]:
    by_key = {record.key: record for record in held}
    actions = object_builders.plan(cache).actions
    return [(by_key[action.key], action) for action in actions if isinstance(action, control_api.StartDrain)]


def _held(cache: cluster_cache.ClusterCache, record: control_api.GroupRecord) -> bool:
    found = resolution.resolve(cache, record, rules=object_builders.RULES, now=object_builders.NOW)
    left = [group_owner for group_owner in found.group_owners if group_owner.owner.uid not in found.not_last_pushers]
    return bool(found.lookups) or any(
        group_owner.active for group_owner in resolution.deciding_owners(left, rules=object_builders.RULES)
    )


def _pushed_from(cache: cluster_cache.ClusterCache, record: control_api.GroupRecord) -> str | None:
    """The namespace of the object whose pod pushed last, where its address tells."""
    known = _pusher(cache, record.sources[0]) if record.sources else None
    return None if known is None else known.view.owner.namespace


def _whose_pods_pushed(cache: cluster_cache.ClusterCache, record: control_api.GroupRecord) -> set[owners.Uid]:
    """The objects whose pods pushed the group as far as the addresses tell, and the CronJobs that made these."""
    found = [known for source in record.sources if (known := _pusher(cache, source)) is not None]
    parents = {known.view.parent.uid for known in found if known.view.parent is not None}
    return {known.view.uid for known in found} | parents


def _pusher(cache: cluster_cache.ClusterCache, source: pushers.Source) -> object_cache.CachedObject | None:
    answer = cache.get_address(source.address)
    pod = None if answer is None else answer.pusher(source.at, tolerance=object_builders.RULES.clock_skew)
    return None if pod is None else cache.get_by_uid(pod.owner)


def _is_active(scene: random_cluster_states.Scene, known: object_cache.CachedObject) -> bool:
    """Whether an object's groups are to stay at the time of the plan, by its own rules, unless a later run ends them.

    Told here in other words than in what is tested.
    """
    rules, finish, gone_at = known.view.rules, known.view.finish, known.deleted_at
    if finish is not None and not finish.succeeded and finish.at + rules.keep_failed_for > object_builders.NOW:
        return True
    match rules.cleanup:
        case cleanup_rules.Cleanup.ON_COMPLETION:
            return finish is None and gone_at is None
        case cleanup_rules.Cleanup.ON_SUCCESS:
            return gone_at is None and not (finish is not None and finish.succeeded)
        case cleanup_rules.Cleanup.AFTER:
            ended = finish.at if finish is not None else gone_at
            return ended is None or ended + rules.after > object_builders.NOW
        case cleanup_rules.Cleanup.SUPERSEDED if _cronjob(scene, known) is not None:
            return True
        case _:
            return gone_at is None


def _cronjob(scene: random_cluster_states.Scene, known: object_cache.CachedObject) -> owner_views.OwnerView | None:
    """The CronJob that is there and may run again."""
    parent = known.view.parent
    found = None if parent is None or parent.kind != "CronJob" else scene.cache.get_object(parent)
    return None if found is None or found.deleted_at is not None else found.view


def _may_be_superseded(scene: random_cluster_states.Scene, known: object_cache.CachedObject) -> bool:
    """Whether another run of its CronJob has pushed something."""
    claims = [claim for record in scene.held for claim in record.claims.values()]
    series = {claim.series for claim in claims if claim.owner.uid != known.view.uid}
    return known.view.rules.cleanup is cleanup_rules.Cleanup.SUPERSEDED and known.view.parent in series
