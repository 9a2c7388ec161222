"""Builders of pods with addresses, and of groups that were pushed from one; times as in `object_builders`."""

from __future__ import annotations

from tests.support.operator import object_builders
from tidegate import settings
from tidegate.model import control_api, owners
from tidegate.operator.cache import cluster_cache, owner_views
from tidegate.operator.objects import pod_addresses

IP, OTHER_IP = "10.0.0.7", "10.0.0.8"


def pod(
    of: owner_views.OwnerView | str,
    *,
    since: float | None = 0.0,
    until: float | None = None,
    is_host: bool = False,
    namespace: str = "prod",
    name: str = "x-b2c4d",
) -> pod_addresses.AddressPod:
    """Build a pod that ran between two times, owned by an object or by this uid, which is not watched."""
    return pod_addresses.AddressPod(
        namespace=namespace,
        name=name,
        owner=owners.Uid(of) if isinstance(of, str) else of.uid,
        started_at=None if since is None else object_builders.START + since,
        ended_at=None if until is None else object_builders.START + until,
        uses_host_network=is_host,
    )


def with_pods(
    cache: cluster_cache.ClusterCache, *pods: pod_addresses.AddressPod, address: str = IP, at: float = 50.0
) -> cluster_cache.ClusterCache:
    """Add the response of the API server about the pods of an address to the cache."""
    cache.put_address(
        cluster_cache.AddressLookup(address), pod_addresses.LookupResult(pods, object_builders.START + at)
    )
    return cache


def pushed(
    text: str, *, at: float = 10.0, claims: tuple[owner_views.OwnerView | owners.Claim, ...] = ()
) -> control_api.GroupRecord:
    """Build a group that was pushed from the first address."""
    return object_builders.group(text, pushed=at, pushers=(IP,), claims=claims)


def by_address(view: owner_views.OwnerView) -> owners.Claim:
    return object_builders.claim(view, rule=settings.ADDRESS)
