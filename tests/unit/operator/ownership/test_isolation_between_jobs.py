"""The effects that the author of one Job can have on the groups of another, as documented in SECURITY.md."""

from __future__ import annotations

import pytest

from tests.support.operator import object_builders, pod_address_builders, policy_builders
from tidegate import settings
from tidegate.model import owners
from tidegate.operator.cache import owner_views
from tidegate.operator.objects import pod_addresses
from tidegate.operator.policy import policy_index

NAMING_ANNOTATION = {"tidegate.dev/grouping-key": "job=x,instance=db1; job=x,instance=db1,namespace=prod"}
PLAIN, LABELLED = "job=x,instance=db1", "job=x,instance=db1,namespace=prod"


def _foreign_job(*, annotations: dict[str, str] | None = None, hostname: str | None = None) -> owner_views.OwnerView:
    """Build a finished Job of another namespace that existed when the group was pushed."""
    return object_builders.job("foreign", namespace="dev", finished=15.0, annotations=annotations, hostname=hostname)


BY_ANNOTATION, BY_HOSTNAME = _foreign_job(annotations=NAMING_ANNOTATION), _foreign_job(hostname="db1")
RETIRED = [f'claim {{job="x",instance="db1"}} for {BY_ANNOTATION.owner}', 'retire {job="x",instance="db1"}']


@pytest.mark.parametrize("foreign", [BY_ANNOTATION, BY_HOSTNAME], ids=["by annotation", "by host name"])
def test_group_without_an_active_owner_is_retired_with_a_job_of_another_namespace(
    foreign: owner_views.OwnerView,
) -> None:
    planned = object_builders.planned(object_builders.cache(foreign, holds=[object_builders.group(PLAIN)]))
    assert [action.partition(" of ")[0] for action in planned] == RETIRED


@pytest.mark.parametrize("foreign", [BY_ANNOTATION, BY_HOSTNAME], ids=["by annotation", "by host name"])
def test_namespace_label_protects_a_group_from_jobs_of_other_namespaces(foreign: owner_views.OwnerView) -> None:
    assert object_builders.planned(object_builders.cache(foreign, holds=[object_builders.group(LABELLED)])) == []


@pytest.mark.parametrize(
    "owner",
    [
        pytest.param(object_builders.job("x"), id="by its name"),
        pytest.param(object_builders.job("y", annotations=NAMING_ANNOTATION), id="by its annotation"),
        pytest.param(object_builders.job("y", hostname="db1"), id="by its host name"),
    ],
)
def test_annotation_of_another_namespace_does_not_retire_the_group_of_an_active_job(
    owner: owner_views.OwnerView,
) -> None:
    record = object_builders.group(PLAIN, claims=[owner])
    planned = object_builders.planned(object_builders.cache(owner, BY_ANNOTATION, holds=[record]))
    assert [action for action in planned if action.startswith(("retire", "release"))] == []


@pytest.mark.parametrize(
    "owner", [object_builders.job("y", annotations=NAMING_ANNOTATION), object_builders.job("y", hostname="db1")]
)
def test_hostname_of_another_namespace_does_not_retire_a_group_owned_by_annotation_or_pod(
    owner: owner_views.OwnerView,
) -> None:
    record = object_builders.group(PLAIN, claims=[owner])
    planned = object_builders.planned(object_builders.cache(owner, BY_HOSTNAME, holds=[record]))
    assert [action for action in planned if action.startswith(("retire", "release"))] == []


def test_hostname_of_another_namespace_retires_a_group_owned_only_by_name() -> None:
    owner = object_builders.job("x")
    cache = object_builders.cache(owner, BY_HOSTNAME, holds=[object_builders.group(PLAIN, claims=[owner])])
    assert any(action.startswith("retire") for action in object_builders.planned(cache))


# Cases in which the address of the last push identifies its pod.

BY_NAME = object_builders.job("x", namespace="dev", finished=15.0)
BY_POLICY = _foreign_job()
FOREIGN_POLICY = policy_builders.policy({"groups": ["job=x,instance=*"]}, namespace="dev")
PUSHER = object_builders.job("y")
PUSHER_BY_NAME = object_builders.job("x")
each_foreign_job = pytest.mark.parametrize(
    "foreign",
    [BY_ANNOTATION, BY_HOSTNAME, BY_NAME, BY_POLICY],
    ids=["by-annotation", "by-host-name", "by-name", "by-policy"],
)


