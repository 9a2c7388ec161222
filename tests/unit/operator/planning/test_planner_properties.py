"""Properties of the plan over random objects, groups and claims.

The plan is stable, and retires only groups of finished owners.
"""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest

from tests.support.operator import object_builders, random_cluster_states
from tidegate import settings
from tidegate.model import control_api, lifecycle, owners, pushers
from tidegate.operator.cache import cluster_cache, object_cache, owner_views
from tidegate.operator.objects import pod_addresses
from tidegate.operator.ownership import resolution
from tidegate.operator.policy import cleanup_rules


@hypothesis.settings(max_examples=40)
@hypothesis.given(scene=random_cluster_states.scenes())
def test_plan_is_empty_after_its_actions(scene: random_cluster_states.Scene) -> None:
    object_builders.planned(
        scene.cache
    )  # Plans twice, and fails if the second plan is not empty or the gateway rejects an action.


@hypothesis.settings(max_examples=40)
@hypothesis.given(scene=random_cluster_states.scenes())
def test_only_finished_owners_are_reported_as_finished(
    scene: random_cluster_states.Scene,
) -> None:
    cache, held = scene
    for record, action in _retirements(cache, held):
        for claim in record.claims.values():
            cached = cache.get_object(claim.owner)
            assert cached is not None or cache.deleted_at(claim.owner) is not None, f"{claim.owner} may exist"
            assert claim.owner.uid not in action.finished or cached is None or not _is_active(scene, cached), (
                claim.owner
            )


@hypothesis.settings(max_examples=40)
@hypothesis.given(scene=random_cluster_states.scenes())
def test_group_with_an_active_owner_is_retired_only_if_it_names_the_pod_of_a_finished_one(
    scene: random_cluster_states.Scene,
) -> None:
    cache, held = scene
    for record, _ in _retirements(cache, held):
        ownership = resolution.resolve(cache, record, rules=object_builders.RULES, now=object_builders.NOW)
        group_owners = [
            group_owner
            for group_owner in ownership.group_owners
            if group_owner.owner.uid not in ownership.not_last_pushers
        ]
        names_pod = any(
            group_owner.claim.rule == settings.POD for group_owner in group_owners if not group_owner.active
        )
        for group_owner in group_owners:
            assert not group_owner.active or (group_owner.claim.rule == settings.NAME and names_pod), group_owner


@hypothesis.settings(max_examples=40)
@hypothesis.given(scene=random_cluster_states.scenes())
def test_owner_is_active_exactly_according_to_its_own_rules(scene: random_cluster_states.Scene) -> None:
    for record in scene.held:
        ownership = resolution.resolve(scene.cache, record, rules=object_builders.RULES, now=object_builders.NOW)
        for group_owner in ownership.group_owners:
            cached = scene.cache.get_object(group_owner.owner)
            if cached is not None and not _may_be_superseded(scene, cached):
                assert group_owner.active is _is_active(scene, cached), group_owner


@hypothesis.settings(max_examples=40)
@hypothesis.given(scene=random_cluster_states.scenes())
def test_object_of_another_namespace_than_the_last_pusher_acts_only_if_its_pod_pushed_too(
    scene: random_cluster_states.Scene,
) -> None:
    plan = object_builders.plan(scene.cache)
    for decision in plan.decisions:
        namespace = _pushed_from(scene.cache, decision.record)
        pushed = _pushing_objects(scene.cache, decision.record)
        claims = dict(decision.record.claims)
        for action in decision.actions:
            if isinstance(action, control_api.ClaimGroup):
                claims[action.claim.owner.uid] = action.claim
                # If a draining group becomes live again, the operator sends all its claims once more.
                is_kept = action.claim.rule == settings.ADDRESS and action.claim.owner.uid in decision.record.claims
                assert namespace in (None, action.claim.owner.namespace) or action.claim.owner.uid in pushed or is_kept
            if isinstance(action, control_api.StartDrain) and namespace is not None:
                foreign = [uid for uid in action.finished if claims[uid].owner.namespace != namespace]
                assert len(foreign) < len(action.finished), "no finished owner is in the namespace of the last push"
                assert all(uid in pushed or claims[uid].rule == settings.ADDRESS for uid in foreign)


@hypothesis.settings(max_examples=40)
@hypothesis.given(scene=random_cluster_states.scenes())
def test_no_lookups_remain_after_all_have_results(scene: random_cluster_states.Scene) -> None:
    cache = scene.cache
    for _ in range(3):
        lookups = object_builders.plan(cache).lookups
        for lookup in lookups:
            if isinstance(lookup, cluster_cache.PodLookup):
                cache.put_pod_owner(lookup, None)
            else:
                cached = cache.get_address(lookup.address)
                pods = () if cached is None else cached.pods
                cache.put_address(lookup, pod_addresses.LookupResult(pods, object_builders.NOW))
    assert object_builders.plan(cache).lookups == set()


@hypothesis.settings(max_examples=40)
@hypothesis.given(scene=random_cluster_states.scenes())
def test_group_without_claims_is_retired_only_together_with_a_claim(
    scene: random_cluster_states.Scene,
) -> None:
    cache, held = scene
    actions = object_builders.plan(cache).actions
    for record in held:
        if not record.claims:
            group_actions = [action for action in actions if action.key == record.key]
            if any(isinstance(action, control_api.StartDrain) for action in group_actions):
                assert any(isinstance(action, control_api.ClaimGroup) for action in group_actions)


