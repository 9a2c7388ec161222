"""What is kept of a Job and a CronJob as the API server gives them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.controller import builders
from tidegate.controller import cleanups, views


def _job(**changes: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "backup",
            "namespace": "prod",
            "uid": "u1",
            "creationTimestamp": "2023-11-14T22:13:20Z",
            "resourceVersion": "42",
            **changes.pop("metadata", {}),
        },
        "spec": {"template": {"spec": {}}, **changes.pop("spec", {})},
        "status": changes.pop("status", {}),
    }


def _condition(kind: str, *, status: str = "True") -> dict[str, str]:
    return {"type": kind, "status": status, "lastTransitionTime": "2023-11-14T22:13:30Z"}


def test_a_running_job_has_no_finish() -> None:
    view = views.job_view(_job())
    assert view == builders.job("backup", uid="u1")
    assert view.version == 42


@pytest.mark.parametrize(
    ("conditions", "finish"),
    [
        pytest.param([_condition("Complete")], views.Finish(True, builders.START + 10), id="complete"),
        pytest.param([_condition("Failed")], views.Finish(False, builders.START + 10), id="failed"),
        pytest.param(
            [_condition("SuccessCriteriaMet"), _condition("Complete")],
            views.Finish(True, builders.START + 10),
            id="success-criteria-then-complete",
        ),
        pytest.param([_condition("SuccessCriteriaMet")], None, id="pods-still-end-after-success"),
        pytest.param([_condition("FailureTarget")], None, id="pods-still-end-after-failure"),
        pytest.param([_condition("Complete", status="False")], None, id="not-complete"),
        pytest.param([_condition("Suspended")], None, id="suspended"),
        pytest.param([{"type": "Failed", "status": "True"}], views.Finish(False, builders.START), id="without-a-time"),
        pytest.param(None, None, id="no-conditions"),
    ],
)
def test_only_terminal_conditions_finish_a_job(
    conditions: list[dict[str, str]] | None, finish: views.Finish | None
) -> None:
    assert views.job_view(_job(status={"conditions": conditions})).finish == finish


def test_a_job_being_deleted_is_still_there() -> None:
    view = views.job_view(_job(metadata={"deletionTimestamp": "2023-11-14T22:13:30Z"}))
    assert view == builders.job("backup", uid="u1")


def test_indexes_and_the_hostname_are_kept() -> None:
    spec = {"completionMode": "Indexed", "completions": 3, "template": {"spec": {"hostname": "worker"}}}
    view = views.job_view(_job(spec=spec))
    assert (view.completions, view.hostname) == (3, "worker")


def test_completions_of_a_job_without_indexes_do_not_matter() -> None:
    assert views.job_view(_job(spec={"completionMode": "NonIndexed", "completions": 3})).completions is None


def test_a_jobs_annotations_are_its_rules() -> None:
    view = views.job_view(_job(metadata={"annotations": {cleanups.CLEANUP: "never"}}))
    assert view.rules.cleanup is cleanups.Cleanup.NEVER


def test_a_cronjobs_rules_are_those_of_its_job_template() -> None:
    data = _job(
        metadata={"annotations": {cleanups.CLEANUP: "on-success"}},
        spec={"jobTemplate": {"metadata": {"annotations": {cleanups.CLEANUP: "never"}}}},
    )
    view = views.cronjob_view(data)
    assert view.rules.cleanup is cleanups.Cleanup.NEVER
    assert view.owner.kind == "CronJob"


def test_a_resource_version_that_is_no_number_is_not_compared() -> None:
    assert views.job_view(_job(metadata={"resourceVersion": "a7"})).version is None
