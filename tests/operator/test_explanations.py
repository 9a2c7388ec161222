"""What people are told of why a group is or is not deleted: every verdict, and what is special about it."""

from __future__ import annotations

import dataclasses
import json

import hypothesis
import pytest
from hypothesis import strategies

from tests.operator import object_builders, random_cluster_states
from tidegate import settings
from tidegate.model import owners, ownership_status
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
    said = cleanup_rules.merged([("GroupCleanupPolicy prod/all", cleanup_rules.Statement(cleanup=cleanup))])
    return dataclasses.replace(OVER, rules=said)


def _pod(of: str, *, is_host: bool = False, since: float = 0.0) -> pod_addresses.AddressPod:
    return pod_addresses.AddressPod("prod", "p", owners.Uid(of), object_builders.START + since, None, is_host)


def _why(
    picture: cluster_cache.Picture,
    *,
    hold: planner.Hold | None = None,
    now: float = object_builders.NOW,
    ownership: tuple[str, ...] = settings.OWNERSHIP,
) -> str:
    """The verdict on the only group, and why."""
    [key] = picture.group_keys()
    record = picture.group(key)
    assert record is not None
    rules = dataclasses.replace(object_builders.RULES, ownership=ownership)
    decision = planner.decide(picture, record, rules=rules, now=now)
    told = explanations.explain(decision, picture=picture, rules=rules, kept="until read", hold=hold)
    assert 1 <= len(told) <= 2
    assert all(sentence[0].isupper() or sentence.startswith("10.") for sentence in told)
    return f"{decision.verdict.value}: {' '.join(told)}"


def _picture(
    *objects: owner_views.OwnerView,
    claims: tuple[owner_views.OwnerView | owners.Claim, ...] = (),
    gone: tuple[owner_views.OwnerView, ...] = (),
    text: str = "job=x",
    pushed: float | None = 10.0,
    drained: int | None = None,
) -> cluster_cache.Picture:
    return object_builders.picture(
        *objects, holds=[object_builders.group(text, claims=claims, pushed=pushed, drained=drained)], gone=gone
    )