@hypothesis.settings(max_examples=40)
@hypothesis.given(scene=random_cluster_states.scenes())
def test_claimed_group_with_only_deleted_owners_drains_after_the_plan(
    scene: random_cluster_states.Scene,
) -> None:
    cache, _ = scene
    object_builders.planned(cache)
    for key in cache.group_keys():
        record = cache.group(key)
        assert record is not None
        life = lifecycle.Life(pushed_revision=record.pushed_revision, claims=record.claims)
        deleted = [claim.owner for claim in life.claims.values() if cache.deleted_at(claim.owner) is not None]
        if life.claims and len(deleted) == len(life.claims) and not _held(cache, record):
            assert record.drain_pushed_revision == record.pushed_revision


_PROPERTIES = (
    test_only_finished_owners_are_reported_as_finished,
    test_group_with_an_active_owner_is_retired_only_if_it_names_the_pod_of_a_finished_one,
    test_owner_is_active_exactly_according_to_its_own_rules,
    test_object_of_another_namespace_than_the_last_pusher_acts_only_if_its_pod_pushed_too,
    test_group_without_claims_is_retired_only_together_with_a_claim,
    # These change the cache: they carry out the plan, and respond to its lookups.
    test_claimed_group_with_only_deleted_owners_drains_after_the_plan,
    test_no_lookups_remain_after_all_have_results,
)


@pytest.mark.long
@pytest.mark.timeout(1_800)
@hypothesis.settings(max_examples=2_000)
@hypothesis.given(scene=random_cluster_states.scenes())
def test_every_property_holds_for_many_scenes(scene: random_cluster_states.Scene) -> None:
    for each in _PROPERTIES:
        checked: Any = each
        checked.hypothesis.inner_test(scene)


def _retirements(
    cache: cluster_cache.ClusterCache, held: list[control_api.GroupRecord]
) -> list[tuple[control_api.GroupRecord, control_api.StartDrain]]:
    by_key = {record.key: record for record in held}
    actions = object_builders.plan(cache).actions
    return [(by_key[action.key], action) for action in actions if isinstance(action, control_api.StartDrain)]


def _held(cache: cluster_cache.ClusterCache, record: control_api.GroupRecord) -> bool:
    ownership = resolution.resolve(cache, record, rules=object_builders.RULES, now=object_builders.NOW)
    remaining = [
        group_owner for group_owner in ownership.group_owners if group_owner.owner.uid not in ownership.not_last_pushers
    ]
    return bool(ownership.lookups) or any(
        group_owner.active for group_owner in resolution.deciding_owners(remaining, rules=object_builders.RULES)
    )


def _pushed_from(cache: cluster_cache.ClusterCache, record: control_api.GroupRecord) -> str | None:
    """Return the namespace of the object that pushed last, if its address identifies it."""
    cached = _pusher(cache, record.sources[0]) if record.sources else None
    return None if cached is None else cached.view.owner.namespace


def _pushing_objects(cache: cluster_cache.ClusterCache, record: control_api.GroupRecord) -> set[owners.Uid]:
    """Return the objects that pushed the group, as far as the addresses identify them, and their CronJobs."""
    pushing = [cached for source in record.sources if (cached := _pusher(cache, source)) is not None]
    parents = {cached.view.parent.uid for cached in pushing if cached.view.parent is not None}
    return {cached.view.uid for cached in pushing} | parents


def _pusher(cache: cluster_cache.ClusterCache, source: pushers.Source) -> object_cache.CachedObject | None:
    result = cache.get_address(source.address)
    pod = None if result is None else result.pusher(source.at, tolerance=object_builders.RULES.clock_skew)
    return None if pod is None else cache.get_by_uid(pod.owner)


def _is_active(scene: random_cluster_states.Scene, cached: object_cache.CachedObject) -> bool:
    """Whether an object keeps its groups at the time of the plan, by its own rules, without later runs.

    This is deliberately not the implementation of the planner.
    """
    rules, finish, deleted_at = cached.view.rules, cached.view.finish, cached.deleted_at
    if finish is not None and not finish.succeeded and finish.at + rules.keep_failed_for > object_builders.NOW:
        return True
    match rules.cleanup:
        case cleanup_rules.Cleanup.ON_COMPLETION:
            return finish is None and deleted_at is None
        case cleanup_rules.Cleanup.ON_SUCCESS:
            return deleted_at is None and not (finish is not None and finish.succeeded)
        case cleanup_rules.Cleanup.AFTER:
            ended = finish.at if finish is not None else deleted_at
            return ended is None or ended + rules.after > object_builders.NOW
        case cleanup_rules.Cleanup.SUPERSEDED if _cronjob(scene, cached) is not None:
            return True
        case _:
            return deleted_at is None


def _cronjob(scene: random_cluster_states.Scene, cached: object_cache.CachedObject) -> owner_views.OwnerView | None:
    """Return the CronJob of the object, if it exists and may run again."""
    parent = cached.view.parent
    cronjob = None if parent is None or parent.kind != "CronJob" else scene.cache.get_object(parent)
    return None if cronjob is None or cronjob.deleted_at is not None else cronjob.view


def _may_be_superseded(scene: random_cluster_states.Scene, cached: object_cache.CachedObject) -> bool:
    """Whether another run of its CronJob has pushed."""
    claims = [claim for record in scene.held for claim in record.claims.values()]
    series = {claim.series for claim in claims if claim.owner.uid != cached.view.uid}
    return cached.view.rules.cleanup is cleanup_rules.Cleanup.SUPERSEDED and cached.view.parent in series
