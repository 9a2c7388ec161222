"""Groups that follow objects other than Jobs: bare Pods, and custom resources that are configured with a flag."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import components, environments, waiting
from tests.support.jobs import pushing_jobs
from tests.support.kubernetes import admin_client, clusters, custom_resources
from tests.support.manifests import kustomizations, service_account_rights


@pytest.fixture(scope="module")
def runs(cluster: clusters.Cluster) -> Iterator[custom_resources.Runs]:
    """A custom resource kind for these tests."""
    created = custom_resources.Runs(cluster, group="e2e.tidegate.example")
    with created.defined():
        yield created


@pytest.fixture(scope="module")
def environment(
    cluster: clusters.Cluster, runs: custom_resources.Runs, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[environments.Environment]:
    """The usual environment, with an operator that also watches Pods and Runs."""
    folder = tmp_path_factory.mktemp("environment")
    overlay = kustomizations.write(folder / "overlay", components=["watch-pods"])
    with service_account_rights.granted(cluster, overlay) as prefix, runs.granted(to=f"{prefix}tidegate"):
        kubeconfig = cluster.kubeconfig_for(f"{prefix}tidegate", namespace="tidegate")
        flags = ("--watch=pods", f"--watch={runs.watch}")
        with environments.started(cluster, folder, kubeconfig=kubeconfig, operator_flags=flags) as started:
            yield started


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
    environment: environments.Environment, rule: str, key: str, from_pod: bool
) -> None:
    pod = environment.push.unique(f"bare-{rule}")
    group = pod if rule == "name" else f"{pod}-group"
    gate = environment.gate(pod)
    container = environment.push.container_with_steps(
        f"push 1; await {gate}; push 2", group=group, key=key, from_pod=from_pod
    )
    uid = _pod(environment.api, pod, container, namespace=environment.namespace)
    environment.wait_until_claimed(group, uid)
    (found,) = environment.groups(group)
    assert [claim.get("rule", "name") for claim in found["claims"]] == [rule]

    gate.touch()

    environment.wait_until_deleted(group)
    assert environment.final(group) == 2.0
    assert environment.event("GroupsDeleted", pod)["regarding"]["apiVersion"] == "v1"


def test_group_of_a_deleted_bare_pod_is_deleted(environment: environments.Environment) -> None:
    pod = environment.push.unique("bare-deleted")
    uid = _pod(
        environment.api,
        pod,
        environment.push.container_with_steps("push 1; rest", group=pod),
        namespace=environment.namespace,
    )
    environment.wait_until_claimed(pod, uid)
    environment.assert_kept(pod, uid)
    environment.api.delete("pods", pod, namespace=environment.namespace)
    environment.wait_until_deleted(pod)


@pytest.fixture
def usual_environment(shared_components: components.Components, tmp_path: Path) -> Iterator[environments.Environment]:
    """An environment whose operator watches only Jobs and CronJobs."""
    with environments.opened(shared_components, tmp_path) as opened:
        opened.start()
        yield opened


def test_group_of_a_bare_pod_is_unowned_without_the_flag(usual_environment: environments.Environment) -> None:
    push, namespace = usual_environment.push, usual_environment.namespace
    pod = push.unique("bare-stays")
    container = push.container_with_steps("push 1", group=pod, key="instance=$(POD)")
    _pod(usual_environment.api, pod, container, namespace=namespace)
    _ended(usual_environment.api, pod, namespace=namespace)
    usual_environment.assert_unowned(pod)


def test_group_named_after_a_resource_is_deleted_when_its_condition_becomes_true(
    environment: environments.Environment, runs: custom_resources.Runs
) -> None:
    name = environment.push.unique("run")
    run = runs.create(name, namespace=environment.namespace, done="False")
    environment.gateway.push(f"job/{name}", "# TYPE job_result gauge\njob_result 1\n")
    environment.wait_until_claimed(name, run["metadata"]["uid"])
    environment.assert_kept(name, run["metadata"]["uid"])
    environment.wait_for_value(1.0, name)

    runs.set_done(name, namespace=environment.namespace)

    environment.wait_until_deleted(name)
    event = environment.event("GroupsDeleted", name)
    assert (event["regarding"]["apiVersion"], event["regarding"]["kind"]) == (f"{runs.group}/v1", "Run")


def test_group_from_a_resources_pod_is_deleted_with_the_resource_and_not_with_the_pod(
    environment: environments.Environment, runs: custom_resources.Runs
) -> None:
    name = environment.push.unique("maker")
    run = runs.create(name, namespace=environment.namespace)
    pod, group = f"{name}-step-1", f"{name}-group"
    container = environment.push.container_with_steps("push 1", group=group, key="pod=$(POD)")
    _pod(environment.api, pod, container, namespace=environment.namespace, of=runs.reference(run))
    _ended(environment.api, pod, namespace=environment.namespace)
    environment.wait_until_claimed(group, run["metadata"]["uid"])
    environment.assert_kept(group, run["metadata"]["uid"])

    runs.set_done(name, namespace=environment.namespace)

    environment.wait_until_deleted(group)
    assert environment.final(group) == 1.0


def test_group_of_a_deleted_resource_is_deleted(
    environment: environments.Environment, runs: custom_resources.Runs
) -> None:
    name = environment.push.unique("run-deleted")
    run = runs.create(name, namespace=environment.namespace)
    environment.gateway.push(f"job/{name}", "# TYPE job_result gauge\njob_result 1\n")
    environment.wait_until_claimed(name, run["metadata"]["uid"])
    runs.delete(name, namespace=environment.namespace)
    environment.wait_until_deleted(name)


def test_missing_crd_does_not_block_cleanup_and_is_watched_once_it_exists(
    cluster: clusters.Cluster, namespace: str, operator_kubeconfig: Path, tmp_path: Path
) -> None:
    late = custom_resources.Runs(cluster, group=f"{namespace}.tidegate.example")
    flags = (f"--watch={late.watch}",)
    with (
        late.granted(),
        environments.started(cluster, tmp_path, kubeconfig=operator_kubeconfig, operator_flags=flags) as environment,
    ):
        environment.wait_for_full_pass()

        with late.defined():
            name = environment.push.unique("late")
            late.create(name, namespace=environment.namespace)
            environment.gateway.push(f"job/{name}", "# TYPE job_result gauge\njob_result 1\n")
            environment.wait_until_claimed(name)
            late.set_done(name, namespace=environment.namespace)
            environment.wait_until_deleted(name)
        [error] = environment.operator.logged_errors()
        assert f"the list of runs.{late.group} failed" in error
