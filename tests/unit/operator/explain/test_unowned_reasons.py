"""Why a group has no owner, more than one possible owner, or none that can be named yet, by code and fields."""

from __future__ import annotations

import pytest

from tests.support.operator import explained_groups, object_builders
from tidegate import settings
from tidegate.model import reasons
from tidegate.operator.cache import cluster_cache
from tidegate.operator.objects import pod_addresses
from tidegate.operator.planning import drain_planner
from tidegate.operator.policy import cleanup_rules

Code, Verdict = reasons.Code, drain_planner.Verdict
IP, X, FINISHED = explained_groups.IP, explained_groups.X, explained_groups.FINISHED
GROUPING_KEY_SOURCE = f"annotation {cleanup_rules.GROUPING_KEY}"
NAMES_ANOTHER_GROUP = {cleanup_rules.GROUPING_KEY: "job=y"}


@pytest.mark.parametrize(
    ("cache", "address", "name"),
    [
        pytest.param(
            explained_groups.cache(),
            Code.ADDRESS_UNKNOWN,
            reasons.reason(Code.NO_OBJECT_OF_THIS_NAME, job="x"),
            id="nothing-of-that-name",
        ),
        pytest.param(
            explained_groups.cache(pushed=None),
            Code.NO_SUCCESSFUL_PUSH,
            reasons.reason(Code.NO_OBJECT_OF_THIS_NAME, job="x"),
            id="only-rejected-pushes",
        ),
        pytest.param(
            explained_groups.cache(X, text="job=x,namespace=dev"),
            Code.ADDRESS_UNKNOWN,
            reasons.reason(Code.CANDIDATE_NOT_IN_LABELLED_NAMESPACE, owner=X.owner, namespace="dev"),
            id="another-namespace",
        ),
        pytest.param(
            explained_groups.cache(object_builders.job("x", annotations=NAMES_ANOTHER_GROUP)),
            Code.ADDRESS_UNKNOWN,
            reasons.reason(Code.CANDIDATE_OWNS_OTHER_GROUPS, owner=X.owner, source=GROUPING_KEY_SOURCE),
            id="annotation-names-another-group",
        ),
        pytest.param(
            explained_groups.cache(object_builders.job("x", created=60.0)),
            Code.ADDRESS_UNKNOWN,
            reasons.reason(Code.CANDIDATE_CREATED_LATER, owner=X.owner),
            id="created-later",
        ),
        pytest.param(
            explained_groups.cache(FINISHED, pushed=900.0),
            Code.ADDRESS_UNKNOWN,
            reasons.reason(Code.CANDIDATE_FINISHED_BEFORE, owner=X.owner, finished_at=explained_groups.FINISHED_AT),
            id="finished-before",
        ),
    ],
)
def test_unowned_group_is_explained_with_the_reason_for_having_no_owner(
    cache: cluster_cache.ClusterCache, address: reasons.Code, name: reasons.Reason
) -> None:
    advice = reasons.reason(Code.UNOWNED_ADVICE)
    assert explained_groups.explain(cache) == (Verdict.UNOWNED, [reasons.reason(address), name, advice])


def test_unowned_group_that_drains_is_explained_with_its_ttl() -> None:
    explained = explained_groups.explain(explained_groups.cache(drained=7))
    assert explained.verdict is Verdict.UNOWNED
    assert explained.codes == [Code.ADDRESS_UNKNOWN, Code.NO_OBJECT_OF_THIS_NAME, Code.TTL_EXPIRED]


def test_disabled_ownership_rules_are_not_mentioned() -> None:
    explained = explained_groups.explain(explained_groups.cache(), ownership=(settings.ANNOTATION,))
    assert (explained.verdict, explained.codes) == (Verdict.UNOWNED, [Code.UNOWNED_ADVICE])


