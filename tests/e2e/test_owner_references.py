"""Jobs that another object has made, as a JobSet or a workflow does: they go with it, or are made again by it."""

import pytest

from tests.cluster import admin_client, kubernetes_objects
from tests.e2e import e2e_environment
from tests.support import waiting

_CHILDREN = ("leader", "worker-0", "worker-1")


def _parent(stage: e2e_environment.Stage, name: str) -> admin_client.Object:
    """An object that can own others; the garbage collector asks no more of it. Returns the reference to it."""
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
    """Create the Jobs of a parent, wait until their groups are theirs; their uids by name."""
    names = [f"{parent['name']}-{child}" for child in _CHILDREN]
    uids = {name: stage.push.acting(name, part, owners=[parent])["metadata"]["uid"] for name in names}
    for name, uid in uids.items():
        stage.claimed(name, uid)
    return uids


def _finals(stage: e2e_environment.Stage, names: dict[str, str]) -> list[float | None]:
    return [stage.final(name) for name in names]


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
def test_the_groups_of_the_jobs_of_a_deleted_parent_go_with_their_last_values_read(
    stage: e2e_environment.Stage, propagation: str
) -> None:
    parent = _parent(stage, stage.push.unique(f"set-{propagation.lower()}"))
    uids = _children(stage, parent, "push 1; told; push 2; exit 3")

    stage.api.delete("configmaps", parent["name"], namespace=stage.namespace, propagation=propagation)

    waiting.eventually(lambda: _finals(stage, uids) == [2.0] * len(uids), why="what the pods push when told to end")
    stage.goes(*uids)


def test_the_jobs_of_a_parent_that_leaves_them_behind_keep_their_groups(stage: e2e_environment.Stage) -> None:
    parent = _parent(stage, stage.push.unique("set-orphan"))
    uids = _children(stage, parent, "push 1; told; push 2; exit 3")

    stage.api.delete("configmaps", parent["name"], namespace=stage.namespace, propagation="Orphan")

    waiting.eventually(
        lambda: all("ownerReferences" not in stage.job(name)["metadata"] for name in uids), why="orphaned Jobs"
    )
    stage.stay(uids)
    for name in uids:
        stage.api.delete("jobs", name, namespace=stage.namespace)
    stage.goes(*uids)


def test_jobs_that_a_parent_makes_again_under_their_names_take_their_groups_over(stage: e2e_environment.Stage) -> None:
    parent = _parent(stage, stage.push.unique("set-restart"))
    firsts = _children(stage, parent, "push 1; rest")
    for name in firsts:
        stage.api.delete("jobs", name, namespace=stage.namespace)
    for name in firsts:
        stage.push.gone(name)

    seconds = _children(stage, parent, "push 3; told; push 4; exit 3")

    waiting.eventually(lambda: _finals(stage, seconds) == [3.0] * len(seconds), why="the values of the second runs")
    stage.stay(seconds)
    stage.api.delete("configmaps", parent["name"], namespace=stage.namespace)
    waiting.eventually(lambda: _finals(stage, seconds) == [4.0] * len(seconds), why="their last values")
    stage.goes(*seconds)


def test_a_namespace_takes_the_groups_of_all_its_jobs_and_cronjobs_with_it(stage: e2e_environment.Stage) -> None:
    namespace = stage.cluster.create_namespace()
    names = [stage.push.unique(f"in-namespace-{number}") for number in range(3)]
    cronjob = stage.push.unique("cron-in-namespace")
    try:
        owners = {name: stage.push.job(name, runs_on=True, namespace=namespace) for name in names}
        body = kubernetes_objects.cronjob(cronjob, kubernetes_objects.container("true"))
        owners[cronjob] = stage.api.create("cronjobs", body, namespace=namespace)
        stage.gateway.push(f"job/{cronjob}", "value 1\n")
        for name, owner in owners.items():
            stage.claimed(name, owner["metadata"]["uid"])
    finally:
        stage.api.delete("namespaces", namespace)

    stage.goes(*owners)
    assert [stage.final(name) for name in names] == [1.0] * len(names)
