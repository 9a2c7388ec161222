"""The pods that pushed a group determine its owners, for concurrent pushes and for kubelets with skewed clocks, too."""

from __future__ import annotations

import functools
import itertools

import pytest

from tests.support import waiting
from tests.support.jobs import e2e_environment, pushing_jobs, sentinel_jobs
from tests.support.kubernetes import kubernetes_objects, pod_status


def test_group_pushed_by_two_jobs_concurrently_is_kept_until_both_have_finished(
    stage: e2e_environment.Stage,
) -> None:
    elsewhere = stage.cluster.create_namespace()
    try:
        _two_jobs_each(stage, elsewhere)
    finally:
        stage.api.delete("namespaces", elsewhere)


def _two_jobs_each(stage: e2e_environment.Stage, elsewhere: str) -> None:
    """Test PUT and POST, and one namespace and two: the Job that pushes last finishes first."""
    go, end = stage.gate("go"), stage.gate("end")
    cases = list(itertools.product(("push", "add"), (stage.namespace, elsewhere)))
    groups = {stage.push.unique(f"both-{number}"): case for number, case in enumerate(cases)}
    running: dict[str, str] = {}
    for group, (how, namespace) in groups.items():
        first, then = ("push 1", "push 2") if how == "push" else ("add first_result", "add then_result")
        stays = stage.push.job_with_steps(
            f"{group}-stays", f"await {go}; {first}; await {end}; rest", group=group, from_pod=True
        )
        stage.push.job_with_steps(
            f"{group}-ends",
            f"await {go}; await {go}; {then}; await {end}",
            group=group,
            from_pod=True,
            namespace=namespace,
        )
        running[group] = stays["metadata"]["uid"]
    for group, (_, namespace) in groups.items():
        for name, where in ((f"{group}-stays", stage.namespace), (f"{group}-ends", namespace)):
            _runs(stage, name, namespace=where)
    go.touch()
    for group, uid in running.items():
        waiting.eventually(functools.partial(_owned, stage, group, uid), why=f"{group} to be its first Job's")
    end.touch()
    for group, (_, namespace) in groups.items():
        assert stage.push.wait_until_finished(f"{group}-ends", namespace=namespace) == "Complete"

    sentinel_jobs.wait_for_full_pass(stage.push, stage.gateway)
    for group, uid in running.items():
        (found,) = stage.groups(group)
        assert found["drain_pushed_revision"] is None
        assert uid in {claim["owner"]["uid"] for claim in found["claims"]}

    for group in groups:
        stage.push.delete(f"{group}-stays")
    stage.wait_until_deleted(*groups)


def _owned(stage: e2e_environment.Stage, group: str, uid: str) -> bool:
    return uid in stage.owners(group)


def test_group_named_after_a_finished_job_is_kept_while_a_service_pushes_to_it(
    stage: e2e_environment.Stage,
) -> None:
    name = stage.push.unique("named-alike")
    stage.push.job(name, group=stage.push.unique("own"), from_pod=True)
    stage.push.wait_until_finished(name)
    stage.wait_until_deleted(stage.push.unique("own"))
    deleted = sum(stage.gateway.metric(f'tidegate_groups_deleted_total{{reason="{reason}"}}') for reason in _REASONS)
    container = stage.push.container_with_steps("repeat 7", group=name, from_pod=True)
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"{name}-service"},
        "spec": {"restartPolicy": "Always", "containers": [container], **pushing_jobs.QUICK_END},
    }
    stage.api.create("pods", body, namespace=stage.namespace)
    waiting.eventually(lambda: stage.groups(name), why="the service to push")
    stage.wait_for_value(7.0, name)

    sentinel_jobs.wait_for_full_pass(stage.push, stage.gateway)

    # Only the sentinel's group was deleted.
    now = sum(stage.gateway.metric(f'tidegate_groups_deleted_total{{reason="{reason}"}}') for reason in _REASONS)
    assert now - deleted == 1
    assert stage.groups(name)[0]["drain_pushed_revision"] is None
    stage.api.delete("pods", f"{name}-service", namespace=stage.namespace)


def test_groups_from_final_pushes_of_deleted_jobs_pods_are_deleted(stage: e2e_environment.Stage) -> None:
    elsewhere = stage.cluster.create_namespace()
    wheres = {"Background": stage.namespace, "Foreground": stage.namespace, "namespace": elsewhere}
    names = {how: stage.push.unique(f"words-{how.lower()}") for how in wheres}
    for how, where in wheres.items():
        # The pod handles SIGTERM by the time it creates a file.
        part = f"touch {stage.gate(how)}; sigterm; push 9; exit 0"
        stage.push.job_with_steps(names[how], part, group=f"last-{names[how]}", from_pod=True, namespace=where)
    for how in wheres:
        waiting.eventually(stage.gate(how).exists, why=f"{names[how]} to run", timeout=60.0)
    for how in ("Background", "Foreground"):
        stage.api.delete("jobs", names[how], namespace=stage.namespace, propagation=how)
    stage.api.delete("namespaces", elsewhere)
    for how in wheres:
        stage.wait_for_value(9.0, f"last-{names[how]}")
    stage.wait_until_deleted(*(f"last-{name}" for name in names.values()))


def _runs(stage: e2e_environment.Stage, name: str, *, namespace: str) -> None:
    """Wait until the pod of a Job is running."""

    def phases() -> bool:
        pods = stage.cluster.pods_of(name, namespace=namespace)
        return [pod["status"].get("phase") for pod in pods] == ["Running"]

    waiting.eventually(phases, why=f"{name} to run", timeout=60.0)


@pytest.mark.parametrize("ahead", [30, -30])
def test_clock_skew_of_a_kubelet_has_no_effect(stage: e2e_environment.Stage, ahead: int) -> None:
    name, group = stage.push.unique(f"clock{ahead}"), stage.push.unique(f"any{ahead}")
    container = stage.push.container_with_steps("push 3", group=group, from_pod=True)
    body = kubernetes_objects.job(name, container, pod=pushing_jobs.QUICK_END)
    body["spec"]["template"]["metadata"] = {"annotations": {pod_status.CLOCK_AHEAD: str(ahead)}}
    stage.api.create("jobs", body, namespace=stage.namespace)
    stage.push.wait_until_finished(name)
    stage.wait_until_deleted(group)
    assert stage.final(group) == 3.0


_REASONS = ("drained", "timeout")
