"""What the author of one Job can do to the groups of another; SECURITY.md says the same."""

from __future__ import annotations

import pytest

from tests.operator import object_builders, pod_address_builders, policy_builders
from tidegate import settings
from tidegate.model import owners
from tidegate.operator.cache import owner_views
from tidegate.operator.objects import pod_addresses
from tidegate.operator.policy import policy_index

NAMES_IT = {"tidegate.dev/grouping-key": "job=x,instance=db1; job=x,instance=db1,namespace=prod"}
PLAIN, LABELLED = "job=x,instance=db1", "job=x,instance=db1,namespace=prod"


def _stranger(*, annotations: dict[str, str] | None = None, hostname: str | None = None) -> owner_views.OwnerView:
    """A Job of another namespace that is over, and was there when the group was pushed."""
    return object_builders.job("stranger", namespace="dev", finished=15.0, annotations=annotations, hostname=hostname)


BY_ANNOTATION, BY_HOSTNAME = _stranger(annotations=NAMES_IT), _stranger(hostname="db1")
RETIRED = [f'claim {{job="x",instance="db1"}} for {BY_ANNOTATION.owner}', 'retire {job="x",instance="db1"}']


@pytest.mark.parametrize("stranger", [BY_ANNOTATION, BY_HOSTNAME], ids=["by annotation", "by host name"])
def test_a_group_that_no_active_job_owns_ends_with_a_stranger(stranger: owner_views.OwnerView) -> None:
    planned = object_builders.planned(object_builders.cache(stranger, holds=[object_builders.group(PLAIN)]))
    assert [action.partition(" of ")[0] for action in planned] == RETIRED


@pytest.mark.parametrize("stranger", [BY_ANNOTATION, BY_HOSTNAME], ids=["by annotation", "by host name"])
def test_a_namespace_label_keeps_strangers_of_other_namespaces_off(stranger: owner_views.OwnerView) -> None:
    assert object_builders.planned(object_builders.cache(stranger, holds=[object_builders.group(LABELLED)])) == []


@pytest.mark.parametrize(
    "owner",
    [
        pytest.param(object_builders.job("x"), id="by its name"),
        pytest.param(object_builders.job("y", annotations=NAMES_IT), id="by its annotation"),
        pytest.param(object_builders.job("y", hostname="db1"), id="by its host name"),
    ],
)
def test_no_annotation_of_a_stranger_ends_the_group_of_an_active_job(owner: owner_views.OwnerView) -> None:
    record = object_builders.group(PLAIN, claims=[owner])
    planned = object_builders.planned(object_builders.cache(owner, BY_ANNOTATION, holds=[record]))
    assert [action for action in planned if action.startswith(("retire", "release"))] == []


@pytest.mark.parametrize(
    "owner", [object_builders.job("y", annotations=NAMES_IT), object_builders.job("y", hostname="db1")]
)
def test_no_host_name_of_a_stranger_ends_the_group_of_an_active_jobs_annotation_or_pods(
    owner: owner_views.OwnerView,
) -> None:
    record = object_builders.group(PLAIN, claims=[owner])
    planned = object_builders.planned(object_builders.cache(owner, BY_HOSTNAME, holds=[record]))
    assert [action for action in planned if action.startswith(("retire", "release"))] == []


def test_a_host_name_of_a_stranger_ends_a_group_that_an_active_job_has_by_name_alone() -> None:
    owner = object_builders.job("x")
    made = object_builders.cache(owner, BY_HOSTNAME, holds=[object_builders.group(PLAIN, claims=[owner])])
    assert any(action.startswith("retire") for action in object_builders.planned(made))


# Where the address of the last push tells whose pod it was

BY_NAME = object_builders.job("x", namespace="dev", finished=15.0)
BY_POLICY = _stranger()
THEIRS = policy_builders.policy({"groups": ["job=x,instance=*"]}, namespace="dev")
OURS = object_builders.job("y")
OURS_BY_NAME = object_builders.job("x")
each_stranger = pytest.mark.parametrize(
    "stranger",
    [BY_ANNOTATION, BY_HOSTNAME, BY_NAME, BY_POLICY],
    ids=["by-annotation", "by-host-name", "by-name", "by-policy"],
)


