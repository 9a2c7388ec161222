"""Values of ``--watch``, and the names of kinds."""

from __future__ import annotations

import pytest

from tidegate import settings
from tidegate.operator.objects import completion, owner_kinds

_DONE = "example.com/v1/runs:status.conditions.Done"


@pytest.mark.parametrize(
    ("text", "resource", "api_version", "root"),
    [
        pytest.param("pods", "pods", "v1", "/api/v1", id="pods"),
        pytest.param(
            "workflows",
            "workflows.argoproj.io",
            "argoproj.io/v1alpha1",
            "/apis/argoproj.io/v1alpha1",
            id="Argo",
        ),
        pytest.param("taskruns", "taskruns.tekton.dev", "tekton.dev/v1", "/apis/tekton.dev/v1", id="Tekton"),
        pytest.param(_DONE, "runs.example.com", "example.com/v1", "/apis/example.com/v1", id="any"),
        pytest.param("v1/configmaps:data.done", "configmaps", "v1", "/api/v1", id="of the core group"),
        pytest.param(
            "batch.volcano.sh/v1alpha1/jobs:status.state.phase=Completed/Failed,Aborted",
            "jobs.batch.volcano.sh",
            "batch.volcano.sh/v1alpha1",
            "/apis/batch.volcano.sh/v1alpha1",
            id="with the name of a built-in resource",
        ),
    ],
)
def test_kind_is_a_known_name_or_a_resource_with_its_finish_path(
    text: str, resource: str, api_version: str, root: str
) -> None:
    kind = owner_kinds.parse(text)
    assert (kind.resource, kind.api_version, kind.api_path) == (resource, api_version, root)


@pytest.mark.parametrize(
    ("status", "finish"),
    [
        pytest.param({}, None, id="no status"),
        pytest.param({"conditions": [{"type": "Done", "status": "False"}]}, None, id="false"),
        pytest.param({"conditions": [{"type": "Done", "status": "Unknown"}]}, None, id="unknown"),
        pytest.param({"conditions": [{"type": "Other", "status": "True"}]}, None, id="another condition"),
        pytest.param(
            {"conditions": [{"type": "Done", "status": "True", "lastTransitionTime": "2026-01-31T08:00:00Z"}]},
            completion.Finish(succeeded=True, at=1769846400.0),
            id="true",
        ),
    ],
)
def test_path_without_values_succeeds_when_its_condition_is_true(
    status: dict[str, object], finish: completion.Finish | None
) -> None:
    assert owner_kinds.parse(_DONE).finish({"metadata": {}, "status": status}) == finish


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "neither one of pods, taskruns, workflows nor GROUP/VERSION/PLURAL:END such as", id="nothing"),
        pytest.param("Pods", "'Pods' is neither one of pods", id="a word in another spelling"),
        pytest.param("jobs", "'jobs' is neither one of pods", id="a default kind"),
        pytest.param("example.com/v1/runs", "is neither one of pods", id="no finish path"),
        pytest.param("example.com/v1:status.phase", "is neither one of pods", id="no plural"),
        pytest.param("example.com/runs:status.phase", "is neither one of pods", id="no version"),
        pytest.param("a/b/v1/runs:status.phase", "is neither one of pods", id="too many parts"),
        pytest.param("/v1/runs:status.phase", "is neither one of pods", id="an empty group"),
        pytest.param("Example.com/v1/runs:status.phase", "is neither one of pods", id="a group in capitals"),
        pytest.param("example.com/v1/Runs:status.phase", "is neither one of pods", id="a kind for a plural"),
        pytest.param("example.com/v1/runs/status:status.phase", "is neither one of pods", id="a subresource"),
        pytest.param("example.com/v1/runs:", "'' is not a path such as status.phase", id="an empty finish path"),
        pytest.param("example.com/v1/runs:status..phase", "'status..phase' is not a path", id="an empty step"),
        pytest.param(
            "example.com/v1/runs:status.phase=", "'' is not a valid value: write PATH=SUCCESS", id="no values"
        ),
        pytest.param("example.com/v1/runs:status.phase=A/A", "'A' is listed both as success and as failure", id="both"),
        pytest.param("batch/v1/jobs:status.phase", "jobs are always watched; remove this flag", id="Jobs"),
        pytest.param("v1/pods:status.phase=Succeeded", "write pods", id="pods"),
    ],
)
def test_invalid_kind_is_rejected_with_its_reason(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        owner_kinds.parse(text)
    assert expected in str(raised.value)


def test_watched_kinds_begin_with_the_default_ones() -> None:
    assert owner_kinds.watched_kinds([]) == owner_kinds.ALWAYS_WATCHED
    assert [kind.resource for kind in owner_kinds.watched_kinds(["pods", _DONE])] == [
        "jobs.batch",
        "cronjobs.batch",
        "pods",
        "runs.example.com",
    ]


@pytest.mark.parametrize("again", [_DONE, "example.com/v2/runs:status.phase=Done"])
def test_repeated_resource_is_rejected_in_any_version(again: str) -> None:
    with pytest.raises(settings.BadSettingsError, match=r"runs\.example\.com is already watched; remove this flag"):
        owner_kinds.watched_kinds([_DONE, again])


@pytest.mark.parametrize(
    ("name", "spellings"),
    [
        pytest.param("Job", {"Job"}, id="Kubernetes' own"),
        pytest.param("Workflow.argoproj.io", {"Workflow.argoproj.io", "Workflow"}, id="another"),
        pytest.param("Job.batch.volcano.sh", {"Job.batch.volcano.sh"}, id="another Job"),
    ],
)
def test_policy_may_use_the_kind_of_the_objects_except_for_another_job(name: str, spellings: set[str]) -> None:
    assert owner_kinds.policy_names(name) == spellings