def _scene(
    foreign: owner_views.OwnerView,
    *others: owner_views.OwnerView,
    pods: tuple[pod_addresses.AddressPod, ...],
    claims: tuple[owner_views.OwnerView | owners.Claim, ...] = (),
) -> list[str]:
    """Return the plan for a group with an address that a policy of the other namespace names, too."""
    cache = object_builders.cache(foreign, *others, holds=[pod_address_builders.pushed(PLAIN, claims=claims)])
    if foreign is BY_POLICY:
        cache.replace_policies(policy_index.PolicyIndex([FOREIGN_POLICY]))
    return object_builders.planned(pod_address_builders.with_pods(cache, *pods))


@each_foreign_job
def test_each_foreign_job_retires_a_group_with_an_unknown_pusher(
    foreign: owner_views.OwnerView,
) -> None:
    assert [line.split()[0] for line in _scene(foreign, pods=())] == ["claim", "retire"]


@each_foreign_job
@pytest.mark.parametrize("owner", [PUSHER, PUSHER_BY_NAME], ids=["by-address", "by-address-and-name"])
def test_foreign_job_neither_keeps_nor_retires_a_group_that_another_namespace_pushed(
    foreign: owner_views.OwnerView, owner: owner_views.OwnerView
) -> None:
    planned = _scene(foreign, owner, pods=(pod_address_builders.pod(owner),))
    assert planned == [f'claim {{job="x",instance="db1"}} for {owner.owner}']


@each_foreign_job
def test_existing_claim_of_a_foreign_job_is_released_and_that_of_the_pusher_is_kept(
    foreign: owner_views.OwnerView,
) -> None:
    pods = (pod_address_builders.pod(PUSHER_BY_NAME),)
    planned = _scene(
        foreign, PUSHER_BY_NAME, pods=pods, claims=(foreign, pod_address_builders.by_address(PUSHER_BY_NAME))
    )
    assert planned == [f'release {{job="x",instance="db1"}} of {foreign.uid}']


@each_foreign_job
def test_claim_of_a_foreign_job_does_not_retire_a_group_that_another_namespace_pushed(
    foreign: owner_views.OwnerView,
) -> None:
    kept_job = object_builders.job("y", finished=15.0, annotations={"tidegate.dev/cleanup": "on-deletion"})
    planned = _scene(foreign, kept_job, pods=(pod_address_builders.pod(kept_job, until=15.0),), claims=(foreign,))
    assert [line for line in planned if line.startswith("retire")] == []
    assert f'release {{job="x",instance="db1"}} of {foreign.uid}' in planned


@pytest.mark.parametrize("rule", settings.OWNERSHIP)
def test_claim_of_a_deleted_foreign_job_does_not_retire_a_group_that_another_namespace_pushed(
    rule: str,
) -> None:
    claim = object_builders.claim(object_builders.job("deleted", namespace="dev"), rule=rule)
    elsewhere = object_builders.job("y", annotations={"tidegate.dev/grouping-key": "job=other"})
    cache = object_builders.cache(elsewhere, holds=[pod_address_builders.pushed(PLAIN, claims=(claim,))])
    planned = object_builders.planned(pod_address_builders.with_pods(cache, pod_address_builders.pod(elsewhere)))
    assert planned == [f'release {{job="x",instance="db1"}} of {claim.owner.uid}']


@pytest.mark.parametrize(
    "pods",
    [
        pytest.param((pod_address_builders.pod("a-proxy"),), id="a-proxy"),
        pytest.param((pod_address_builders.pod(PUSHER_BY_NAME, is_host=True),), id="the-network-of-a-node"),
        pytest.param((pod_address_builders.pod(PUSHER_BY_NAME), pod_address_builders.pod("another")), id="two-pods"),
        pytest.param((), id="outside-the-cluster"),
    ],
)
def test_hostname_retires_a_group_owned_only_by_name_if_the_address_does_not_decide(
    pods: tuple[pod_addresses.AddressPod, ...],
) -> None:
    planned = _scene(BY_HOSTNAME, PUSHER_BY_NAME, pods=pods, claims=(PUSHER_BY_NAME,))
    assert any(line.startswith("retire") for line in planned)