BY_NAME = "The rule name says so: the job label is its name."


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        pytest.param(_picture(X, claims=(X,)), f"active: Job prod/x has not ended. {BY_NAME}", id="running"),
        pytest.param(
            _picture(X, claims=(X,), drained=7),
            "active: Job prod/x has not ended. The rule name says so: the job label is its name; it drained before, "
            "and is taken back.",
            id="taken-back",
        ),
        pytest.param(
            _picture(_says("cleanup", "never"), drained=7),
            "active: Job prod/x keeps it for good: its cleanup is never (by its annotation tidegate.dev/cleanup). "
            "The rule name says so: the job label is its name; but its time to live is over, so it drains.",
            id="never-and-expired",
        ),
        pytest.param(
            _picture(drained=7),
            "unowned: The gateway knows no address that it was pushed from; no object that is looked at is called "
            '"x". Its time to live is over, so it drains.',
            id="expired",
        ),
        pytest.param(
            _picture(object_builders.cronjob("x")),
            f"active: CronJob prod/x is there, and what is its own stays between its runs. {BY_NAME}",
            id="cronjob",
        ),
        pytest.param(
            _picture(_says("cleanup", "never")),
            "active: Job prod/x keeps it for good: its cleanup is never (by its annotation tidegate.dev/cleanup). "
            + BY_NAME,
            id="never",
        ),
        pytest.param(
            _picture(_says("cleanup", "often")),
            "active: Job prod/x keeps it, since what is said of its groups cannot be read: tidegate.dev/cleanup: "
            "'often' is none of on-completion, on-success, on-deletion, superseded, after=10m, never; nothing of this "
            f"object is cleaned up. {BY_NAME}",
            id="unreadable",
        ),
        pytest.param(
            _picture(_by_policy(cleanup_rules.Cleanup.NEVER)),
            f"active: Job prod/x keeps it for good: its cleanup is never (by GroupCleanupPolicy prod/all). {BY_NAME}",
            id="never-by-policy",
        ),
        pytest.param(
            _picture(_by_policy(cleanup_rules.Cleanup.ON_DELETION), claims=(X,)),
            f"active: Job prod/x succeeded at {ENDED}, and what it pushed stays as long as the object is there "
            f"(cleanup on-deletion, by GroupCleanupPolicy prod/all). {BY_NAME}",
            id="on-deletion-by-policy",
        ),
        pytest.param(
            _picture(_says("cleanup", "on-success", succeeded=False), claims=(X,)),
            f"active: Job prod/x failed at {ENDED}, and what it pushed stays as long as the object is there (cleanup "
            f"on-success, by its annotation tidegate.dev/cleanup). {BY_NAME}",
            id="on-success-and-failed",
        ),
        pytest.param(
            _picture(_says("cleanup", "after=100h"), claims=(X,)),
            f"active: Job prod/x succeeded at {ENDED}, and what it pushed is kept until 2023-11-19 02:13:35Z (cleanup "
            f"after=100h, by its annotation tidegate.dev/cleanup). {BY_NAME}",
            id="after",
        ),
        pytest.param(
            _picture(_says("keep-failed-for", "100h", succeeded=False), claims=(X,)),
            f"active: Job prod/x failed at {ENDED}, and what it pushed is kept until 2023-11-19 02:13:35Z (kept for "
            f"100h since it failed, by its annotation tidegate.dev/keep-failed-for). {BY_NAME}",
            id="keep-failed-for",
        ),
        pytest.param(
            _picture(CRONJOB, RUN, claims=(RUN_CLAIM,)),
            f"active: Job prod/nightly-1 succeeded at {ENDED}, and what it pushed stays until a later run of CronJob "
            f"prod/nightly has pushed (cleanup superseded, by its annotation tidegate.dev/cleanup). {BY_NAME}",
            id="waits-for-the-next-run",
        ),
        pytest.param(
            _picture(CRONJOB, claims=(RUN_CLAIM,), gone=(RUN,)),
            "active: Job prod/nightly-1 is gone, and what it pushed stays until a later run of CronJob prod/nightly "
            f"has pushed. {BY_NAME}",
            id="gone-and-waits-for-the-next-run",
        ),
        pytest.param(
            _picture(_says("cleanup", "superseded"), claims=(X,)),
            f"active: Job prod/x succeeded at {ENDED}, and what it pushed stays as long as the object is there "
            "(cleanup superseded, by its annotation tidegate.dev/cleanup, and no CronJob made it that another run "
            "could come of). " + BY_NAME,
            id="superseded-without-a-cronjob",
        ),
        pytest.param(
            _picture(claims=(GONE_CLAIM,)),
            f"active: Job prod/x is gone, and what it pushed is kept until 2023-11-16 02:00:05Z, as it said. {BY_NAME}",
            id="gone-and-kept",
        ),
        pytest.param(
            _picture(object_builders.job("y", annotations={"tidegate.dev/grouping-key": "job=x"})),
            "active: Job prod/y has not ended. The rule annotation says so: it is named as its own by its annotation "
            "tidegate.dev/grouping-key.",
            id="by-annotation",
        ),
        pytest.param(
            _picture(X, object_builders.job("x", namespace="dev")),
            "ambiguous: It may belong to each of Job dev/x, Job prod/x, which are in different namespaces, so it stays "
            "until only one is left. A namespace label, or an annotation tidegate.dev/grouping-key, would say whose it "
            "is.",
            id="ambiguous",
        ),
        pytest.param(
            _picture(OVER, claims=(OVER,)),
            f"over: Job prod/x succeeded at {ENDED}. So the gateway is being told that it may go.",
            id="over",
        ),
        pytest.param(
            _picture(claims=(X,), drained=7),
            "over: Job prod/x is gone. It was retired, and is kept until read (drain timeout 5m); then it is deleted.",
            id="draining",
        ),
        pytest.param(
            _picture(FAILED, claims=(X,), drained=6),
            f"over: Job prod/x failed at {ENDED}. It drains, was pushed again, and waits for the operator's word on "
            "that push, which is on its way.",
            id="pushed-while-draining",
        ),
        pytest.param(
            _picture(OVER, claims=(OVER,), pushed=900.0),
            "outlived: Job prod/x had ended, or pushes it no more, when somebody else made the last push at 2023-11-14 "
            "22:28:20Z. So it is nobody's now, and stays until it has an owner again or somebody deletes it.",
            id="outlived",
        ),
        pytest.param(
            object_builders.picture(holds=[object_builders.group("job=x", claims=[X])], namespaces=["dev"]),
            "unknown: Nobody can tell whether Job prod/x is still there: the operator does not look at that kind or "
            "namespace, or has not listed it since. So it stays; a claim of what is gone for good ends once the "
            "operator may look.",
            id="unknown",
        ),
        pytest.param(
            object_builders.picture(X, holds=[object_builders.group("job=x", pushers=(IP,))]),
            "asking: The API server is being asked about the pods of 10.0.0.7, and until it answers nothing is "
            "decided.",
            id="asking-about-an-address",
        ),
        pytest.param(
            _picture(X, text="job=y,instance=x-b2c4d"),
            "asking: The API server is being asked about Pod prod/x-b2c4d, and until it answers nothing is decided.",
            id="asking-about-a-pod",
        ),
    ],
)
def test_each_verdict_is_explained(picture: cluster_cache.Picture, said: str) -> None:
    assert _why(picture) == said


