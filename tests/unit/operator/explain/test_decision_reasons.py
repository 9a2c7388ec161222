"""The reasons of each verdict on a group, by code and fields. Their texts: tests/unit/model/test_reason_texts.py."""

from __future__ import annotations

import dataclasses
import json

import hypothesis
import pytest
from hypothesis import strategies

from tests.support.operator import explained_groups, object_builders, random_cluster_states
from tidegate.model import owners, ownership_status, reason_texts, reasons
from tidegate.operator.cache import cluster_cache, owner_views
from tidegate.operator.explain import decision_reasons, groups_endpoint
from tidegate.operator.planning import drain_planner
from tidegate.operator.policy import cleanup_rules

Code, Verdict = reasons.Code, drain_planner.Verdict
IP, X, FINISHED = explained_groups.IP, explained_groups.X, explained_groups.FINISHED
CRONJOB = object_builders.cronjob("nightly")
RUN = object_builders.job(
    "nightly-1", parent=CRONJOB.owner, finished=15, annotations={cleanup_rules.CLEANUP: "superseded"}
)
RUN_CLAIM = owners.Claim(RUN.owner, 300.0, series=CRONJOB.owner)
HOUR = 3_600.0

RUNNING = reasons.reason(Code.OWNER_RUNNING, owner=X.owner)
BY_NAME = reasons.reason(Code.RULE_NAME, owner=X.owner)
RUN_BY_NAME = reasons.reason(Code.RULE_NAME, owner=RUN.owner)


def _annotated(annotation: str, value: str, *, succeeded: bool = True) -> owner_views.OwnerView:
    return object_builders.job("x", finished=15, succeeded=succeeded, annotations={annotation: value})


def _by_policy(cleanup: cleanup_rules.Cleanup) -> owner_views.OwnerView:
    rules = cleanup_rules.merge([("GroupCleanupPolicy prod/all", cleanup_rules.PartialRules(cleanup=cleanup))])
    return dataclasses.replace(FINISHED, rules=rules)


def _ended(
    code: reasons.Code, owner: owners.Owner = X.owner, *, outcome: str = "succeeded", **more: reasons.Value
) -> reasons.Reason:
    """Return a reason about an owner that has finished."""
    return reasons.reason(code, owner=owner, outcome=outcome, finished_at=explained_groups.FINISHED_AT, **more)


def _from_annotation(annotation: str) -> str:
    return f"annotation {annotation}"


@pytest.mark.parametrize(
    ("cache", "expected"),
    [
        pytest.param(explained_groups.cache(X, claims=(X,)), [RUNNING, BY_NAME], id="running"),
        pytest.param(
            explained_groups.cache(X, claims=(X,), drained=7),
            [RUNNING, BY_NAME, reasons.reason(Code.DRAIN_CANCELLED)],
            id="taken-back",
        ),
        pytest.param(
            explained_groups.cache(_annotated(cleanup_rules.CLEANUP, "never"), drained=7),
            [
                reasons.reason(Code.CLEANUP_NEVER, owner=X.owner, source=_from_annotation(cleanup_rules.CLEANUP)),
                BY_NAME,
                reasons.reason(Code.TTL_EXPIRED),
            ],
            id="never-and-expired",
        ),
        pytest.param(
            explained_groups.cache(object_builders.cronjob("x")),
            [
                reasons.reason(Code.CRONJOB_EXISTS, owner=object_builders.cronjob("x").owner),
                reasons.reason(Code.RULE_NAME, owner=object_builders.cronjob("x").owner),
            ],
            id="cronjob",
        ),
        pytest.param(
            explained_groups.cache(_by_policy(cleanup_rules.Cleanup.NEVER)),
            [reasons.reason(Code.CLEANUP_NEVER, owner=X.owner, source="GroupCleanupPolicy prod/all"), BY_NAME],
            id="never-by-policy",
        ),
        pytest.param(
            explained_groups.cache(_by_policy(cleanup_rules.Cleanup.ON_DELETION), claims=(X,)),
            [
                _ended(Code.FINISHED_KEPT_UNTIL_DELETED, cleanup="on-deletion", source="GroupCleanupPolicy prod/all"),
                BY_NAME,
            ],
            id="on-deletion-by-policy",
        ),
        pytest.param(
            explained_groups.cache(_annotated(cleanup_rules.CLEANUP, "on-success", succeeded=False), claims=(X,)),
            [
                _ended(
                    Code.FINISHED_KEPT_UNTIL_DELETED,
                    outcome="failed",
                    cleanup="on-success",
                    source=_from_annotation(cleanup_rules.CLEANUP),
                ),
                BY_NAME,
            ],
            id="on-success-and-failed",
        ),
        pytest.param(
            explained_groups.cache(_annotated(cleanup_rules.CLEANUP, "after=100h"), claims=(X,)),
            [
                _ended(
                    Code.FINISHED_KEPT_AFTER,
                    ends_at=explained_groups.FINISHED_AT + 100 * HOUR,
                    after=100 * HOUR,
                    source=_from_annotation(cleanup_rules.CLEANUP),
                ),
                BY_NAME,
            ],
            id="after",
        ),
        pytest.param(
            explained_groups.cache(_annotated(cleanup_rules.KEEP_FAILED_FOR, "100h", succeeded=False), claims=(X,)),
            [
                _ended(
                    Code.FINISHED_KEPT_FAILED,
                    outcome="failed",
                    ends_at=explained_groups.FINISHED_AT + 100 * HOUR,
                    keep_failed_for=100 * HOUR,
                    source=_from_annotation(cleanup_rules.KEEP_FAILED_FOR),
                ),
                BY_NAME,
            ],
            id="keep-failed-for",
        ),
        pytest.param(
            explained_groups.cache(CRONJOB, RUN, claims=(RUN_CLAIM,)),
            [
                _ended(
                    Code.FINISHED_KEPT_UNTIL_NEXT_RUN,
                    RUN.owner,
                    series=CRONJOB.owner,
                    source=_from_annotation(cleanup_rules.CLEANUP),
                ),
                RUN_BY_NAME,
            ],
            id="waits-for-the-next-run",
        ),
        pytest.param(
            explained_groups.cache(CRONJOB, claims=(RUN_CLAIM,), deleted=(RUN,)),
            [reasons.reason(Code.DELETED_KEPT_UNTIL_NEXT_RUN, owner=RUN.owner, series=CRONJOB.owner), RUN_BY_NAME],
            id="deleted-and-waits-for-the-next-run",
        ),
        pytest.param(
            explained_groups.cache(_annotated(cleanup_rules.CLEANUP, "superseded"), claims=(X,)),
            [_ended(Code.FINISHED_WITHOUT_SERIES, source=_from_annotation(cleanup_rules.CLEANUP)), BY_NAME],
            id="superseded-without-a-cronjob",
        ),
        pytest.param(
            explained_groups.cache(claims=(owners.Claim(X.owner, 300.0, kept_until=object_builders.NOW + 5.0),)),
            [reasons.reason(Code.DELETED_KEPT_UNTIL, owner=X.owner, ends_at=object_builders.NOW + 5.0), BY_NAME],
            id="deleted-and-kept",
        ),
    ],
)
def test_group_with_an_active_owner_is_explained_with_what_keeps_it(
    cache: cluster_cache.ClusterCache, expected: list[reasons.Reason]
) -> None:
    assert explained_groups.explain(cache) == (Verdict.ACTIVE, expected)


