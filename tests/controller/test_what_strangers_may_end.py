"""What the author of one Job can do to the groups of another; SECURITY.md says the same."""

from __future__ import annotations

import pytest

from tests.controller import builders
from tidegate.controller import views

NAMES_IT = {"tidegate.dev/grouping-key": "job=x,instance=db1; job=x,instance=db1,namespace=prod"}
PLAIN, LABELLED = "job=x,instance=db1", "job=x,instance=db1,namespace=prod"


def _stranger(*, annotations: dict[str, str] | None = None, hostname: str | None = None) -> views.OwnerView:
    """A Job of another namespace that is over, and was there when the group was pushed."""
    return builders.job("stranger", namespace="dev", finished=15.0, annotations=annotations, hostname=hostname)


BY_ANNOTATION, BY_HOSTNAME = _stranger(annotations=NAMES_IT), _stranger(hostname="db1")
RETIRED = [f'claim {{job="x",instance="db1"}} for {BY_ANNOTATION.owner}', 'retire {job="x",instance="db1"}']


@pytest.mark.parametrize("stranger", [BY_ANNOTATION, BY_HOSTNAME], ids=["by annotation", "by host name"])
def test_a_group_that_no_active_job_owns_ends_with_a_stranger(stranger: views.OwnerView) -> None:
    planned = builders.planned(builders.picture(stranger, holds=[builders.group(PLAIN)]))
    assert [action.partition(" of ")[0] for action in planned] == RETIRED


@pytest.mark.parametrize("stranger", [BY_ANNOTATION, BY_HOSTNAME], ids=["by annotation", "by host name"])
def test_a_namespace_label_keeps_strangers_of_other_namespaces_off(stranger: views.OwnerView) -> None:
    assert builders.planned(builders.picture(stranger, holds=[builders.group(LABELLED)])) == []


@pytest.mark.parametrize(
    "owner",
    [
        pytest.param(builders.job("x"), id="by its name"),
        pytest.param(builders.job("y", annotations=NAMES_IT), id="by its annotation"),
        pytest.param(builders.job("y", hostname="db1"), id="by its host name"),
    ],
)
def test_no_annotation_of_a_stranger_ends_the_group_of_an_active_job(owner: views.OwnerView) -> None:
    record = builders.group(PLAIN, claims=[owner])
    planned = builders.planned(builders.picture(owner, BY_ANNOTATION, holds=[record]))
    assert [action for action in planned if action.startswith(("retire", "release"))] == []


@pytest.mark.parametrize("owner", [builders.job("y", annotations=NAMES_IT), builders.job("y", hostname="db1")])
def test_no_host_name_of_a_stranger_ends_the_group_of_an_active_jobs_annotation_or_pods(owner: views.OwnerView) -> None:
    record = builders.group(PLAIN, claims=[owner])
    planned = builders.planned(builders.picture(owner, BY_HOSTNAME, holds=[record]))
    assert [action for action in planned if action.startswith(("retire", "release"))] == []


def test_a_host_name_of_a_stranger_ends_a_group_that_an_active_job_has_by_name_alone() -> None:
    owner = builders.job("x")
    made = builders.picture(owner, BY_HOSTNAME, holds=[builders.group(PLAIN, claims=[owner])])
    assert any(action.startswith("retire") for action in builders.planned(made))
