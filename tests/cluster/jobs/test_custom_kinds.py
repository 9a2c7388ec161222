"""Groups that follow objects other than Jobs: bare Pods, and custom resources that are configured with a flag."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import repository, waiting
from tests.support.jobs import e2e_environment, pushing_jobs, sentinel_jobs
from tests.support.kubernetes import admin_client, clusters, custom_resources
from tests.support.processes import tidegate_processes

_WATCH_PODS = repository.MANIFESTS / "components" / "watch-pods" / "rbac.yaml"


@pytest.fixture(scope="module")
def runs(cluster: clusters.Cluster) -> Iterator[custom_resources.Runs]:
    """A custom resource kind for these tests."""
    created = custom_resources.Runs(cluster, group="e2e.tidegate.example")
    with created.granted(), created.defined():
        yield created


@pytest.fixture(scope="module")
def stage(
    cluster: clusters.Cluster,
    operator_kubeconfig: Path,
    runs: custom_resources.Runs,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[e2e_environment.Stage]:
    """The usual environment, with an operator that also watches Pods and Runs."""
    cluster.kubectl("apply", "-f", _WATCH_PODS)
    with contextlib.ExitStack() as stack:
        stack.callback(cluster.kubectl, "delete", "-f", _WATCH_PODS)
        folder = tmp_path_factory.mktemp("stage")
        arguments = ("--watch=pods", f"--watch={runs.watch}")
        yield stack.enter_context(
            e2e_environment.opened(cluster, kubeconfig=operator_kubeconfig, folder=folder, arguments=arguments)
        )


def _pod(
    api: admin_client.Api,
    name: str,
    container: admin_client.Object,
    *,
    namespace: str,
    of: admin_client.Object | None = None,
) -> str:
    """Create a pod and return its uid; without ``of`` it is a bare one."""
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "ownerReferences": [] if of is None else [of]},
        "spec": {"restartPolicy": "Never", "containers": [container], **pushing_jobs.QUICK_END},
    }
    uid: str = api.create("pods", body, namespace=namespace)["metadata"]["uid"]
    return uid


def _ended(api: admin_client.Api, name: str, *, namespace: str) -> None:
    waiting.eventually(
        lambda: api.get("pods", name, namespace=namespace)["status"]["phase"] in ("Succeeded", "Failed"),
        why=f"the end of pod {name}",
        timeout=30.0,
    )


@pytest.mark.parametrize(
    ("rule", "key", "from_pod"),
    [
        pytest.param("name", "", False, id="name"),
        pytest.param("pod", "instance=$(POD)", False, id="pod"),
        pytest.param("address", "", True, id="address"),
    ],
)
def test_group_of_a_finished_bare_pod_is_deleted_after_its_final_value_is_scraped(
    stage: e2e_environment.Stage, rule: str, key: str, from_pod: bool
) -> None:
    pod = stage.push.unique(f"bare-{rule}")
    group = pod if rule == "name" else f"{pod}-group"
    gate = stage.gate(pod)
    container = stage.push.container_with_steps(
        f"push 1; await {gate}; push 2", group=group, key=key, from_pod=from_pod
    )
    uid = _pod(stage.api, pod, container, namespace=stage.namespace)
    stage.wait_until_claimed(group, uid)
    (found,) = stage.groups(group)
    assert [claim.get("rule", "name") for claim in found["claims"]] == [rule]

    gate.touch()

    stage.wait_until_deleted(group)
    assert stage.final(group) == 2.0
    assert stage.event("GroupsDeleted", pod)["regarding"]["apiVersion"] == "v1"


def test_group_of_a_deleted_bare_pod_is_deleted(stage: e2e_environment.Stage) -> None:
    pod = stage.push.unique("bare-deleted")
    uid = _pod(stage.api, pod, stage.push.container_with_steps("push 1; rest", group=pod), namespace=stage.namespace)
    stage.wait_until_claimed(pod, uid)
    stage.assert_kept(pod, uid)
    stage.api.delete("pods", pod, namespace=stage.namespace)
    stage.wait_until_deleted(pod)


@pytest.mark.usefixtures("operator", "server")
def test_group_of_a_bare_pod_is_unowned_without_the_flag(
    cluster: clusters.Cluster, gateway: tidegate_processes.Gateway, push: pushing_jobs.Pushers
) -> None:
    pod = push.unique("bare-stays")
    _pod(
        cluster.api,
        pod,
        push.container_with_steps("push 1", group=pod, key="instance=$(POD)"),
        namespace=push.namespace,
    )
    _ended(cluster.api, pod, namespace=push.namespace)
    sentinel_jobs.wait_for_full_pass(push, gateway)
    found = gateway.groups()[pod]
    assert (found["claims"], found["drain_pushed_revision"]) == ([], None)


def test_group_named_after_a_resource_is_deleted_when_its_condition_becomes_true(
    stage: e2e_environment.Stage, runs: custom_resources.Runs
) -> None:
    name = stage.push.unique("run")
    run = runs.create(name, namespace=stage.namespace, done="False")
    stage.gateway.push(f"job/{name}", "# TYPE job_result gauge\njob_result 1\n")
    stage.wait_until_claimed(name, run["metadata"]["uid"])
    stage.assert_kept(name, run["metadata"]["uid"])
    stage.wait_for_value(1.0, name)

    runs.set_done(name, namespace=stage.namespace)

    stage.wait_until_deleted(name)
    event = stage.event("GroupsDeleted", name)
    assert (event["regarding"]["apiVersion"], event["regarding"]["kind"]) == (f"{runs.group}/v1", "Run")


def test_group_from_a_resources_pod_is_deleted_with_the_resource_and_not_with_the_pod(
    stage: e2e_environment.Stage, runs: custom_resources.Runs
) -> None:
    name = stage.push.unique("maker")
    run = runs.create(name, namespace=stage.namespace)
    pod, group = f"{name}-step-1", f"{name}-group"
    container = stage.push.container_with_steps("push 1", group=group, key="pod=$(POD)")
    _pod(stage.api, pod, container, namespace=stage.namespace, of=runs.reference(run))
    _ended(stage.api, pod, namespace=stage.namespace)
    stage.wait_until_claimed(group, run["metadata"]["uid"])
    stage.assert_kept(group, run["metadata"]["uid"])

    runs.set_done(name, namespace=stage.namespace)

    stage.wait_until_deleted(group)
    assert stage.final(group) == 1.0


def test_group_of_a_deleted_resource_is_deleted(stage: e2e_environment.Stage, runs: custom_resources.Runs) -> None:
    name = stage.push.unique("run-deleted")
    run = runs.create(name, namespace=stage.namespace)
    stage.gateway.push(f"job/{name}", "# TYPE job_result gauge\njob_result 1\n")
    stage.wait_until_claimed(name, run["metadata"]["uid"])
    runs.delete(name, namespace=stage.namespace)
    stage.wait_until_deleted(name)


@pytest.mark.usefixtures("server")
def test_missing_crd_does_not_block_cleanup_and_is_watched_once_it_exists(
    cluster: clusters.Cluster,
    gateway: tidegate_processes.Gateway,
    push: pushing_jobs.Pushers,
    operator_kubeconfig: Path,
    tmp_path: Path,
) -> None:
    late = custom_resources.Runs(cluster, group=f"{push.namespace}.tidegate.example")
    arguments = (e2e_environment.RESYNC, f"--watch={late.watch}")
    operator = tidegate_processes.Operator(
        tmp_path, gateway=gateway, kubeconfig=operator_kubeconfig, arguments=arguments
    )
    with contextlib.ExitStack() as stack:
        stack.enter_context(late.granted())
        stack.callback(operator.process.stop)
        operator.start()
        sentinel_jobs.wait_for_full_pass(push, gateway)

        stack.enter_context(late.defined())
        name = push.unique("late")
        late.create(name, namespace=push.namespace)
        gateway.push(f"job/{name}", "# TYPE job_result gauge\njob_result 1\n")
        waiting.eventually(lambda: gateway.groups()[name]["claims"], why="the claim", timeout=30.0)
        late.set_done(name, namespace=push.namespace)
        waiting.eventually(lambda: name not in gateway.groups(), why=f"{name} to go", timeout=30.0)
        [error] = operator.logged_errors()
        assert f"the list of runs.{late.group} failed" in error
