"""The fields of a Job and a CronJob that the operator keeps."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.operator import object_builders
from tidegate.model import owners
from tidegate.operator.cache import owner_views
from tidegate.operator.objects import completion, owner_kinds
from tidegate.operator.policy import cleanup_rules, policy_subjects


def _condition(kind: str, *, status: str = "True") -> dict[str, str]:
    return {"type": kind, "status": status, "lastTransitionTime": "2023-11-14T22:13:30Z"}


def test_running_job_has_no_finish() -> None:
    view = object_builders.parsed(object_builders.job_object())
    assert view == object_builders.job("backup", uid="u1")
    assert view.version == 42


@pytest.mark.parametrize(
    ("conditions", "finish"),
    [
        pytest.param([_condition("Complete")], completion.Finish(True, object_builders.START + 10), id="complete"),
        pytest.param([_condition("Failed")], completion.Finish(False, object_builders.START + 10), id="failed"),
        pytest.param(
            [_condition("SuccessCriteriaMet"), _condition("Complete")],
            completion.Finish(True, object_builders.START + 10),
            id="success-criteria-then-complete",
        ),
        pytest.param([_condition("SuccessCriteriaMet")], None, id="pods-still-end-after-success"),
        pytest.param([_condition("FailureTarget")], None, id="pods-still-end-after-failure"),
        pytest.param([_condition("Complete", status="False")], None, id="not-complete"),
        pytest.param([_condition("Suspended")], None, id="suspended"),
        pytest.param(
            [{"type": "Failed", "status": "True"}], completion.Finish(False, object_builders.START), id="without-a-time"
        ),
        pytest.param(None, None, id="no-conditions"),
    ],
)
def test_only_terminal_conditions_finish_a_job(
    conditions: list[dict[str, str]] | None, finish: completion.Finish | None
) -> None:
    assert object_builders.parsed(object_builders.job_object(status={"conditions": conditions})).finish == finish


def test_job_being_deleted_still_exists() -> None:
    view = object_builders.parsed(object_builders.job_object(metadata={"deletionTimestamp": "2023-11-14T22:13:30Z"}))
    assert view == object_builders.job("backup", uid="u1")


def test_completions_and_hostname_are_stored() -> None:
    spec = {"completionMode": "Indexed", "completions": 3, "template": {"spec": {"hostname": "worker"}}}
    view = object_builders.parsed(object_builders.job_object(spec=spec))
    assert (view.completions, view.hostname) == (3, "worker")


def test_completions_of_a_job_without_indexes_are_ignored() -> None:
    assert (
        object_builders.parsed(
            object_builders.job_object(spec={"completionMode": "NonIndexed", "completions": 3})
        ).completions
        is None
    )


def test_rules_of_a_job_are_its_annotations() -> None:
    view = object_builders.parsed(
        object_builders.job_object(metadata={"annotations": {cleanup_rules.CLEANUP: "never"}})
    )
    assert view.rules.cleanup is cleanup_rules.Cleanup.NEVER


def test_rules_of_a_cronjob_are_those_of_its_job_template() -> None:
    data = object_builders.job_object(
        metadata={"annotations": {cleanup_rules.CLEANUP: "on-success"}},
        spec={"jobTemplate": {"metadata": {"annotations": {cleanup_rules.CLEANUP: "never"}}}},
    )
    view = object_builders.parsed(data, kind=owner_kinds.CRONJOB)
    assert view.rules.cleanup is cleanup_rules.Cleanup.NEVER
    assert view.owner.kind == "CronJob"


def test_resource_version_that_is_not_a_number_is_ignored() -> None:
    assert object_builders.parsed(object_builders.job_object(metadata={"resourceVersion": "a7"})).version is None


def test_labels_and_short_annotations_are_stored() -> None:
    annotations = {
        "team": "data",
        "long": "x" * (policy_subjects.MAX_VALUE_CHARACTERS + 1),
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
    }
    view = object_builders.parsed(
        object_builders.job_object(metadata={"labels": {"app": "etl"}, "annotations": annotations})
    )
    assert view.labels == {"app": "etl"}
    assert view.annotations == {"team": "data"}


def test_labels_and_annotations_of_a_cronjob_are_those_of_its_job_template() -> None:
    data = object_builders.job_object(
        metadata={"labels": {"app": "outer"}, "annotations": {"team": "outer"}},
        spec={"jobTemplate": {"metadata": {"labels": {"app": "etl"}, "annotations": {"team": "data"}}}},
    )
    view = object_builders.parsed(data, kind=owner_kinds.CRONJOB)
    assert (view.labels, view.annotations) == ({"app": "etl"}, {"team": "data"})


def test_equal_labels_are_stored_once() -> None:
    first, second = (
        object_builders.parsed(object_builders.job_object(metadata={"uid": uid, "labels": {"app": "etl"}}))
        for uid in ("u1", "u2")
    )
    assert first.labels is second.labels


@pytest.mark.parametrize(
    ("api_version", "kind", "word"),
    [
        ("batch/v1", "CronJob", "CronJob"),
        ("batch.volcano.sh/v1alpha1", "Job", "Job.batch.volcano.sh"),
        ("argoproj.io/v1alpha1", "Workflow", "Workflow.argoproj.io"),
        ("v1", "Node", "Node"),
    ],
)
def test_parent_is_the_controller(api_version: str, kind: str, word: str) -> None:
    references = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "other", "uid": "u8"},
        {"apiVersion": api_version, "kind": kind, "name": "nightly", "uid": "u9", "controller": True},
    ]
    view = object_builders.parsed(object_builders.job_object(metadata={"ownerReferences": references}))
    assert view.parent == owners.Owner(word, "prod", "nightly", owners.Uid("u9"))


def test_reference_without_controller_is_not_a_parent() -> None:
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "other", "uid": "u8"}
    assert object_builders.parsed(object_builders.job_object(metadata={"ownerReferences": [reference]})).parent is None


_WORKFLOW: dict[str, Any] = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Workflow",
    "metadata": {
        "name": "fetch-x7k2p",
        "generateName": "fetch-",
        "namespace": "prod",
        "uid": "u1",
        "creationTimestamp": "2026-01-31T08:00:00Z",
        "resourceVersion": "42",
        "labels": {"workflows.argoproj.io/completed": "true", "workflows.argoproj.io/phase": "Failed"},
        "annotations": {cleanup_rules.CLEANUP: "on-success"},
        "ownerReferences": [
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "CronWorkflow",
                "name": "fetch",
                "uid": "u9",
                "controller": True,
            }
        ],
    },
    "spec": {"entrypoint": "main", "templates": [{"name": "main", "container": {"image": "busybox"}}]},
    "status": {"phase": "Failed", "startedAt": "2026-01-31T08:00:01Z", "finishedAt": "2026-01-31T08:00:20Z"},
}


def test_workflow_is_read_like_a_job() -> None:
    view = object_builders.parsed(_WORKFLOW, kind=owner_kinds.WORKFLOW)
    assert view.owner == owners.Owner("Workflow.argoproj.io", "prod", "fetch-x7k2p", owners.Uid("u1"))
    assert view.parent == owners.Owner("CronWorkflow.argoproj.io", "prod", "fetch", owners.Uid("u9"))
    assert view.rules.cleanup is cleanup_rules.Cleanup.ON_SUCCESS
    assert (view.finish is not None, view.completions, view.hostname, view.version) == (True, None, None, 42)


def test_new_object_of_any_kind_needs_neither_spec_nor_status() -> None:
    run = owner_kinds.Kind("example.com", "v1", "runs", owner_kinds.parse("workflows").finish, name="Run.example.com")
    data = {
        "metadata": {name: _WORKFLOW["metadata"][name] for name in ("name", "namespace", "uid", "creationTimestamp")}
    }
    view = object_builders.parsed(data, kind=run)
    assert (view.kind, view.finish, view.parent) == ("Run.example.com", None, None)


def test_only_uncontrolled_pods_are_read() -> None:
    data = {**_WORKFLOW, "spec": {"hostname": "tool"}}
    assert owner_views.parse(data, kind=owner_kinds.POD) is None
    bare = {**data, "metadata": {**data["metadata"], "ownerReferences": []}}
    assert object_builders.parsed(bare, kind=owner_kinds.POD).hostname == "tool"
