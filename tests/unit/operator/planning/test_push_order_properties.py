"""Properties of the plan over the order and time of pushes: which owner's end retires a group."""

from __future__ import annotations

import math

import hypothesis
from hypothesis import strategies

from tests.support.operator import object_builders, pod_address_builders
from tidegate import settings
from tidegate.operator.policy import cleanup_rules

_NAMES = strategies.sampled_from([("prod", "x"), ("prod", "y"), ("dev", "x")])


@hypothesis.given(
    pushed=strategies.lists(_NAMES, min_size=1, max_size=5),
    finished_names=strategies.sets(_NAMES),
    claiming=strategies.sets(_NAMES),
    rule=strategies.sampled_from([settings.ADDRESS, settings.NAME]),
)
def test_group_pushed_by_several_jobs_is_retired_when_the_last_of_them_has_finished(
    pushed: list[tuple[str, str]], finished_names: set[tuple[str, str]], claiming: set[tuple[str, str]], rule: str
) -> None:
    """:param pushed: namespace and name of the Job of each push to one group, last first."""
    jobs = {
        (namespace, name): object_builders.job(
            name, namespace=namespace, finished=60 if (namespace, name) in finished_names else None
        )
        for namespace, name in {*pushed, *finished_names, *claiming}
    }
    addresses = [(f"10.0.0.{number}", 50.0 - number) for number, _ in enumerate(pushed)]
    claims = [object_builders.claim(jobs[each], rule=rule) for each in claiming & {*pushed}]
    record = object_builders.group("job=any", pushed=50.0, claims=claims, pushers=addresses)
    cache = object_builders.cache(*jobs.values(), holds=[record])
    for (address, at), each in zip(addresses, pushed, strict=True):
        pod = pod_address_builders.pod(
            jobs[each], since=at, until=59.0 if each in finished_names else None, namespace=each[0]
        )
        pod_address_builders.with_pods(cache, pod, address=address, at=61.0)
    planned = object_builders.planned(cache)
    assert any(line.startswith("retire") for line in planned) is finished_names.issuperset(pushed)


_SECONDS = strategies.integers(0, 300).map(float)


@hypothesis.given(
    ending=strategies.sampled_from(["finished", "deleted"]),
    rule=strategies.sampled_from([settings.NAME, settings.ANNOTATION]),
    claimed=strategies.booleans(),
    ended=_SECONDS,
    pushed=_SECONDS,
    now=_SECONDS,
)
def test_group_pushed_by_a_service_is_retired_only_if_it_may_have_forwarded_a_push_of_the_owner(
    *, ending: str, rule: str, claimed: bool, ended: float, pushed: float, now: float
) -> None:
    named = {cleanup_rules.GROUPING_KEY: "job=x"} if rule == settings.ANNOTATION else {}
    running = object_builders.job("x", annotations=named)
    record = pod_address_builders.pushed("job=x", at=pushed, claims=(running,) if claimed else ())
    finished = object_builders.job("x", annotations=named, finished=ended)
    existing, deleted = ([finished], []) if ending == "finished" else ([], [running])
    cache = object_builders.cache(*existing, deleted=deleted, deleted_at=ended, holds=[record])
    pod_address_builders.with_pods(cache, pod_address_builders.pod("a-service"), at=math.inf)
    rules = object_builders.RULES
    may_be_the_owners = pushed <= ended + rules.clock_skew
    is_silent = now >= ended + rules.late_push_grace
    assert object_builders.is_retired(cache, at=now) is (may_be_the_owners and is_silent)
