"""Explanations of why a group is or is not deleted: every verdict and its details."""

from __future__ import annotations

import dataclasses
import json

import hypothesis
import pytest
from hypothesis import strategies

from tests.support.operator import object_builders, random_cluster_states
from tidegate import settings
from tidegate.model import owners, ownership_status, reason_texts
from tidegate.operator.cache import cluster_cache, owner_views
from tidegate.operator.explain import decision_reasons, groups_endpoint
from tidegate.operator.objects import pod_addresses
from tidegate.operator.planning import drain_planner
from tidegate.operator.policy import cleanup_rules

IP = "10.0.0.7"
ENDED = "2023-11-14 22:13:35Z"
"""15 s after the start, when the finished objects of these tests finished."""

X = object_builders.job("x")
FINISHED = object_builders.job("x", finished=15)
FAILED = object_builders.job("x", finished=15, succeeded=False)
CRONJOB = object_builders.cronjob("nightly")
RUN = object_builders.job(
    "nightly-1", parent=CRONJOB.owner, finished=15, annotations={"tidegate.dev/cleanup": "superseded"}
)
RUN_CLAIM = owners.Claim(RUN.owner, 300.0, series=CRONJOB.owner)
DELETED_CLAIM = owners.Claim(X.owner, 300.0, kept_until=object_builders.NOW + 5.0)


def _annotated(annotation: str, value: str, *, succeeded: bool = True) -> owner_views.OwnerView:
    annotations = {f"tidegate.dev/{annotation}": value}
    return object_builders.job("x", finished=15, succeeded=succeeded, annotations=annotations)


def _by_policy(cleanup: cleanup_rules.Cleanup) -> owner_views.OwnerView:
    rules = cleanup_rules.merge([("GroupCleanupPolicy prod/all", cleanup_rules.PartialRules(cleanup=cleanup))])
    return dataclasses.replace(FINISHED, rules=rules)


def _pod(of: str, *, is_host: bool = False, since: float = 0.0) -> pod_addresses.AddressPod:
    return pod_addresses.AddressPod("prod", "p", owners.Uid(of), object_builders.START + since, None, is_host)


def _explanation(
    cache: cluster_cache.ClusterCache,
    *,
    hold: drain_planner.Hold | None = None,
    now: float = object_builders.NOW,
    ownership: tuple[str, ...] = settings.OWNERSHIP,
) -> str:
    """Return the verdict on the only group, and its explanation."""
    [key] = cache.group_keys()
    record = cache.group(key)
    assert record is not None
    rules = dataclasses.replace(object_builders.RULES, ownership=ownership)
    decision = drain_planner.decide(cache, record, rules=rules, now=now)
    sentences = reason_texts.texts(decision_reasons.explain(decision, cache=cache, rules=rules, grace=None, hold=hold))
    assert all(sentence[0].isupper() or sentence[0].isdigit() for sentence in sentences)
    return f"{decision.verdict.value}: {' '.join(sentences)}"


def _cache(
    *objects: owner_views.OwnerView,
    claims: tuple[owner_views.OwnerView | owners.Claim, ...] = (),
    deleted: tuple[owner_views.OwnerView, ...] = (),
    text: str = "job=x",
    pushed: float | None = 10.0,
    drained: int | None = None,
) -> cluster_cache.ClusterCache:
    return object_builders.cache(
        *objects, holds=[object_builders.group(text, claims=claims, pushed=pushed, drained=drained)], deleted=deleted
    )


BY_NAME = "Ownership rule name: the job label is the name of Job prod/x."


