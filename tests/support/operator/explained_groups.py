"""The decision about a single group, and the reasons that explain it."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

from tests.support.operator import object_builders
from tidegate import settings
from tidegate.model import owners, reasons
from tidegate.operator.cache import cluster_cache, owner_views
from tidegate.operator.explain import decision_reasons
from tidegate.operator.objects import pod_addresses
from tidegate.operator.planning import drain_planner

IP = "10.0.0.7"
"""An address of a pusher."""

X = object_builders.job("x")
FINISHED = object_builders.job("x", finished=15)
FINISHED_AT = object_builders.START + 15
"""When the finished objects finished, in Unix seconds."""


class Explanation(NamedTuple):
    """The verdict on a group, and its reasons."""

    verdict: drain_planner.Verdict
    all_reasons: list[reasons.Reason]

    @property
    def codes(self) -> list[reasons.Code]:
        """The codes of the reasons, without their fields."""
        return [reason.code for reason in self.all_reasons]


def explain(
    cluster: cluster_cache.ClusterCache,
    *,
    hold: drain_planner.Hold | None = None,
    now: float = object_builders.NOW,
    ownership: tuple[str, ...] = settings.OWNERSHIP,
) -> Explanation:
    """Decide about the only group of the cache, and explain the decision."""
    [key] = cluster.group_keys()
    record = cluster.group(key)
    assert record is not None
    rules = dataclasses.replace(object_builders.RULES, ownership=ownership)
    decision = drain_planner.decide(cluster, record, rules=rules, now=now)
    explained = decision_reasons.explain(decision, cache=cluster, rules=rules, grace=None, hold=hold)
    return Explanation(decision.verdict, list(explained))


def cache(
    *objects: owner_views.OwnerView,
    claims: tuple[owner_views.OwnerView | owners.Claim, ...] = (),
    deleted: tuple[owner_views.OwnerView, ...] = (),
    text: str = "job=x",
    pushed: float | None = 10.0,
    drained: int | None = None,
) -> cluster_cache.ClusterCache:
    """Build a cache with one group."""
    return object_builders.cache(
        *objects, holds=[object_builders.group(text, claims=claims, pushed=pushed, drained=drained)], deleted=deleted
    )


def pod(of: str, *, is_host: bool = False, since: float = 0.0) -> pod_addresses.AddressPod:
    """Build a Pod that an object controls."""
    return pod_addresses.AddressPod("prod", "p", owners.Uid(of), object_builders.START + since, None, is_host)


def with_pods(
    cluster: cluster_cache.ClusterCache, *pods: pod_addresses.AddressPod, at: float = object_builders.NOW
) -> cluster_cache.ClusterCache:
    """Add the result of looking up :data:`IP`."""
    cluster.put_address(cluster_cache.AddressLookup(IP), pod_addresses.LookupResult(pods, at))
    return cluster