UNOWNED = "So nobody's end ends it; it stays unless it was pushed with a ttl, or until somebody deletes it."


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        pytest.param(
            _picture(),
            'The gateway knows no address that it was pushed from; no object that is looked at is called "x"',
            id="nothing-of-that-name",
        ),
        pytest.param(_picture(pushed=None), "No push of it has succeeded yet; no object", id="refused-pushes-alone"),
        pytest.param(
            _picture(X, text="job=x,namespace=dev"),
            "Job prod/x is in another namespace than its label says, dev",
            id="another-namespace",
        ),
        pytest.param(
            _picture(object_builders.job("x", annotations={"tidegate.dev/grouping-key": "job=y"})),
            "Job prod/x names other groups as its own",
            id="names-others",
        ),
        pytest.param(
            _picture(object_builders.job("x", created=60.0)),
            "Job prod/x was created after the last push",
            id="came-later",
        ),
        pytest.param(_picture(OVER, pushed=900.0), f"Job prod/x ended at {ENDED} before the last push", id="had-ended"),
    ],
)
def test_what_has_no_owner_is_told_why_nothing_leads_to_one(picture: cluster_cache.Picture, said: str) -> None:
    told = _why(picture)
    assert told.startswith("unowned: ")
    assert said in told
    assert told.endswith(UNOWNED)


@pytest.mark.parametrize(
    ("pods", "said"),
    [
        pytest.param([], "no pod has the address 10.0.0.7 that it was pushed from", id="no-pod"),
        pytest.param(
            [_pod(X.uid, is_host=True)],
            "It was pushed from 10.0.0.7, the address of a node, which is that of many",
            id="on-the-network-of-its-node",
        ),
        pytest.param(
            [_pod("a-replica-set")],
            "Pod prod/p pushed it, and is of no object that is looked at: a proxy, or something that runs on",
            id="a-proxy",
        ),
        pytest.param(
            [_pod(X.uid), _pod("another")], "It was pushed from 10.0.0.7, which several pods had then", id="several"
        ),
        pytest.param(
            [_pod(X.uid, since=60.0)],
            "It was pushed from 10.0.0.7, which no pod had then that is there still",
            id="used-again",
        ),
    ],
)
def test_an_address_that_decides_nothing_is_told_why(pods: list[pod_addresses.AddressPod], said: str) -> None:
    picture = object_builders.picture(X, holds=[object_builders.group("job=anything", pushers=(IP,))])
    picture.address_resolved(cluster_cache.Address(IP), pod_addresses.Answer(tuple(pods), object_builders.NOW))
    assert said.lower() in _why(picture).lower()


def test_a_group_that_another_jobs_pod_pushed_last_says_which() -> None:
    other = object_builders.job("other", annotations={"tidegate.dev/grouping-key": "job=y"})
    record = object_builders.group("job=x", pushers=(IP,), claims=(OVER,))
    picture = object_builders.picture(OVER, other, holds=[record])
    picture.address_resolved(cluster_cache.Address(IP), pod_addresses.Answer((_pod(other.uid),), object_builders.NOW))
    assert "from Pod prod/p of Job prod/other" in _why(picture)


@pytest.mark.parametrize(
    ("hold", "said"),
    [
        (planner.Hold.DRY_RUN, "It would be retired now, but --dry-run holds it back."),
        (
            planner.Hold.BREAKER,
            "It is to be retired, but the breaker has tripped: too many are at once (--breaker.limit).",
        ),
    ],
)
def test_what_is_held_back_says_by_what(hold: planner.Hold, said: str) -> None:
    assert _why(_picture(OVER, claims=(OVER,)), hold=hold).endswith(said)


def test_of_many_owners_a_few_are_named() -> None:
    jobs = [object_builders.job(f"x{n}", annotations={"tidegate.dev/grouping-key": "job=shared"}) for n in range(5)]
    told = _why(object_builders.picture(*jobs, holds=[object_builders.group("job=shared")]))
    assert told.count("has not ended") == 3
    assert "so it is with 2 more" in told


def test_rules_that_are_left_out_are_not_spoken_of() -> None:
    assert _why(_picture(), ownership=("annotation",)) == f"unowned: {UNOWNED}"


@hypothesis.given(scene=random_cluster_states.scenes(), hold=strategies.none() | strategies.sampled_from(planner.Hold))
def test_whatever_the_picture_is_one_or_two_whole_sentences_explain_it(
    scene: random_cluster_states.Scene, hold: planner.Hold | None
) -> None:
    for one in planner.plan(scene.picture, rules=object_builders.RULES, now=object_builders.NOW).decisions:
        told = explanations.explain(
            one, picture=scene.picture, rules=object_builders.RULES, kept="until read", hold=hold
        )
        assert 1 <= len(told) <= 2
        assert all(sentence.endswith(".") and ".." not in sentence for sentence in told)
        standing = groups_endpoint.standing_of(one, why=told)
        assert ownership_status.GroupStanding.from_json(json.loads(json.dumps(standing.to_json()))) == standing


def test_a_group_that_a_running_pod_pushes_says_what_it_waits_for() -> None:
    record = object_builders.group("job=x", pushed=10.0, pushers=(IP,))
    picture = object_builders.picture(OVER, holds=[record])
    picture.address_resolved(
        cluster_cache.Address(IP), pod_addresses.Answer((_pod("a-service"),), object_builders.START + 20)
    )
    assert _why(picture, now=object_builders.START + 20) == (
        f"active: Job prod/x succeeded at {ENDED}, but a Pod that still runs pushes the group: a service would push "
        "again, a proxy would not, so the group stays until 2023-11-14 22:14:35Z. The rule name says so: the job label "
        "is its name."
    )