@pytest.mark.parametrize(
    ("cache", "expected"),
    [
        pytest.param(_cache(X, claims=(X,)), f"active: Job prod/x has not finished. {BY_NAME}", id="running"),
        pytest.param(
            _cache(X, claims=(X,), drained=7),
            "active: Job prod/x has not finished. Ownership rule name: the job label is the name of Job "
            "prod/x. The group was draining; the operator is making it live again.",
            id="taken-back",
        ),
        pytest.param(
            _cache(_annotated("cleanup", "never"), drained=7),
            "active: Job prod/x keeps its groups: cleanup never, set by annotation tidegate.dev/cleanup. "
            "Ownership rule name: the job label is the name of Job prod/x. Its TTL has expired, so it is "
            "draining.",
            id="never-and-expired",
        ),
        pytest.param(
            _cache(drained=7),
            "unowned: The gateway does not know from which address it was pushed. No object that the operator "
            'watches is named "x". Its TTL has expired, so it is draining.',
            id="expired",
        ),
        pytest.param(
            _cache(object_builders.cronjob("x")),
            "active: CronJob prod/x exists; its groups are kept between its runs. Ownership rule name: the job"
            " label is the name of CronJob prod/x.",
            id="cronjob",
        ),
        pytest.param(
            _cache(_annotated("cleanup", "never")),
            f"active: Job prod/x keeps its groups: cleanup never, set by annotation tidegate.dev/cleanup. {BY_NAME}",
            id="never",
        ),
        pytest.param(
            _cache(_annotated("cleanup", "often")),
            "active: Job prod/x has an invalid cleanup rule: tidegate.dev/cleanup: 'often' is not one of "
            "on-completion, on-success, on-deletion, superseded, after=10m, never; the groups of this object "
            f"are kept until this is fixed. {BY_NAME}",
            id="unreadable",
        ),
        pytest.param(
            _cache(_by_policy(cleanup_rules.Cleanup.NEVER)),
            f"active: Job prod/x keeps its groups: cleanup never, set by GroupCleanupPolicy prod/all. {BY_NAME}",
            id="never-by-policy",
        ),
        pytest.param(
            _cache(_by_policy(cleanup_rules.Cleanup.ON_DELETION), claims=(X,)),
            f"active: Job prod/x succeeded at {ENDED}; its groups are kept until it is deleted (cleanup "
            f"on-deletion, set by GroupCleanupPolicy prod/all). {BY_NAME}",
            id="on-deletion-by-policy",
        ),
        pytest.param(
            _cache(_annotated("cleanup", "on-success", succeeded=False), claims=(X,)),
            f"active: Job prod/x failed at {ENDED}; its groups are kept until it is deleted (cleanup "
            f"on-success, set by annotation tidegate.dev/cleanup). {BY_NAME}",
            id="on-success-and-failed",
        ),
        pytest.param(
            _cache(_annotated("cleanup", "after=100h"), claims=(X,)),
            f"active: Job prod/x succeeded at {ENDED}; its groups are kept until 2023-11-19 02:13:35Z (cleanup "
            f"after=100h, set by annotation tidegate.dev/cleanup). {BY_NAME}",
            id="after",
        ),
        pytest.param(
            _cache(_annotated("keep-failed-for", "100h", succeeded=False), claims=(X,)),
            f"active: Job prod/x failed at {ENDED}; its groups are kept until 2023-11-19 02:13:35Z "
            f"(keep-failed-for 100h, set by annotation tidegate.dev/keep-failed-for). {BY_NAME}",
            id="keep-failed-for",
        ),
        pytest.param(
            _cache(CRONJOB, RUN, claims=(RUN_CLAIM,)),
            f"active: Job prod/nightly-1 succeeded at {ENDED}; its groups are kept until a later run of CronJob"
            " prod/nightly pushes (cleanup superseded, set by annotation tidegate.dev/cleanup). Ownership rule"
            " name: the job label is the name of Job prod/nightly-1.",
            id="waits-for-the-next-run",
        ),
        pytest.param(
            _cache(CRONJOB, claims=(RUN_CLAIM,), deleted=(RUN,)),
            "active: Job prod/nightly-1 no longer exists; its groups are kept until a later run of CronJob "
            "prod/nightly pushes. Ownership rule name: the job label is the name of Job prod/nightly-1.",
            id="deleted-and-waits-for-the-next-run",
        ),
        pytest.param(
            _cache(_annotated("cleanup", "superseded"), claims=(X,)),
            f"active: Job prod/x succeeded at {ENDED}; its groups are kept until it is deleted (cleanup "
            "superseded, set by annotation tidegate.dev/cleanup; no CronJob controls it, so no later run can "
            f"supersede it). {BY_NAME}",
            id="superseded-without-a-cronjob",
        ),
        pytest.param(
            _cache(claims=(DELETED_CLAIM,)),
            "active: Job prod/x no longer exists; its cleanup rules keep its groups until 2023-11-16 "
            f"02:00:05Z. {BY_NAME}",
            id="deleted-and-kept",
        ),
        pytest.param(
            _cache(object_builders.job("y", annotations={"tidegate.dev/grouping-key": "job=x"})),
            "active: Job prod/y has not finished. Ownership rule annotation: Job prod/y owns the group, set by"
            " annotation tidegate.dev/grouping-key.",
            id="by-annotation",
        ),
        pytest.param(
            _cache(X, object_builders.job("x", namespace="dev")),
            "ambiguous: It may belong to each of Job dev/x and Job prod/x, which are in different namespaces; "
            "it is kept until only one is left. To choose its owner, push it with a namespace label, or set "
            "the annotation tidegate.dev/grouping-key.",
            id="ambiguous",
        ),
        pytest.param(
            _cache(FINISHED, claims=(FINISHED,)),
            f"over: Job prod/x succeeded at {ENDED}. The operator is asking the gateway to start draining the group.",
            id="over",
        ),
        pytest.param(
            _cache(claims=(X,), drained=7),
            "over: Job prod/x no longer exists. The group is draining: it is deleted after every active "
            "Prometheus has scraped it (drain timeout 5m).",
            id="draining",
        ),
        pytest.param(
            _cache(FAILED, claims=(X,), drained=6),
            f"over: Job prod/x failed at {ENDED}. The group was pushed again while draining; it is kept until "
            "the operator has decided whether an owner made that push.",
            id="pushed-while-draining",
        ),
        pytest.param(
            _cache(FINISHED, claims=(FINISHED,), pushed=900.0),
            "outlived: Job prod/x had finished, or had stopped pushing the group, when another client made the"
            " last push at 2023-11-14 22:28:20Z. The group has no owner now; it is kept until it has one "
            "again, or until you delete it.",
            id="outlived",
        ),
        pytest.param(
            object_builders.cache(holds=[object_builders.group("job=x", claims=[X])], namespaces=["dev"]),
            "unknown: The operator cannot tell whether Job prod/x still exists: it does not watch that kind or"
            " namespace, or has not listed it since. The group is kept. To fix this, configure the operator "
            "to watch that kind and namespace; it then releases owners that no longer exist.",
            id="unknown",
        ),
        pytest.param(
            object_builders.cache(X, holds=[object_builders.group("job=x", pushers=(IP,))]),
            "asking: The operator is asking the API server about the Pods at 10.0.0.7; it decides nothing "
            "before the response.",
            id="asking-about-an-address",
        ),
        pytest.param(
            _cache(X, text="job=y,instance=x-b2c4d"),
            "asking: The operator is asking the API server about Pod prod/x-b2c4d; it decides nothing before "
            "the response.",
            id="asking-about-a-pod",
        ),
    ],
)
def test_each_verdict_is_explained(cache: cluster_cache.ClusterCache, expected: str) -> None:
    assert _explanation(cache) == expected


