"""Jobs with an owner, such as a JobSet or a workflow: they are deleted with it, or it recreates them."""

import pytest

from tests.support import waiting
from tests.support.jobs import e2e_environment
from tests.support.kubernetes import admin_client, kubernetes_objects

_CHILDREN = ("leader", "worker-0", "worker-1")


def _parent(stage: e2e_environment.Stage, name: str) -> admin_client.Object:
    """Create an object that can own others, which is all the garbage collector needs; return a reference to it."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    uid = stage.api.create("configmaps", body, namespace=stage.namespace)["metadata"]["uid"]
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": name,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _children(stage: e2e_environment.Stage, parent: admin_client.Object, part: str) -> dict[str, str]:
    """Create the Jobs of a parent, wait until they own their groups, and return their uids by name."""
    names = [f"{parent['name']}-{child}" for child in _CHILDREN]
    uids = {name: stage.push.job_with_steps(name, part, owners=[parent])["metadata"]["uid"] for name in names}
    for name, uid in uids.items():
        stage.wait_until_claimed(name, uid)
    return uids


def _finals(stage: e2e_environment.Stage, names: dict[str, str]) -> list[float | None]:
    return [stage.final(name) for name in names]


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
def test_groups_of_a_deleted_parents_jobs_are_deleted_after_a_scrape(
    stage: e2e_environment.Stage, propagation: str
) -> None:
    parent = _parent(stage, stage.push.unique(f"set-{propagation.lower()}"))
    uids = _children(stage, parent, "push 1; sigterm; push 2; exit 3")

    stage.api.delete("configmaps", parent["name"], namespace=stage.namespace, propagation=propagation)

    waiting.eventually(
        lambda: _finals(stage, uids) == [2.0] * len(uids), why="what the pods push when they are terminated"
    )
    stage.wait_until_deleted(*uids)


def test_orphaned_jobs_of_a_deleted_parent_keep_their_groups(stage: e2e_environment.Stage) -> None:
    parent = _parent(stage, stage.push.unique("set-orphan"))
    uids = _children(stage, parent, "push 1; sigterm; push 2; exit 3")

    stage.api.delete("configmaps", parent["name"], namespace=stage.namespace, propagation="Orphan")

    waiting.eventually(
        lambda: all("ownerReferences" not in stage.job(name)["metadata"] for name in uids), why="orphaned Jobs"
    )
    stage.assert_all_kept(uids)
    for name in uids:
        stage.api.delete("jobs", name, namespace=stage.namespace)
    stage.wait_until_deleted(*uids)


def test_jobs_recreated_by_a_parent_become_the_owners_of_their_groups(stage: e2e_environment.Stage) -> None:
    parent = _parent(stage, stage.push.unique("set-restart"))
    firsts = _children(stage, parent, "push 1; rest")
    for name in firsts:
        stage.api.delete("jobs", name, namespace=stage.namespace)
    for name in firsts:
        stage.push.wait_until_deleted(name)

    seconds = _children(stage, parent, "push 3; sigterm; push 4; exit 3")

    waiting.eventually(lambda: _finals(stage, seconds) == [3.0] * len(seconds), why="the values of the second runs")
    stage.assert_all_kept(seconds)
    stage.api.delete("configmaps", parent["name"], namespace=stage.namespace)
    waiting.eventually(lambda: _finals(stage, seconds) == [4.0] * len(seconds), why="their last values")
    stage.wait_until_deleted(*seconds)


def test_groups_of_all_jobs_and_cronjobs_are_deleted_with_their_namespace(stage: e2e_environment.Stage) -> None:
    namespace = stage.cluster.create_namespace()
    names = [stage.push.unique(f"in-namespace-{number}") for number in range(3)]
    cronjob = stage.push.unique("cron-in-namespace")
    try:
        owners = {name: stage.push.job(name, runs_on=True, namespace=namespace) for name in names}
        body = kubernetes_objects.cronjob(cronjob, kubernetes_objects.container("true"))
        owners[cronjob] = stage.api.create("cronjobs", body, namespace=namespace)
        stage.gateway.push(f"job/{cronjob}", "value 1\n")
        for name, owner in owners.items():
            stage.wait_until_claimed(name, owner["metadata"]["uid"])
    finally:
        stage.api.delete("namespaces", namespace)

    stage.wait_until_deleted(*owners)
    assert [stage.final(name) for name in names] == [1.0] * len(names)
