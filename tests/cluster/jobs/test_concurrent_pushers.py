"""The pods that pushed a group determine its owners, for concurrent pushes and for kubelets with skewed clocks, too."""

from __future__ import annotations

import functools
import itertools

import pytest

from tests.support import environments, waiting
from tests.support.jobs import pushing_jobs
from tests.support.kubernetes import kubernetes_objects, pod_status


def test_group_pushed_by_two_jobs_concurrently_is_kept_until_both_have_finished(
    environment: environments.Environment,
) -> None:
    elsewhere = environment.cluster.create_namespace()
    try:
        _two_jobs_each(environment, elsewhere)
    finally:
        environment.api.delete("namespaces", elsewhere)


def _two_jobs_each(environment: environments.Environment, elsewhere: str) -> None:
    """Test PUT and POST, and one namespace and two: the Job that pushes last finishes first."""
    go, end = environment.gate("go"), environment.gate("end")
    cases = list(itertools.product(("push", "add"), (environment.namespace, elsewhere)))
    groups = {environment.push.unique(f"both-{number}"): case for number, case in enumerate(cases)}
    running: dict[str, str] = {}
    for group, (how, namespace) in groups.items():
        first, then = ("push 1", "push 2") if how == "push" else ("add first_result", "add then_result")
        stays = environment.push.job_with_steps(
            f"{group}-stays", f"await {go}; {first}; await {end}; rest", group=group, from_pod=True
        )
        environment.push.job_with_steps(
            f"{group}-ends",
            f"await {go}; await {go}; {then}; await {end}",
            group=group,
            from_pod=True,
            namespace=namespace,
        )
        running[group] = stays["metadata"]["uid"]
    for group, (_, namespace) in groups.items():
        for name, where in ((f"{group}-stays", environment.namespace), (f"{group}-ends", namespace)):
            _runs(environment, name, namespace=where)
    go.touch()
    for group, uid in running.items():
        waiting.eventually(functools.partial(_owned, environment, group, uid), why=f"{group} to be its first Job's")
    end.touch()
    for group, (_, namespace) in groups.items():
        assert environment.push.wait_until_finished(f"{group}-ends", namespace=namespace) == "Complete"

    environment.wait_for_full_pass()
    for group, uid in running.items():
        (found,) = environment.groups(group)
        assert found["drain_pushed_revision"] is None
        assert uid in {claim["owner"]["uid"] for claim in found["claims"]}

    for group in groups:
        environment.push.delete(f"{group}-stays")
    environment.wait_until_deleted(*groups)


def _owned(environment: environments.Environment, group: str, uid: str) -> bool:
    return uid in environment.owners(group)


def test_group_named_after_a_finished_job_is_kept_while_a_service_pushes_to_it(
    environment: environments.Environment,
) -> None:
    name = environment.push.unique("named-alike")
    environment.push.job(name, group=environment.push.unique("own"), from_pod=True)
    environment.push.wait_until_finished(name)
    environment.wait_until_deleted(environment.push.unique("own"))
    deleted = sum(
        environment.gateway.metric(f'tidegate_groups_deleted_total{{reason="{reason}"}}') for reason in _REASONS
    )
    container = environment.push.container_with_steps("repeat 7", group=name, from_pod=True)
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"{name}-service"},
        "spec": {"restartPolicy": "Always", "containers": [container], **pushing_jobs.QUICK_END},
    }
    environment.api.create("pods", body, namespace=environment.namespace)
    waiting.eventually(lambda: environment.groups(name), why="the service to push")
    environment.wait_for_value(7.0, name)

    environment.wait_for_full_pass()

    # Only the sentinel's group was deleted.
    now = sum(environment.gateway.metric(f'tidegate_groups_deleted_total{{reason="{reason}"}}') for reason in _REASONS)
    assert now - deleted == 1
    assert environment.groups(name)[0]["drain_pushed_revision"] is None
    environment.api.delete("pods", f"{name}-service", namespace=environment.namespace)


def test_groups_from_final_pushes_of_deleted_jobs_pods_are_deleted(environment: environments.Environment) -> None:
    elsewhere = environment.cluster.create_namespace()
    wheres = {"Background": environment.namespace, "Foreground": environment.namespace, "namespace": elsewhere}
    names = {how: environment.push.unique(f"words-{how.lower()}") for how in wheres}
    for how, where in wheres.items():
        # The pod handles SIGTERM by the time it creates a file.
        part = f"touch {environment.gate(how)}; sigterm; push 9; exit 0"
        environment.push.job_with_steps(names[how], part, group=f"last-{names[how]}", from_pod=True, namespace=where)
    for how in wheres:
        waiting.eventually(environment.gate(how).exists, why=f"{names[how]} to run", timeout=60.0)
    for how in ("Background", "Foreground"):
        environment.api.delete("jobs", names[how], namespace=environment.namespace, propagation=how)
    environment.api.delete("namespaces", elsewhere)
    for how in wheres:
        environment.wait_for_value(9.0, f"last-{names[how]}")
    environment.wait_until_deleted(*(f"last-{name}" for name in names.values()))


def _runs(environment: environments.Environment, name: str, *, namespace: str) -> None:
    """Wait until the pod of a Job is running."""

    def phases() -> bool:
        pods = environment.cluster.pods_of(name, namespace=namespace)
        return [pod["status"].get("phase") for pod in pods] == ["Running"]

    waiting.eventually(phases, why=f"{name} to run", timeout=60.0)


@pytest.mark.parametrize("ahead", [30, -30])
def test_clock_skew_of_a_kubelet_has_no_effect(environment: environments.Environment, ahead: int) -> None:
    name, group = environment.push.unique(f"clock{ahead}"), environment.push.unique(f"any{ahead}")
    container = environment.push.container_with_steps("push 3", group=group, from_pod=True)
    body = kubernetes_objects.job(name, container, pod=pushing_jobs.QUICK_END)
    body["spec"]["template"]["metadata"] = {"annotations": {pod_status.CLOCK_AHEAD: str(ahead)}}
    environment.api.create("jobs", body, namespace=environment.namespace)
    environment.push.wait_until_finished(name)
    environment.wait_until_deleted(group)
    assert environment.final(group) == 3.0


_REASONS = ("ingested", "timeout")
