"""Jobs that are suspended, as Kueue does it: their pods go, the Job is not over, and it may go on later."""

from pathlib import Path

from tests.e2e import e2e_environment
from tests.support import waiting


def _suspend(stage: e2e_environment.Stage, name: str, *, suspended: bool) -> None:
    stage.api.patch("jobs", name, {"spec": {"suspend": suspended}}, namespace=stage.namespace)


def _suspended_after_its_push(stage: e2e_environment.Stage, name: str, *, gate: Path) -> str:
    """Create a Job in suspension, let it push, suspend it again; returns its uid."""
    job = stage.push.acting(name, f"push 1; await {gate}; push 2", spec={"suspend": True})
    _suspend(stage, name, suspended=False)
    uid: str = job["metadata"]["uid"]
    stage.claimed(name, uid)
    _suspend(stage, name, suspended=True)
    waiting.eventually(lambda: not stage.cluster.pods_of(name, namespace=stage.namespace), why=f"no pods of {name}")
    return uid


def test_a_resumed_job_goes_on_with_its_group_and_ends_it_when_it_ends(stage: e2e_environment.Stage) -> None:
    name, gate = stage.push.unique("resumed"), stage.gate("resumed")
    uid = _suspended_after_its_push(stage, name, gate=gate)
    stage.stays(name, uid)

    _suspend(stage, name, suspended=False)

    waiting.eventually(lambda: stage.cluster.pods_of(name, namespace=stage.namespace), why=f"another pod of {name}")
    stage.stays(name, uid)
    gate.touch()
    stage.push.ended(name)
    stage.goes(name)
    assert stage.final(name) == 2.0


def test_a_job_that_is_deleted_in_suspension_takes_its_group_with_it(stage: e2e_environment.Stage) -> None:
    name = stage.push.unique("never-resumed")
    _suspended_after_its_push(stage, name, gate=stage.gate("never"))

    stage.push.delete(name)

    stage.goes(name)
    assert stage.final(name) == 1.0
