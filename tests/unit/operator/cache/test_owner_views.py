"""The fields of a Job and a CronJob that the operator keeps."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.operator import object_builders
from tidegate.model import owners
from tidegate.operator.cache import owner_views
from tidegate.operator.objects import completion, owner_kinds
from tidegate.operator.policy import cleanup_rules, policy_subjects


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


def _view(data: dict[str, Any], *, kind: owner_kinds.Kind = owner_kinds.JOB) -> owner_views.OwnerView:
    view = owner_views.parse(data, kind=kind)
    assert view is not None
    return view


def _condition(kind: str, *, status: str = "True") -> dict[str, str]:
    return {"type": kind, "status": status, "lastTransitionTime": "2023-11-14T22:13:30Z"}


def test_running_job_has_no_finish() -> None:
    view = _view(_job())
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
    assert _view(_job(status={"conditions": conditions})).finish == finish


def test_job_being_deleted_still_exists() -> None:
    view = _view(_job(metadata={"deletionTimestamp": "2023-11-14T22:13:30Z"}))
    assert view == object_builders.job("backup", uid="u1")


def test_completions_and_hostname_are_stored() -> None:
    spec = {"completionMode": "Indexed", "completions": 3, "template": {"spec": {"hostname": "worker"}}}
    view = _view(_job(spec=spec))
    assert (view.completions, view.hostname) == (3, "worker")


def test_completions_of_a_job_without_indexes_are_ignored() -> None:
    assert _view(_job(spec={"completionMode": "NonIndexed", "completions": 3})).completions is None


def test_rules_of_a_job_are_its_annotations() -> None:
    view = _view(_job(metadata={"annotations": {cleanup_rules.CLEANUP: "never"}}))
    assert view.rules.cleanup is cleanup_rules.Cleanup.NEVER


def test_rules_of_a_cronjob_are_those_of_its_job_template() -> None:
    data = _job(
        metadata={"annotations": {cleanup_rules.CLEANUP: "on-success"}},
        spec={"jobTemplate": {"metadata": {"annotations": {cleanup_rules.CLEANUP: "never"}}}},
    )
    view = _view(data, kind=owner_kinds.CRONJOB)
    assert view.rules.cleanup is cleanup_rules.Cleanup.NEVER
    assert view.owner.kind == "CronJob"


def test_resource_version_that_is_not_a_number_is_ignored() -> None:
    assert _view(_job(metadata={"resourceVersion": "a7"})).version is None


def test_labels_and_short_annotations_are_stored() -> None:
    annotations = {
        "team": "data",
        "long": "x" * (policy_subjects.MAX_VALUE_CHARACTERS + 1),
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
    }
    view = _view(_job(metadata={"labels": {"app": "etl"}, "annotations": annotations}))
    assert view.labels == {"app": "etl"}
    assert view.annotations == {"team": "data"}


def test_labels_and_annotations_of_a_cronjob_are_those_of_its_job_template() -> None:
    data = _job(
        metadata={"labels": {"app": "outer"}, "annotations": {"team": "outer"}},
        spec={"jobTemplate": {"metadata": {"labels": {"app": "etl"}, "annotations": {"team": "data"}}}},
    )
    view = _view(data, kind=owner_kinds.CRONJOB)
    assert (view.labels, view.annotations) == ({"app": "etl"}, {"team": "data"})


def test_equal_labels_are_stored_once() -> None:
    first, second = (_view(_job(metadata={"uid": uid, "labels": {"app": "etl"}})) for uid in ("u1", "u2"))
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
    view = _view(_job(metadata={"ownerReferences": references}))
    assert view.parent == owners.Owner(word, "prod", "nightly", owners.Uid("u9"))


def test_reference_without_controller_is_not_a_parent() -> None:
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "other", "uid": "u8"}
    assert _view(_job(metadata={"ownerReferences": [reference]})).parent is None


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
    view = _view(_WORKFLOW, kind=owner_kinds.WORKFLOW)
    assert view.owner == owners.Owner("Workflow.argoproj.io", "prod", "fetch-x7k2p", owners.Uid("u1"))
    assert view.parent == owners.Owner("CronWorkflow.argoproj.io", "prod", "fetch", owners.Uid("u9"))
    assert view.rules.cleanup is cleanup_rules.Cleanup.ON_SUCCESS
    assert (view.finish is not None, view.completions, view.hostname, view.version) == (True, None, None, 42)


def test_new_object_of_any_kind_needs_neither_spec_nor_status() -> None:
    run = owner_kinds.Kind("example.com", "v1", "runs", owner_kinds.parse("workflows").finish, name="Run.example.com")
    data = {
        "metadata": {name: _WORKFLOW["metadata"][name] for name in ("name", "namespace", "uid", "creationTimestamp")}
    }
    view = _view(data, kind=run)
    assert (view.kind, view.finish, view.parent) == ("Run.example.com", None, None)


def test_only_uncontrolled_pods_are_read() -> None:
    data = {**_WORKFLOW, "spec": {"hostname": "tool"}}
    assert owner_views.parse(data, kind=owner_kinds.POD) is None
    bare = {**data, "metadata": {**data["metadata"], "ownerReferences": []}}
    assert _view(bare, kind=owner_kinds.POD).hostname == "tool"


_NEVER = {"annotations": {cleanup_rules.CLEANUP: "never"}}


def _cronjob(*, own: dict[str, Any], run: dict[str, Any], pod: dict[str, Any]) -> dict[str, Any]:
    data = _job(spec={"jobTemplate": {"metadata": run, "spec": {"template": {"metadata": pod}}}})
    data["metadata"] |= own
    return data


@pytest.mark.parametrize(
    ("data", "kind", "problem"),
    [
        pytest.param(
            _job(spec={"template": {"metadata": _NEVER}}),
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
            _job(metadata={"labels": {cleanup_rules.CLEANUP: "never"}}),
            owner_kinds.JOB,
            "tidegate.dev/cleanup has no effect as a label; make it an annotation",
            id="as a label",
        ),
    ],
)
def test_annotation_in_the_wrong_place_keeps_the_groups(
    data: dict[str, Any], kind: owner_kinds.Kind, problem: str
) -> None:
    view = _view(data, kind=kind)
    assert view.rules.problems == (f"{problem}; {cleanup_rules.KEPT_UNTIL_FIXED}",)
    assert view.rules.cleanup is cleanup_rules.Cleanup.NEVER


def test_annotation_that_is_equal_in_every_place_is_applied() -> None:
    view = _view(_cronjob(own=_NEVER, run=_NEVER, pod=_NEVER), kind=owner_kinds.CRONJOB)
    assert (view.rules.cleanup, view.rules.problems) == (cleanup_rules.Cleanup.NEVER, ())


def test_labels_that_are_not_annotation_names_are_ignored() -> None:
    view = _view(_job(metadata={"labels": {"tidegate.dev/team": "a"}}))
    assert view.rules == cleanup_rules.CleanupRules()
