"""Random caches: existing and deleted objects, policies, groups with claims and addresses, and looked-up pods."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, NamedTuple

import hypothesis
from hypothesis import strategies

from tests.support.operator import object_builders, policy_builders
from tidegate import settings
from tidegate.model import control_api, grouping, owners
from tidegate.operator.cache import cluster_cache, owner_views
from tidegate.operator.objects import pod_addresses
from tidegate.operator.ownership import ownership_rules
from tidegate.operator.policy import cleanup_rules, policies, policy_index

_NAMES = ("x", "x-29000000", "y")
_NAMESPACES = ("prod", "dev")
_KEYS = (
    "job=x",
    "job=y",
    "job=x,namespace=prod",
    "job=x,instance=x-29000000-b2c4d",
    "job=z,instance=x-b2c4d,pod=y-c4d6f",
    "job=z,instance=y-1",
    "job=z,shard=1",
    "job=x,shard=2",
)
_PATTERNS = ("job=z,shard=*", "job=x,shard=*", "job=x,instance=*", "job=z,instance=*,pod=*")
_TEMPLATES = ("job={{.metadata.name}}", "job={{.metadata.labels.tier}},shard=*", "job=x", "job=z,shard=*")
_PODS = ("x-29000000-b2c4d", "x-b2c4d", "y-c4d6f")
_ADDRESSES = ("10.0.0.7", "10.0.0.8", "10.0.0.9")
_UIDS = tuple(owners.Uid(f"u{number}") for number in range(5))
_CLEANUPS = (*(policy.value for policy in cleanup_rules.Cleanup if policy is not cleanup_rules.Cleanup.AFTER), "often")
_DURATIONS = ("10m", "48h")
"""One expires before the time of the plan, the other does not."""
_TIMES = strategies.integers(0, 40).map(lambda step: step * 10.0)


class Scene(NamedTuple):
    """A cache and its groups."""

    cache: cluster_cache.ClusterCache
    held: list[control_api.GroupRecord]


@strategies.composite
def scenes(draw: strategies.DrawFn) -> Scene:
    objects = draw(_objects())
    hypothesis.note(f"objects, each with whether it is deleted: {objects}")
    held = draw(_groups([view for view, _ in objects]))
    cache = object_builders.cache(
        *(view for view, deleted in objects if not deleted),
        deleted=[view for view, deleted in objects if deleted],
        deleted_at=draw(_TIMES),
        holds=held,
        listed=draw(strategies.integers(0, 3)) < 3,
    )
    for name in _PODS:
        for namespace in _NAMESPACES:
            cache.put_pod_owner(
                cluster_cache.PodLookup(namespace, name), draw(strategies.none() | strategies.sampled_from(_UIDS))
            )
    for address in _ADDRESSES:
        if draw(strategies.integers(0, 7)) < 7:
            result = draw(_lookup_results([view.uid for view, _ in objects if view.kind == "Job"]))
            hypothesis.note(f"{address}: {result}")
            cache.put_address(cluster_cache.AddressLookup(address), result)
    index = policy_index.PolicyIndex(draw(strategies.lists(_policies(), max_size=2)))
    hypothesis.note(f"policies: {index.policies}")
    cache.replace_policies(index)
    held = [_as_claimed_now(cache, record) for record in held]
    for record in held:
        cache.put_group(record, monotonic=0.0)
    return Scene(cache, held)


def _as_claimed_now(cache: cluster_cache.ClusterCache, record: control_api.GroupRecord) -> control_api.GroupRecord:
    """Return the group with the rule of each claim replaced by the one that leads to its owner now, if any."""
    by = ownership_rules.find_pushers(cache, record, rules=object_builders.RULES)
    claims = dict(record.claims)
    for uid, claim in claims.items():
        if (cached := cache.get_object(claim.owner)) is not None:
            ownership = ownership_rules.match_object(
                cached.view, record, pushers=by, cache=cache, rules=object_builders.RULES
            )
            claims[uid] = claim if ownership is None else claim._replace(rule=ownership.rule)
    return dataclasses.replace(record, claims=claims)


@strategies.composite
def _objects(draw: strategies.DrawFn) -> list[tuple[owner_views.OwnerView, bool]]:
    """Draw objects, each with whether it is deleted; at most one of a kind, namespace and name exists."""
    objects: list[tuple[owner_views.OwnerView, bool]] = []
    existing: set[tuple[str, str, str]] = set()
    for uid in _UIDS[: draw(strategies.integers(1, len(_UIDS)))]:
        parents = [view.owner for view, _ in objects if view.kind == "CronJob"]
        view = draw(_object(uid=uid, parents=parents))
        deleted = draw(strategies.booleans()) or view.owner[:3] in existing
        if not deleted:
            existing.add(view.owner[:3])
        objects.append((view, deleted))
    return objects


@strategies.composite
def _object(draw: strategies.DrawFn, *, uid: owners.Uid, parents: list[owners.Owner]) -> owner_views.OwnerView:
    name, namespace = draw(strategies.sampled_from(_NAMES)), draw(strategies.sampled_from(_NAMESPACES))
    annotations, created = draw(_annotations()), draw(_TIMES)
    if draw(strategies.integers(0, 3)) == 0:
        return object_builders.cronjob(name, uid=uid, namespace=namespace, created=created, annotations=annotations)
    siblings = [parent for parent in parents if parent.namespace == namespace]
    return object_builders.job(
        name,
        uid=uid,
        namespace=namespace,
        created=created,
        annotations=annotations,
        finished=draw(strategies.none() | _TIMES.map(lambda later: created + later)),
        succeeded=draw(strategies.booleans()),
        completions=draw(strategies.sampled_from([None, None, 2])),
        parent=draw(strategies.none() | strategies.sampled_from(siblings)) if siblings else None,
        labels=draw(strategies.sampled_from([{}, {"tier": "x"}, {"tier": "z"}])),
    )


@strategies.composite
def _annotations(draw: strategies.DrawFn) -> dict[str, str]:
    annotations = {}
    if draw(strategies.booleans()):
        annotations[cleanup_rules.CLEANUP] = draw(
            strategies.sampled_from([*_CLEANUPS, *(f"after={each}" for each in _DURATIONS)])
        )
    if draw(strategies.integers(0, 3)) == 0:
        annotations[cleanup_rules.KEEP_FAILED_FOR] = draw(strategies.sampled_from(_DURATIONS))
    if draw(strategies.integers(0, 3)) == 0:
        keys = [*_KEYS, *_PATTERNS, ";".join(_KEYS[:2]), "nothing"]
        annotations[cleanup_rules.GROUPING_KEY] = draw(strategies.sampled_from(keys))
    return annotations


@strategies.composite
def _policies(draw: strategies.DrawFn) -> policies.Policy:
    spec: dict[str, Any] = {}
    if draw(strategies.booleans()):
        spec["selector"] = {"matchLabels": {"tier": draw(strategies.sampled_from(["x", "z"]))}}
    if draw(strategies.booleans()):
        spec["groups"] = [draw(strategies.sampled_from(_TEMPLATES))]
    when = draw(strategies.none() | strategies.sampled_from([*policies.WHEN]))
    if when is not None:
        spec["when"] = when
    if when == "After":
        spec["after"] = draw(strategies.sampled_from(_DURATIONS))
    elif draw(strategies.integers(0, 3)) == 0:
        spec["keepFailedFor"] = draw(strategies.sampled_from(_DURATIONS))
    scope = draw(strategies.sampled_from(policies.Scope))
    return policy_builders.policy(spec, scope=scope, namespace=draw(strategies.sampled_from(_NAMESPACES)))


_UNSEEN_OBJECTS = tuple(object_builders.job("x", uid=f"never-seen-{where}", namespace=where) for where in _NAMESPACES)


@strategies.composite
def _groups(draw: strategies.DrawFn, objects: list[owner_views.OwnerView]) -> list[control_api.GroupRecord]:
    claimants = strategies.sampled_from([*objects, *_UNSEEN_OBJECTS])
    held = []
    for text in draw(strategies.lists(strategies.sampled_from(_KEYS), unique=True, min_size=1, max_size=4)):
        claiming = draw(strategies.lists(claimants, unique_by=lambda view: view.uid, max_size=3))
        pushed = draw(strategies.none() | _TIMES)
        addresses = draw(strategies.lists(strategies.sampled_from(_ADDRESSES), unique=True, max_size=3))
        before = [draw(_TIMES) for _ in addresses[1:]]
        times = [pushed or 0.0, *(min(pushed or 0.0, at) for at in before)][: len(addresses)]
        held.append(
            object_builders.group(
                text,
                pushed=pushed,
                claims=[draw(_claims(view, object_builders.key(text))) for view in claiming],
                revision=draw(strategies.sampled_from([7, 8])),
                drained=draw(strategies.sampled_from([None, 6, 7])) if claiming else None,
                pushers=() if pushed is None else zip(addresses, times, strict=True),
            )
        )
    return held


@strategies.composite
def _claims(draw: strategies.DrawFn, view: owner_views.OwnerView, key: grouping.GroupingKey) -> owners.Claim:
    """Draw a claim that earlier rules may have made, which can differ from the present ones."""
    claim = object_builders.claim(view, rule=object_builders.rule(view, key))
    if draw(strategies.booleans()):
        return claim
    return claim._replace(
        rule=draw(strategies.sampled_from(settings.OWNERSHIP)) if view in _UNSEEN_OBJECTS else claim.rule,
        kept_for=draw(strategies.sampled_from([0.0, 600.0, 48 * 3600.0])),
        series=view.parent,
    )


@strategies.composite
def _lookup_results(draw: strategies.DrawFn, uids: list[owners.Uid]) -> pod_addresses.LookupResult:
    of = strategies.sampled_from([*uids, *uids, owners.Uid("a-proxy")])
    pods = draw(
        strategies.lists(_address_pods(of), min_size=1, max_size=1) | strategies.lists(_address_pods(of), max_size=2)
    )
    # A lookup that has to be repeated decides nothing, so most of them are later than everything else.
    requested_at = draw(
        strategies.sampled_from([math.inf, object_builders.NOW, math.inf, object_builders.START + 100.0])
    )
    return pod_addresses.LookupResult(tuple(pods), requested_at)


@strategies.composite
def _address_pods(draw: strategies.DrawFn, of: strategies.SearchStrategy[owners.Uid]) -> pod_addresses.AddressPod:
    since = draw(strategies.just(0.0) | _TIMES)
    duration = draw(strategies.none() | _TIMES)
    return pod_addresses.AddressPod(
        namespace=draw(strategies.sampled_from(_NAMESPACES)),
        name=draw(strategies.sampled_from(_PODS)),
        owner=draw(of),
        started_at=object_builders.START + since,
        ended_at=None if duration is None else object_builders.START + since + duration,
        uses_host_network=draw(strategies.integers(0, 7)) == 7,
    )
