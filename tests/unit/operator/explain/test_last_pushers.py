"""Reasons from the Pods that pushed a group: why their objects, or the objects that its labels name, do not own it."""

from __future__ import annotations

import dataclasses

import pytest

from tests.support.operator import object_builders, pod_address_builders
from tidegate import settings
from tidegate.model import control_api, reasons
from tidegate.operator.cache import cluster_cache, owner_views
from tidegate.operator.explain import unowned_reasons
from tidegate.operator.objects import pod_addresses

Code = reasons.Code

X = object_builders.job("x")
ELSEWHERE = object_builders.job("x", namespace="dev")
OTHER_KEYS = object_builders.job("x", annotations={"tidegate.dev/grouping-key": "job=y"})
RULES = object_builders.RULES


def _cache(
    record: control_api.GroupRecord,
    *objects: owner_views.OwnerView,
    pods: tuple[pod_addresses.AddressPod, ...] = (),
    deleted: tuple[owner_views.OwnerView, ...] = (),
) -> cluster_cache.ClusterCache:
    cache = object_builders.cache(*objects, holds=[record], deleted=deleted)
    return pod_address_builders.with_pods(cache, *pods) if pods else cache


def _codes(
    cache: cluster_cache.ClusterCache, record: control_api.GroupRecord, *, ownership: tuple[str, ...] = ()
) -> list[Code]:
    rules = dataclasses.replace(RULES, ownership=ownership or settings.OWNERSHIP)
    return [each.code for each in unowned_reasons.unowned(cache, record, rules=rules)]


@pytest.mark.parametrize(
    ("objects", "deleted", "pod", "code"),
    [
        pytest.param((), (), pod_address_builders.pod("a-service"), Code.PUSHER_NOT_WATCHED, id="not-watched"),
        pytest.param((OTHER_KEYS,), (), pod_address_builders.pod(OTHER_KEYS), Code.PUSHER_OWNS_OTHER_GROUPS, id="keys"),
        pytest.param(
            (object_builders.job("y", finished=15),),
            (),
            pod_address_builders.pod(object_builders.job("y")),
            Code.PUSHER_FINISHED,
            id="finished",
        ),
        pytest.param(
            (),
            (object_builders.job("y"),),
            pod_address_builders.pod(object_builders.job("y")),
            Code.PUSHER_DELETED,
            id="deleted",
        ),
        pytest.param((X,), (), pod_address_builders.pod(X), Code.PUSHER_NOT_OWNER, id="not-owner"),
    ],
)
def test_pod_that_pushed_last_and_whose_object_is_not_an_owner_is_explained(
    objects: tuple[owner_views.OwnerView, ...],
    deleted: tuple[owner_views.OwnerView, ...],
    pod: pod_addresses.AddressPod,
    code: Code,
) -> None:
    record = pod_address_builders.pushed("job=anything")
    assert _codes(_cache(record, *objects, pods=(pod,), deleted=deleted), record)[0] is code


def test_pod_in_a_namespace_that_the_label_excludes_is_explained() -> None:
    record = pod_address_builders.pushed("job=anything,namespace=prod")
    pod = pod_address_builders.pod(ELSEWHERE, namespace="dev")
    assert _codes(_cache(record, ELSEWHERE, pods=(pod,)), record)[0] is Code.PUSHER_IN_OTHER_NAMESPACE


def test_job_that_pushed_last_but_shares_the_group_with_a_service_is_explained() -> None:
    service = pod_address_builders.pod("a-service", name="service-0")
    record = object_builders.group(
        "job=anything",
        pushers=((pod_address_builders.IP, 10.0), (pod_address_builders.OTHER_IP, 5.0)),
    )
    cache = _cache(record, X, pods=(pod_address_builders.pod(X),))
    pod_address_builders.with_pods(cache, service, address=pod_address_builders.OTHER_IP)
    reason = unowned_reasons.unowned(cache, record, rules=RULES)[0]
    assert (reason.code, reason.fields["pod"]) == (Code.PUSHER_BESIDE_SERVICE, "Pod prod/x-b2c4d")


def test_object_deleted_before_the_last_push_is_explained() -> None:
    record = object_builders.group("job=x", pushed=900.0)
    [reason] = [
        each
        for each in unowned_reasons.unowned(_cache(record, deleted=(X,)), record, rules=RULES)
        if each.code is Code.CANDIDATE_DELETED_BEFORE
    ]
    assert reason.fields["owner"] == X.owner


def test_finished_object_is_not_an_owner_if_another_object_pushed_last() -> None:
    other = object_builders.job("other")
    record = pod_address_builders.pushed("job=x", at=900.0)
    pod = pod_address_builders.pod(other)
    cache = _cache(record, object_builders.job("x", finished=15), other, pods=(pod,))
    assert Code.CANDIDATE_NOT_LAST_PUSHER in _codes(cache, record)


def test_object_in_another_namespace_than_the_pod_is_explained() -> None:
    record = pod_address_builders.pushed("job=x")
    cache = _cache(record, X, ELSEWHERE, pods=(pod_address_builders.pod(ELSEWHERE, namespace="dev"),))
    found = unowned_reasons.unowned(cache, record, rules=dataclasses.replace(RULES, ownership=("address",)))
    assert (Code.CANDIDATE_NOT_IN_NAMESPACE_OF_POD, X.owner) in [
        (each.code, each.fields.get("owner")) for each in found
    ]


def test_object_that_no_enabled_rule_leads_to_is_explained() -> None:
    record = object_builders.group("job=x")
    codes = _codes(_cache(record, X), record, ownership=("annotation",))
    assert codes == [Code.CANDIDATE_WITHOUT_RULE, Code.UNOWNED_ADVICE]


def test_only_some_of_many_candidates_are_named() -> None:
    record = object_builders.group("job=x,namespace=none")
    jobs = [object_builders.job("x", namespace=f"n{number}") for number in range(6)]
    found = unowned_reasons.unowned(_cache(record, *jobs), record, rules=RULES)
    [more] = [each for each in found if each.code is Code.MORE_CANDIDATES]
    named = [each for each in found if each.code is Code.CANDIDATE_NOT_IN_LABELLED_NAMESPACE]
    assert len(named) + int(str(more.fields["count"])) == len(jobs)


@pytest.mark.parametrize(
    ("objects", "pods", "expected"),
    [
        pytest.param((), (), [Code.LAST_PUSH_FROM_ADDRESS], id="address"),
        pytest.param((), (pod_address_builders.pod("a-service"),), [Code.LAST_PUSH_BY_POD], id="pod"),
        pytest.param((X,), (pod_address_builders.pod(X),), [Code.LAST_PUSH_BY_POD_OF_OWNER], id="owner"),
    ],
)
def test_source_of_the_last_push_is_as_precise_as_it_is_known(
    objects: tuple[owner_views.OwnerView, ...], pods: tuple[pod_addresses.AddressPod, ...], expected: list[Code]
) -> None:
    record = pod_address_builders.pushed("job=x")
    cache = _cache(record, *objects, pods=pods)
    assert [each.code for each in unowned_reasons.last_push(cache, record, rules=RULES)] == expected


def test_source_of_the_last_push_is_left_out_if_it_is_unknown() -> None:
    record = object_builders.group("job=x")
    assert unowned_reasons.last_push(_cache(record), record, rules=RULES) == []
