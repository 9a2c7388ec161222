"""Suspended Jobs, as with Kueue: their pods are deleted, but the Job is not finished and may be resumed later."""

from pathlib import Path

from tests.support import environments, waiting


def _suspend(environment: environments.Environment, name: str, *, suspended: bool) -> None:
    environment.api.patch("jobs", name, {"spec": {"suspend": suspended}}, namespace=environment.namespace)


def _suspended_after_its_push(environment: environments.Environment, name: str, *, gate: Path) -> str:
    """Create a suspended Job, resume it until it has pushed, suspend it again, and return its uid."""
    job = environment.push.job_with_steps(name, f"push 1; await {gate}; push 2", spec={"suspend": True})
    _suspend(environment, name, suspended=False)
    uid: str = job["metadata"]["uid"]
    environment.wait_until_claimed(name, uid)
    _suspend(environment, name, suspended=True)
    waiting.eventually(
        lambda: not environment.cluster.pods_of(name, namespace=environment.namespace), why=f"no pods of {name}"
    )
    return uid


def test_resumed_job_keeps_its_group_until_it_finishes(environment: environments.Environment) -> None:
    name, gate = environment.push.unique("resumed"), environment.gate("resumed")
    uid = _suspended_after_its_push(environment, name, gate=gate)
    environment.assert_kept(name, uid)

    _suspend(environment, name, suspended=False)

    waiting.eventually(
        lambda: environment.cluster.pods_of(name, namespace=environment.namespace), why=f"another pod of {name}"
    )
    environment.assert_kept(name, uid)
    gate.touch()
    environment.push.wait_until_finished(name)
    environment.wait_until_deleted(name)
    assert environment.final(name) == 2.0


def test_group_of_a_job_deleted_while_suspended_is_deleted(environment: environments.Environment) -> None:
    name = environment.push.unique("never-resumed")
    _suspended_after_its_push(environment, name, gate=environment.gate("never"))

    environment.push.delete(name)

    environment.wait_until_deleted(name)
    assert environment.final(name) == 1.0
