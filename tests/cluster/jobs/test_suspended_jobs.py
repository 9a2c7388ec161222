"""Suspended Jobs, as with Kueue: their pods are deleted, but the Job is not finished and may be resumed later."""

from pathlib import Path

from tests.support import waiting
from tests.support.jobs import e2e_environment


def _suspend(stage: e2e_environment.Stage, name: str, *, suspended: bool) -> None:
    stage.api.patch("jobs", name, {"spec": {"suspend": suspended}}, namespace=stage.namespace)


def _suspended_after_its_push(stage: e2e_environment.Stage, name: str, *, gate: Path) -> str:
    """Create a suspended Job, resume it until it has pushed, suspend it again, and return its uid."""
    job = stage.push.job_with_steps(name, f"push 1; await {gate}; push 2", spec={"suspend": True})
    _suspend(stage, name, suspended=False)
    uid: str = job["metadata"]["uid"]
    stage.wait_until_claimed(name, uid)
    _suspend(stage, name, suspended=True)
    waiting.eventually(lambda: not stage.cluster.pods_of(name, namespace=stage.namespace), why=f"no pods of {name}")
    return uid


def test_resumed_job_keeps_its_group_until_it_finishes(stage: e2e_environment.Stage) -> None:
    name, gate = stage.push.unique("resumed"), stage.gate("resumed")
    uid = _suspended_after_its_push(stage, name, gate=gate)
    stage.assert_kept(name, uid)

    _suspend(stage, name, suspended=False)

    waiting.eventually(lambda: stage.cluster.pods_of(name, namespace=stage.namespace), why=f"another pod of {name}")
    stage.assert_kept(name, uid)
    gate.touch()
    stage.push.wait_until_finished(name)
    stage.wait_until_deleted(name)
    assert stage.final(name) == 2.0


def test_group_of_a_job_deleted_while_suspended_is_deleted(stage: e2e_environment.Stage) -> None:
    name = stage.push.unique("never-resumed")
    _suspended_after_its_push(stage, name, gate=stage.gate("never"))

    stage.push.delete(name)

    stage.wait_until_deleted(name)
    assert stage.final(name) == 1.0