def _scene(
    stranger: owner_views.OwnerView,
    *there: owner_views.OwnerView,
    pods: tuple[pod_addresses.AddressPod, ...],
    claims: tuple[owner_views.OwnerView | owners.Claim, ...] = (),
) -> list[str]:
    """What is planned of a group with an address, where a policy of the stranger's namespace names it, too."""
    made = object_builders.cache(stranger, *there, holds=[pod_address_builders.pushed(PLAIN, claims=claims)])
    if stranger is BY_POLICY:
        made.replace_policies(policy_index.PolicyIndex([THEIRS]))
    return object_builders.planned(pod_address_builders.told(made, *pods))


@each_stranger
def test_each_of_these_strangers_ends_a_group_of_which_nobody_knows_who_pushed_it(
    stranger: owner_views.OwnerView,
) -> None:
    assert [line.split()[0] for line in _scene(stranger, pods=())] == ["claim", "retire"]


@each_stranger
@pytest.mark.parametrize("owner", [OURS, OURS_BY_NAME], ids=["by-address", "by-address-and-name"])
def test_a_stranger_neither_holds_nor_ends_what_a_job_of_another_namespace_pushed(
    stranger: owner_views.OwnerView, owner: owner_views.OwnerView
) -> None:
    planned = _scene(stranger, owner, pods=(pod_address_builders.pod(owner),))
    assert planned == [f'claim {{job="x",instance="db1"}} for {owner.owner}']


@each_stranger
def test_a_claim_that_a_stranger_has_already_goes_and_the_pushers_stays(stranger: owner_views.OwnerView) -> None:
    pods = (pod_address_builders.pod(OURS_BY_NAME),)
    planned = _scene(
        stranger, OURS_BY_NAME, pods=pods, claims=(stranger, pod_address_builders.by_address(OURS_BY_NAME))
    )
    assert planned == [f'release {{job="x",instance="db1"}} of {stranger.uid}']


@each_stranger
def test_a_claim_of_a_stranger_is_no_reason_to_retire_what_a_job_of_another_namespace_pushed(
    stranger: owner_views.OwnerView,
) -> None:
    kept = object_builders.job("y", finished=15.0, annotations={"tidegate.dev/cleanup": "on-deletion"})
    planned = _scene(stranger, kept, pods=(pod_address_builders.pod(kept, until=15.0),), claims=(stranger,))
    assert [line for line in planned if line.startswith("retire")] == []
    assert f'release {{job="x",instance="db1"}} of {stranger.uid}' in planned


@pytest.mark.parametrize("rule", settings.OWNERSHIP)
def test_a_claim_of_a_stranger_that_is_long_gone_ends_nothing_of_what_a_job_of_another_namespace_pushed(
    rule: str,
) -> None:
    claim = object_builders.claim(object_builders.job("gone", namespace="dev"), rule=rule)
    elsewhere = object_builders.job("y", annotations={"tidegate.dev/grouping-key": "job=other"})
    made = object_builders.cache(elsewhere, holds=[pod_address_builders.pushed(PLAIN, claims=(claim,))])
    planned = object_builders.planned(pod_address_builders.told(made, pod_address_builders.pod(elsewhere)))
    assert planned == [f'release {{job="x",instance="db1"}} of {claim.owner.uid}']


@pytest.mark.parametrize(
    "pods",
    [
        pytest.param((pod_address_builders.pod("a-proxy"),), id="a-proxy"),
        pytest.param((pod_address_builders.pod(OURS_BY_NAME, is_host=True),), id="the-network-of-a-node"),
        pytest.param((pod_address_builders.pod(OURS_BY_NAME), pod_address_builders.pod("another")), id="two-pods"),
        pytest.param((), id="nobody-of-the-cluster"),
    ],
)
def test_where_the_address_says_nothing_a_host_name_ends_what_an_active_job_has_by_name_alone(
    pods: tuple[pod_addresses.AddressPod, ...],
) -> None:
    planned = _scene(BY_HOSTNAME, OURS_BY_NAME, pods=pods, claims=(OURS_BY_NAME,))
    assert any(line.startswith("retire") for line in planned)