UNOWNED = "Without an owner it is kept until you delete it or, if it was pushed with a TTL, until the TTL expires."


@pytest.mark.parametrize(
    ("cache", "expected"),
    [
        pytest.param(
            _cache(),
            "The gateway does not know from which address it was pushed. No object that the operator watches is named "
            '"x"',
            id="nothing-of-that-name",
        ),
        pytest.param(
            _cache(pushed=None), "No push of the group has succeeded yet. No object", id="only-rejected-pushes"
        ),
        pytest.param(
            _cache(X, text="job=x,namespace=dev"),
            "Job prod/x is in another namespace than the namespace label of the group, dev.",
            id="another-namespace",
        ),
        pytest.param(
            _cache(object_builders.job("x", annotations={"tidegate.dev/grouping-key": "job=y"})),
            "Job prod/x owns only the groups that annotation tidegate.dev/grouping-key names.",
            id="annotation-names-another-group",
        ),
        pytest.param(
            _cache(object_builders.job("x", created=60.0)),
            "Job prod/x was created after the last push",
            id="created-later",
        ),
        pytest.param(
            _cache(FINISHED, pushed=900.0),
            f"Job prod/x finished at {ENDED}, before the last push.",
            id="finished-before",
        ),
    ],
)
def test_unowned_group_is_explained_with_the_reason_for_having_no_owner(
    cache: cluster_cache.ClusterCache, expected: str
) -> None:
    sentences = _explanation(cache)
    assert sentences.startswith("unowned: ")
    assert expected in sentences
    assert sentences.endswith(UNOWNED)


