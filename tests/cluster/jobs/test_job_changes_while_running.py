"""Jobs whose labels and annotations change while they run: the last state counts."""

from collections.abc import Mapping

from tests.support import waiting
from tests.support.jobs import e2e_environment

_CLEANUP = "tidegate.dev/cleanup"
_KEY = "tidegate.dev/grouping-key"
_TIMEOUT = "tidegate.dev/drain-timeout"


def _annotate(stage: e2e_environment.Stage, name: str, annotations: Mapping[str, str | None]) -> None:
    stage.api.patch("jobs", name, {"metadata": {"annotations": annotations}}, namespace=stage.namespace)


def _drain_timeouts(stage: e2e_environment.Stage, name: str) -> list[float]:
    return [claim["drain_timeout"] for group in stage.groups(name) for claim in group["claims"]]


def test_label_changes_do_not_change_the_owner(stage: e2e_environment.Stage) -> None:
    name, gate = stage.push.unique("labels"), stage.gate("labels")
    uid = stage.push.job_with_steps(name, f"push 1; await {gate}; push 2")["metadata"]["uid"]
    stage.wait_until_claimed(name, uid)
    (before,) = stage.groups(name)
    stage.api.patch("jobs", name, {"metadata": {"labels": {"team": "a", "job": "other"}}}, namespace=stage.namespace)
    stage.assert_kept(name, uid)
    assert stage.groups(name) == [before]
    gate.touch()
    stage.wait_until_deleted(name)
    assert stage.final(name) == 2.0


def test_last_cleanup_annotation_of_a_job_counts(stage: e2e_environment.Stage) -> None:
    gate = stage.gate("cleanup")
    kept, let_go = stage.push.unique("kept-after-all"), stage.push.unique("let-go-after-all")
    stage.push.job_with_steps(kept, f"push 1; await {gate}; push 2")
    job = stage.push.job_with_steps(let_go, f"push 1; await {gate}; push 2", annotations={_CLEANUP: "never"})
    stage.wait_until_pushed(kept)
    waiting.eventually(lambda: stage.groups(let_go), why="the push of a Job that claims nothing")
    _annotate(stage, kept, {_CLEANUP: "never"})
    _annotate(stage, let_go, {_CLEANUP: None})
    stage.wait_until_claimed(let_go, job["metadata"]["uid"])
    waiting.eventually(lambda: not stage.owners(kept), why="a claim to be taken back")

    gate.touch()

    stage.push.wait_until_finished(kept)
    stage.wait_until_deleted(let_go)
    assert stage.final(let_go) == 2.0
    (group,) = stage.groups(kept)
    assert group["drain_pushed_revision"] is None
    # An annotation added after the Job has finished counts, too.
    _annotate(stage, kept, {_CLEANUP: "on-completion"})
    stage.wait_until_deleted(kept)


def test_grouping_key_added_to_a_running_job_takes_effect(stage: e2e_environment.Stage) -> None:
    name, gate = stage.push.unique("renamed"), stage.gate("renamed")
    group, other = stage.push.unique("first-key"), stage.push.unique("second-key")
    uid = stage.push.job_with_steps(name, f"push 1; await {gate}; push 2", group=group)["metadata"]["uid"]
    waiting.eventually(lambda: stage.groups(group), why="the push of a Job that has another name")
    stage.gateway.push(f"job/{other}", "value_of_somebody_else 7\n")
    _annotate(stage, name, {_KEY: f"job={group};job={other}", _TIMEOUT: "1m"})
    stage.wait_until_claimed(group, uid)
    stage.wait_until_claimed(other, uid)
    assert _drain_timeouts(stage, group) == [60.0]
    _annotate(stage, name, {_KEY: f"job={group}", _TIMEOUT: "2m"})
    waiting.eventually(lambda: _drain_timeouts(stage, group) == [120.0], why="the new drain timeout")
    waiting.eventually(lambda: not stage.owners(other), why="the second key to be nobody's again")

    gate.touch()

    stage.push.wait_until_finished(name)
    stage.wait_until_deleted(group)
    assert stage.final(group) == 2.0
    assert [each["drain_pushed_revision"] for each in stage.groups(other)] == [None]
