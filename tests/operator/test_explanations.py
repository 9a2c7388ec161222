"""What people are told of why a group is or is not deleted: every verdict, and what is special about it."""

from __future__ import annotations

import dataclasses
import json

import hypothesis
import pytest
from hypothesis import strategies

from tests.operator import object_builders, random_cluster_states
from tidegate import settings
from tidegate.model import owners, ownership_status, reason_texts
from tidegate.operator.cache import cluster_cache, owner_views
from tidegate.operator.explain import explanations, groups_endpoint
from tidegate.operator.objects import pod_addresses
from tidegate.operator.planning import planner
from tidegate.operator.policy import cleanup_rules

IP = "10.0.0.7"
ENDED = "2023-11-14 22:13:35Z"
"""15 s after the start, when what has ended here ended."""

X = object_builders.job("x")
OVER = object_builders.job("x", finished=15)
FAILED = object_builders.job("x", finished=15, succeeded=False)
CRONJOB = object_builders.cronjob("nightly")
RUN = object_builders.job(
    "nightly-1", parent=CRONJOB.owner, finished=15, annotations={"tidegate.dev/cleanup": "superseded"}
)
RUN_CLAIM = owners.Claim(RUN.owner, 300.0, series=CRONJOB.owner)
GONE_CLAIM = owners.Claim(X.owner, 300.0, kept_until=object_builders.NOW + 5.0)


def _says(annotation: str, value: str, *, succeeded: bool = True) -> owner_views.OwnerView:
    said = {f"tidegate.dev/{annotation}": value}
    return object_builders.job("x", finished=15, succeeded=succeeded, annotations=said)


def _by_policy(cleanup: cleanup_rules.Cleanup) -> owner_views.OwnerView:
    said = cleanup_rules.merge([("GroupCleanupPolicy prod/all", cleanup_rules.PartialRules(cleanup=cleanup))])
    return dataclasses.replace(OVER, rules=said)


def _pod(of: str, *, is_host: bool = False, since: float = 0.0) -> pod_addresses.AddressPod:
    return pod_addresses.AddressPod("prod", "p", owners.Uid(of), object_builders.START + since, None, is_host)


def _why(
    cache: cluster_cache.ClusterCache,
    *,
    hold: planner.Hold | None = None,
    now: float = object_builders.NOW,
    ownership: tuple[str, ...] = settings.OWNERSHIP,
) -> str:
    """The verdict on the only group, and why."""
    [key] = cache.group_keys()
    record = cache.group(key)
    assert record is not None
    rules = dataclasses.replace(object_builders.RULES, ownership=ownership)
    decision = planner.decide(cache, record, rules=rules, now=now)
    told = reason_texts.texts(explanations.explain(decision, cache=cache, rules=rules, grace=None, hold=hold))
    assert all(sentence[0].isupper() or sentence[0].isdigit() for sentence in told)
    return f"{decision.verdict.value}: {' '.join(told)}"


def _cache(
    *objects: owner_views.OwnerView,
    claims: tuple[owner_views.OwnerView | owners.Claim, ...] = (),
    gone: tuple[owner_views.OwnerView, ...] = (),
    text: str = "job=x",
    pushed: float | None = 10.0,
    drained: int | None = None,
) -> cluster_cache.ClusterCache:
    return object_builders.cache(
        *objects, holds=[object_builders.group(text, claims=claims, pushed=pushed, drained=drained)], gone=gone
    )


BY_NAME = "Ownership rule name: the job label is the name of Job prod/x."


