"""Annotations on an object, its Pod template or its Job template: what counts, and what keeps the groups."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.operator import object_builders
from tidegate.operator.objects import owner_kinds
from tidegate.operator.policy import cleanup_rules

_NEVER = {"annotations": {cleanup_rules.CLEANUP: "never"}}


def _cronjob(*, own: dict[str, Any], run: dict[str, Any], pod: dict[str, Any]) -> dict[str, Any]:
    data = object_builders.job_object(spec={"jobTemplate": {"metadata": run, "spec": {"template": {"metadata": pod}}}})
    data["metadata"] |= own
    return data


@pytest.mark.parametrize(
    ("data", "kind", "problem"),
    [
        pytest.param(
            object_builders.job_object(spec={"template": {"metadata": _NEVER}}),
            owner_kinds.JOB,
            "tidegate.dev/cleanup has no effect on the pod template; put it on the Job itself",
            id="on a Job's pod template",
        ),
        pytest.param(
            _cronjob(own=_NEVER, run={}, pod={}),
            owner_kinds.CRONJOB,
            "tidegate.dev/cleanup has no effect on the CronJob itself; put it on the job template",
            id="on a CronJob",
        ),
        pytest.param(
            _cronjob(own={}, run={"annotations": {cleanup_rules.CLEANUP: "on-success"}}, pod=_NEVER),
            owner_kinds.CRONJOB,
            "tidegate.dev/cleanup has no effect on the pod template; put it on the job template",
            id="on a CronJob's pod template",
        ),
        pytest.param(
            _cronjob(own={}, run={"annotations": {"tidegate.dev/clean-up": "never"}}, pod={}),
            owner_kinds.CRONJOB,
            "tidegate.dev/clean-up is not an annotation of tidegate (did you mean tidegate.dev/cleanup?)",
            id="misspelt on a CronJob's job template",
        ),
        pytest.param(
            object_builders.job_object(metadata={"labels": {cleanup_rules.CLEANUP: "never"}}),
            owner_kinds.JOB,
            "tidegate.dev/cleanup has no effect as a label; make it an annotation",
            id="as a label",
        ),
    ],
)
def test_annotation_in_the_wrong_place_keeps_the_groups(
    data: dict[str, Any], kind: owner_kinds.Kind, problem: str
) -> None:
    view = object_builders.parsed(data, kind=kind)
    assert view.rules.problems == (f"{problem}; {cleanup_rules.KEPT_UNTIL_FIXED}",)
    assert view.rules.cleanup is cleanup_rules.Cleanup.NEVER


def test_annotation_that_is_equal_in_every_place_is_applied() -> None:
    view = object_builders.parsed(_cronjob(own=_NEVER, run=_NEVER, pod=_NEVER), kind=owner_kinds.CRONJOB)
    assert (view.rules.cleanup, view.rules.problems) == (cleanup_rules.Cleanup.NEVER, ())


def test_labels_that_are_not_annotation_names_are_ignored() -> None:
    view = object_builders.parsed(object_builders.job_object(metadata={"labels": {"tidegate.dev/team": "a"}}))
    assert view.rules == cleanup_rules.CleanupRules()