@pytest.mark.parametrize(
    ("pods", "expected"),
    [
        pytest.param([], reasons.reason(Code.ADDRESS_OF_NO_POD, address=IP), id="no-pod"),
        pytest.param(
            [explained_groups.pod(X.uid, is_host=True)],
            reasons.reason(Code.ADDRESS_OF_NODE, address=IP),
            id="on-the-network-of-its-node",
        ),
        pytest.param(
            [explained_groups.pod("a-replica-set")],
            reasons.reason(Code.PUSHER_NOT_WATCHED, pod="Pod prod/p"),
            id="a-proxy",
        ),
        pytest.param(
            [explained_groups.pod(X.uid), explained_groups.pod("another")],
            reasons.reason(Code.ADDRESS_OF_SEVERAL_PODS, address=IP),
            id="several",
        ),
        pytest.param(
            [explained_groups.pod(X.uid, since=60.0)],
            reasons.reason(Code.ADDRESS_REUSED, address=IP),
            id="used-again",
        ),
    ],
)
def test_address_that_does_not_decide_is_explained(
    pods: list[pod_addresses.AddressPod], expected: reasons.Reason
) -> None:
    cache = object_builders.cache(X, holds=[object_builders.group("job=anything", pushers=(IP,))])
    explained = explained_groups.explain(explained_groups.with_pods(cache, *pods))
    assert explained.verdict is Verdict.UNOWNED
    assert explained.all_reasons[0] == expected


def test_group_last_pushed_after_the_end_of_its_owner_is_explained_with_that_push() -> None:
    cache = explained_groups.cache(FINISHED, claims=(FINISHED,), pushed=900.0)
    before = reasons.reason(Code.NOT_LAST_PUSHER, owners=(X.owner,), push_time=object_builders.START + 900)
    assert explained_groups.explain(cache) == (Verdict.NOT_LAST_PUSHER, [before, reasons.reason(Code.UNOWNED_NOW)])


def test_explanation_names_the_pod_of_another_job_that_pushed_last() -> None:
    other = object_builders.job("other", annotations=NAMES_ANOTHER_GROUP)
    record = object_builders.group("job=x", pushers=(IP,), claims=(FINISHED,))
    cache = object_builders.cache(FINISHED, other, holds=[record])
    explained = explained_groups.explain(explained_groups.with_pods(cache, explained_groups.pod(other.uid)))
    last_push = reasons.reason(Code.LAST_PUSH_BY_POD_OF_OWNER, pod="Pod prod/p", owner=other.owner)
    assert last_push in explained.all_reasons


def test_group_pushed_by_another_running_pod_is_explained_with_the_end_of_the_wait() -> None:
    now = object_builders.START + 20
    record = object_builders.group("job=x", pushed=10.0, pushers=(IP,))
    cache = object_builders.cache(FINISHED, holds=[record])
    explained_groups.with_pods(cache, explained_groups.pod("a-service"), at=now)
    until = explained_groups.FINISHED_AT + object_builders.RULES.late_push_grace
    assert explained_groups.explain(cache, now=now) == (
        Verdict.ACTIVE,
        [
            reasons.reason(
                Code.OWNER_FINISHED,
                owner=X.owner,
                outcome="succeeded",
                finished_at=explained_groups.FINISHED_AT,
            ),
            reasons.reason(Code.KEPT_FOR_LATE_PUSH, until=until),
            reasons.reason(Code.RULE_NAME, owner=X.owner),
        ],
    )


def test_ambiguous_group_is_explained_with_its_possible_owners() -> None:
    dev = object_builders.job("x", namespace="dev")
    possible = reasons.reason(Code.AMBIGUOUS_OWNERS, owners=(dev.owner, X.owner))
    assert explained_groups.explain(explained_groups.cache(X, dev)) == (
        Verdict.AMBIGUOUS,
        [possible, reasons.reason(Code.AMBIGUOUS_ADVICE)],
    )


def test_group_of_an_owner_that_is_not_watched_is_explained() -> None:
    cache = object_builders.cache(holds=[object_builders.group("job=x", claims=[X])], namespaces=["dev"])
    unknown = reasons.reason(Code.OWNERS_UNKNOWN, owners=(X.owner,))
    assert explained_groups.explain(cache) == (
        Verdict.UNKNOWN,
        [unknown, reasons.reason(Code.OWNERS_UNKNOWN_ADVICE)],
    )


@pytest.mark.parametrize(
    ("cache", "lookup"),
    [
        pytest.param(
            object_builders.cache(X, holds=[object_builders.group("job=x", pushers=(IP,))]),
            f"the Pods at {IP}",
            id="an-address",
        ),
        pytest.param(explained_groups.cache(X, text="job=y,instance=x-b2c4d"), "Pod prod/x-b2c4d", id="a-pod"),
    ],
)
def test_group_that_waits_for_a_lookup_is_explained_with_it(cache: cluster_cache.ClusterCache, lookup: str) -> None:
    pending = reasons.reason(Code.LOOKUP_PENDING, lookups=(lookup,))
    assert explained_groups.explain(cache) == (Verdict.LOOKUP_PENDING, [pending])
