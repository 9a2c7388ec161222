"""Short words for pods with addresses, and for groups that were pushed from one; times as in `builders`."""

from __future__ import annotations

from tests.operator import object_builders
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
    """A pod that ran from one time to another, of an object or of something that nobody watches."""
    return pod_addresses.AddressPod(
        namespace=namespace,
        name=name,
        owner=owners.Uid(of) if isinstance(of, str) else of.uid,
        since=None if since is None else object_builders.START + since,
        until=None if until is None else object_builders.START + until,
        is_host=is_host,
    )


def told(
    picture: cluster_cache.Picture, *pods: pod_addresses.AddressPod, address: str = IP, at: float = 50.0
) -> cluster_cache.Picture:
    """The picture, once the API server has answered which pods an address has."""
    picture.address_resolved(cluster_cache.Address(address), pod_addresses.Answer(pods, object_builders.START + at))
    return picture


def pushed(
    text: str, *, at: float = 10.0, claims: tuple[owner_views.OwnerView | owners.Claim, ...] = ()
) -> control_api.GroupRecord:
    """A group that was pushed from the first address."""
    return object_builders.group(text, pushed=at, pushers=(IP,), claims=claims)


def by_address(view: owner_views.OwnerView) -> owners.Claim:
    return object_builders.claim(view, rule=settings.ADDRESS)