def test_invalid_cleanup_rule_is_explained_with_its_problem() -> None:
    view = _annotated(cleanup_rules.CLEANUP, "often")
    invalid = reasons.reason(Code.RULES_INVALID, owner=X.owner, problem=view.rules.problems[0])
    assert explained_groups.explain(explained_groups.cache(view)) == (Verdict.ACTIVE, [invalid, BY_NAME])


def test_owner_by_annotation_is_explained_with_the_annotation() -> None:
    y = object_builders.job("y", annotations={cleanup_rules.GROUPING_KEY: "job=x"})
    rule = reasons.reason(Code.RULE_ANNOTATION, owner=y.owner, source=_from_annotation(cleanup_rules.GROUPING_KEY))
    running = reasons.reason(Code.OWNER_RUNNING, owner=y.owner)
    assert explained_groups.explain(explained_groups.cache(y)) == (Verdict.ACTIVE, [running, rule])


def test_explanation_names_only_some_of_many_owners() -> None:
    annotations = {cleanup_rules.GROUPING_KEY: "job=shared"}
    jobs = [object_builders.job(f"x{number}", annotations=annotations) for number in range(5)]
    cache = object_builders.cache(*jobs, holds=[object_builders.group("job=shared")])
    explained = explained_groups.explain(cache)
    assert explained.codes == [Code.OWNER_RUNNING] * 3 + [Code.MORE_OWNERS_KEEP, Code.RULE_ANNOTATION]
    assert explained.all_reasons[3] == reasons.reason(Code.MORE_OWNERS_KEEP, count=2)


@pytest.mark.parametrize(
    ("cache", "expected"),
    [
        pytest.param(
            explained_groups.cache(FINISHED, claims=(FINISHED,)),
            [_ended(Code.OWNER_FINISHED), reasons.reason(Code.DRAIN_STARTS)],
            id="over",
        ),
        pytest.param(
            explained_groups.cache(claims=(X,), drained=7),
            [
                reasons.reason(Code.OWNER_DELETED, owner=X.owner),
                reasons.reason(Code.DRAINING_UNTIL_SCRAPED, drain_timeout=300.0),
            ],
            id="draining",
        ),
        pytest.param(
            explained_groups.cache(object_builders.job("x", finished=15, succeeded=False), claims=(X,), drained=6),
            [_ended(Code.OWNER_FINISHED, outcome="failed"), reasons.reason(Code.DRAIN_UNCONFIRMED)],
            id="pushed-while-draining",
        ),
    ],
)
def test_group_of_finished_owners_is_explained_with_the_next_step(
    cache: cluster_cache.ClusterCache, expected: list[reasons.Reason]
) -> None:
    assert explained_groups.explain(cache) == (Verdict.OWNERS_FINISHED, expected)


@pytest.mark.parametrize(
    ("hold", "code"),
    [
        (drain_planner.Hold.DRY_RUN, Code.DRAIN_HELD_BY_DRY_RUN),
        (drain_planner.Hold.BREAKER, Code.DRAIN_HELD_BY_BREAKER),
    ],
)
def test_held_back_group_is_explained_with_the_reason(hold: drain_planner.Hold, code: reasons.Code) -> None:
    cache = explained_groups.cache(FINISHED, claims=(FINISHED,))
    assert explained_groups.explain(cache, hold=hold).codes == [Code.OWNER_FINISHED, code]


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