@pytest.mark.parametrize(
    ("pods", "expected"),
    [
        pytest.param([], "It was pushed from 10.0.0.7, and no Pod has that address.", id="no-pod"),
        pytest.param(
            [_pod(X.uid, is_host=True)],
            "It was pushed from 10.0.0.7, the address of a node, which many Pods share.",
            id="on-the-network-of-its-node",
        ),
        pytest.param(
            [_pod("a-replica-set")],
            "Pod prod/p pushed it, which belongs to no object that the operator watches: it is a proxy or a service.",
            id="a-proxy",
        ),
        pytest.param(
            [_pod(X.uid), _pod("another")],
            "It was pushed from 10.0.0.7, which several Pods had at that time.",
            id="several",
        ),
        pytest.param(
            [_pod(X.uid, since=60.0)],
            "It was pushed from 10.0.0.7, which no Pod that still exists had at that time.",
            id="used-again",
        ),
    ],
)
def test_address_that_does_not_decide_is_explained(pods: list[pod_addresses.AddressPod], expected: str) -> None:
    cache = object_builders.cache(X, holds=[object_builders.group("job=anything", pushers=(IP,))])
    cache.put_address(cluster_cache.AddressLookup(IP), pod_addresses.LookupResult(tuple(pods), object_builders.NOW))
    assert expected in _explanation(cache)


def test_explanation_names_the_pod_of_another_job_that_pushed_last() -> None:
    other = object_builders.job("other", annotations={"tidegate.dev/grouping-key": "job=y"})
    record = object_builders.group("job=x", pushers=(IP,), claims=(FINISHED,))
    cache = object_builders.cache(FINISHED, other, holds=[record])
    cache.put_address(
        cluster_cache.AddressLookup(IP), pod_addresses.LookupResult((_pod(other.uid),), object_builders.NOW)
    )
    assert "from Pod prod/p of Job prod/other" in _explanation(cache)


@pytest.mark.parametrize(
    ("hold", "expected"),
    [
        (drain_planner.Hold.DRY_RUN, "The group would start draining now, but --dry-run is set."),
        (
            drain_planner.Hold.BREAKER,
            "The group is ready to drain, but the circuit breaker has tripped: more groups are ready at once than "
            "--breaker.limit allows.",
        ),
    ],
)
def test_held_back_group_is_explained_with_the_reason(hold: drain_planner.Hold, expected: str) -> None:
    assert _explanation(_cache(FINISHED, claims=(FINISHED,)), hold=hold).endswith(expected)


def test_explanation_names_only_some_of_many_owners() -> None:
    jobs = [object_builders.job(f"x{n}", annotations={"tidegate.dev/grouping-key": "job=shared"}) for n in range(5)]
    sentences = _explanation(object_builders.cache(*jobs, holds=[object_builders.group("job=shared")]))
    assert sentences.count("has not finished") == 3
    assert "2 more owners keep the group." in sentences


def test_disabled_ownership_rules_are_not_mentioned() -> None:
    assert _explanation(_cache(), ownership=("annotation",)) == f"unowned: {UNOWNED}"


@hypothesis.settings(max_examples=40)
@hypothesis.given(
    scene=random_cluster_states.scenes(), hold=strategies.none() | strategies.sampled_from(drain_planner.Hold)
)
def test_every_state_is_explained_in_complete_sentences(
    scene: random_cluster_states.Scene, hold: drain_planner.Hold | None
) -> None:
    for decision in drain_planner.plan(scene.cache, rules=object_builders.RULES, now=object_builders.NOW).decisions:
        sentences = reason_texts.texts(
            decision_reasons.explain(decision, cache=scene.cache, rules=object_builders.RULES, grace=None, hold=hold)
        )
        assert sentences
        assert all(sentence.endswith(".") and ".." not in sentence for sentence in sentences)
        status = groups_endpoint.group_status(decision, why=sentences)
        assert ownership_status.GroupStatus.from_json(json.loads(json.dumps(status.to_json()))) == status


def test_group_pushed_by_another_running_pod_is_explained_with_the_end_of_the_wait() -> None:
    record = object_builders.group("job=x", pushed=10.0, pushers=(IP,))
    cache = object_builders.cache(FINISHED, holds=[record])
    cache.put_address(
        cluster_cache.AddressLookup(IP), pod_addresses.LookupResult((_pod("a-service"),), object_builders.START + 20)
    )
    assert _explanation(cache, now=object_builders.START + 20) == (
        f"active: Job prod/x succeeded at {ENDED}. Another Pod pushes the group, too, and still runs; the group is "
        "kept "
        f"until 2023-11-14 22:14:35Z in case that Pod is a service and pushes again. {BY_NAME}"
    )