@pytest.mark.parametrize(
    ("cache", "said"),
    [
        pytest.param(_cache(X, claims=(X,)), f"active: Job prod/x has not finished. {BY_NAME}", id="running"),
        pytest.param(
            _cache(X, claims=(X,), drained=7),
            "active: Job prod/x has not finished. Ownership rule name: the job label is the name of Job "
            "prod/x. The group was draining; the operator is making it live again.",
            id="taken-back",
        ),
        pytest.param(
            _cache(_says("cleanup", "never"), drained=7),
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
            _cache(_says("cleanup", "never")),
            f"active: Job prod/x keeps its groups: cleanup never, set by annotation tidegate.dev/cleanup. {BY_NAME}",
            id="never",
        ),
        pytest.param(
            _cache(_says("cleanup", "often")),
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
            _cache(_says("cleanup", "on-success", succeeded=False), claims=(X,)),
            f"active: Job prod/x failed at {ENDED}; its groups are kept until it is deleted (cleanup "
            f"on-success, set by annotation tidegate.dev/cleanup). {BY_NAME}",
            id="on-success-and-failed",
        ),
        pytest.param(
            _cache(_says("cleanup", "after=100h"), claims=(X,)),
            f"active: Job prod/x succeeded at {ENDED}; its groups are kept until 2023-11-19 02:13:35Z (cleanup "
            f"after=100h, set by annotation tidegate.dev/cleanup). {BY_NAME}",
            id="after",
        ),
        pytest.param(
            _cache(_says("keep-failed-for", "100h", succeeded=False), claims=(X,)),
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
            _cache(CRONJOB, claims=(RUN_CLAIM,), gone=(RUN,)),
            "active: Job prod/nightly-1 no longer exists; its groups are kept until a later run of CronJob "
            "prod/nightly pushes. Ownership rule name: the job label is the name of Job prod/nightly-1.",
            id="gone-and-waits-for-the-next-run",
        ),
        pytest.param(
            _cache(_says("cleanup", "superseded"), claims=(X,)),
            f"active: Job prod/x succeeded at {ENDED}; its groups are kept until it is deleted (cleanup "
            "superseded, set by annotation tidegate.dev/cleanup; no CronJob controls it, so no later run can "
            f"supersede it). {BY_NAME}",
            id="superseded-without-a-cronjob",
        ),
        pytest.param(
            _cache(claims=(GONE_CLAIM,)),
            "active: Job prod/x no longer exists; its cleanup rules keep its groups until 2023-11-16 "
            f"02:00:05Z. {BY_NAME}",
            id="gone-and-kept",
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
            _cache(OVER, claims=(OVER,)),
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
            _cache(OVER, claims=(OVER,), pushed=900.0),
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
def test_each_verdict_is_explained(cache: cluster_cache.ClusterCache, said: str) -> None:
    assert _why(cache) == said


UNOWNED = "Without an owner it is kept until you delete it or, if it was pushed with a TTL, until the TTL expires."


@pytest.mark.parametrize(
    ("cache", "said"),
    [
        pytest.param(
            _cache(),
            "The gateway does not know from which address it was pushed. No object that the operator watches is named "
            '"x"',
            id="nothing-of-that-name",
        ),
        pytest.param(
            _cache(pushed=None), "No push of the group has succeeded yet. No object", id="refused-pushes-alone"
        ),
        pytest.param(
            _cache(X, text="job=x,namespace=dev"),
            "Job prod/x is in another namespace than the namespace label of the group, dev.",
            id="another-namespace",
        ),
        pytest.param(
            _cache(object_builders.job("x", annotations={"tidegate.dev/grouping-key": "job=y"})),
            "Job prod/x owns only the groups that annotation tidegate.dev/grouping-key names.",
            id="names-others",
        ),
        pytest.param(
            _cache(object_builders.job("x", created=60.0)),
            "Job prod/x was created after the last push",
            id="came-later",
        ),
        pytest.param(
            _cache(OVER, pushed=900.0), f"Job prod/x finished at {ENDED}, before the last push.", id="had-ended"
        ),
    ],
)
def test_what_has_no_owner_is_told_why_nothing_leads_to_one(cache: cluster_cache.ClusterCache, said: str) -> None:
    told = _why(cache)
    assert told.startswith("unowned: ")
    assert said in told
    assert told.endswith(UNOWNED)


@pytest.mark.parametrize(
    ("pods", "said"),
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
def test_an_address_that_decides_nothing_is_told_why(pods: list[pod_addresses.AddressPod], said: str) -> None:
    cache = object_builders.cache(X, holds=[object_builders.group("job=anything", pushers=(IP,))])
    cache.put_address(cluster_cache.AddressLookup(IP), pod_addresses.LookupResult(tuple(pods), object_builders.NOW))
    assert said in _why(cache)


def test_a_group_that_another_jobs_pod_pushed_last_says_which() -> None:
    other = object_builders.job("other", annotations={"tidegate.dev/grouping-key": "job=y"})
    record = object_builders.group("job=x", pushers=(IP,), claims=(OVER,))
    cache = object_builders.cache(OVER, other, holds=[record])
    cache.put_address(
        cluster_cache.AddressLookup(IP), pod_addresses.LookupResult((_pod(other.uid),), object_builders.NOW)
    )
    assert "from Pod prod/p of Job prod/other" in _why(cache)


@pytest.mark.parametrize(
    ("hold", "said"),
    [
        (planner.Hold.DRY_RUN, "The group would start draining now, but --dry-run is set."),
        (
            planner.Hold.BREAKER,
            "The group is ready to drain, but the circuit breaker has tripped: more groups are ready at once than "
            "--breaker.limit allows.",
        ),
    ],
)
def test_what_is_held_back_says_by_what(hold: planner.Hold, said: str) -> None:
    assert _why(_cache(OVER, claims=(OVER,)), hold=hold).endswith(said)


def test_of_many_owners_a_few_are_named() -> None:
    jobs = [object_builders.job(f"x{n}", annotations={"tidegate.dev/grouping-key": "job=shared"}) for n in range(5)]
    told = _why(object_builders.cache(*jobs, holds=[object_builders.group("job=shared")]))
    assert told.count("has not finished") == 3
    assert "2 more owners keep the group." in told


def test_rules_that_are_left_out_are_not_spoken_of() -> None:
    assert _why(_cache(), ownership=("annotation",)) == f"unowned: {UNOWNED}"


@hypothesis.given(scene=random_cluster_states.scenes(), hold=strategies.none() | strategies.sampled_from(planner.Hold))
def test_whatever_the_picture_is_one_or_two_whole_sentences_explain_it(
    scene: random_cluster_states.Scene, hold: planner.Hold | None
) -> None:
    for one in planner.plan(scene.cache, rules=object_builders.RULES, now=object_builders.NOW).decisions:
        told = reason_texts.texts(
            explanations.explain(one, cache=scene.cache, rules=object_builders.RULES, grace=None, hold=hold)
        )
        assert told
        assert all(sentence.endswith(".") and ".." not in sentence for sentence in told)
        standing = groups_endpoint.group_status(one, why=told)
        assert ownership_status.GroupStatus.from_json(json.loads(json.dumps(standing.to_json()))) == standing


def test_a_group_that_a_running_pod_pushes_says_what_it_waits_for() -> None:
    record = object_builders.group("job=x", pushed=10.0, pushers=(IP,))
    cache = object_builders.cache(OVER, holds=[record])
    cache.put_address(
        cluster_cache.AddressLookup(IP), pod_addresses.LookupResult((_pod("a-service"),), object_builders.START + 20)
    )
    assert _why(cache, now=object_builders.START + 20) == (
        f"active: Job prod/x succeeded at {ENDED}. Another Pod pushes the group, too, and still runs; the group is "
        "kept "
        f"until 2023-11-14 22:14:35Z in case that Pod is a service and pushes again. {BY_NAME}"
    )
