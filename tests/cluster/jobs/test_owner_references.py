"""Jobs with an owner, such as a JobSet or a workflow: they are deleted with it, or it recreates them."""

import pytest

from tests.support import environments, waiting
from tests.support.kubernetes import admin_client, kubernetes_objects

_CHILDREN = ("leader", "worker-0", "worker-1")


def _parent(environment: environments.Environment, name: str) -> admin_client.Object:
    """Create an object that can own others, which is all the garbage collector needs; return a reference to it."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    uid = environment.api.create("configmaps", body, namespace=environment.namespace)["metadata"]["uid"]
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": name,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _children(environment: environments.Environment, parent: admin_client.Object, part: str) -> dict[str, str]:
    """Create the Jobs of a parent, wait until they own their groups, and return their uids by name."""
    names = [f"{parent['name']}-{child}" for child in _CHILDREN]
    uids = {name: environment.push.job_with_steps(name, part, owners=[parent])["metadata"]["uid"] for name in names}
    for name, uid in uids.items():
        environment.wait_until_claimed(name, uid)
    return uids


def _finals(environment: environments.Environment, names: dict[str, str]) -> list[float | None]:
    return [environment.final(name) for name in names]


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
def test_groups_of_a_deleted_parents_jobs_are_deleted_after_a_scrape(
    environment: environments.Environment, propagation: str
) -> None:
    parent = _parent(environment, environment.push.unique(f"set-{propagation.lower()}"))
    uids = _children(environment, parent, "push 1; sigterm; push 2; exit 3")

    environment.api.delete("configmaps", parent["name"], namespace=environment.namespace, propagation=propagation)

    waiting.eventually(
        lambda: _finals(environment, uids) == [2.0] * len(uids), why="what the pods push when they are terminated"
    )
    environment.wait_until_deleted(*uids)


def test_orphaned_jobs_of_a_deleted_parent_keep_their_groups(environment: environments.Environment) -> None:
    parent = _parent(environment, environment.push.unique("set-orphan"))
    uids = _children(environment, parent, "push 1; sigterm; push 2; exit 3")

    environment.api.delete("configmaps", parent["name"], namespace=environment.namespace, propagation="Orphan")

    waiting.eventually(
        lambda: all("ownerReferences" not in environment.job(name)["metadata"] for name in uids), why="orphaned Jobs"
    )
    environment.assert_all_kept(uids)
    for name in uids:
        environment.api.delete("jobs", name, namespace=environment.namespace)
    environment.wait_until_deleted(*uids)


def test_jobs_recreated_by_a_parent_become_the_owners_of_their_groups(environment: environments.Environment) -> None:
    parent = _parent(environment, environment.push.unique("set-restart"))
    firsts = _children(environment, parent, "push 1; rest")
    for name in firsts:
        environment.api.delete("jobs", name, namespace=environment.namespace)
    for name in firsts:
        environment.push.wait_until_deleted(name)

    seconds = _children(environment, parent, "push 3; sigterm; push 4; exit 3")

    waiting.eventually(
        lambda: _finals(environment, seconds) == [3.0] * len(seconds), why="the values of the second runs"
    )
    environment.assert_all_kept(seconds)
    environment.api.delete("configmaps", parent["name"], namespace=environment.namespace)
    waiting.eventually(lambda: _finals(environment, seconds) == [4.0] * len(seconds), why="their last values")
    environment.wait_until_deleted(*seconds)


def test_groups_of_all_jobs_and_cronjobs_are_deleted_with_their_namespace(
    environment: environments.Environment,
) -> None:
    namespace = environment.cluster.create_namespace()
    names = [environment.push.unique(f"in-namespace-{number}") for number in range(3)]
    cronjob = environment.push.unique("cron-in-namespace")
    try:
        owners = {name: environment.push.job(name, runs_on=True, namespace=namespace) for name in names}
        body = kubernetes_objects.cronjob(cronjob, kubernetes_objects.container("true"))
        owners[cronjob] = environment.api.create("cronjobs", body, namespace=namespace)
        environment.gateway.push(f"job/{cronjob}", "value 1\n")
        for name, owner in owners.items():
            environment.wait_until_claimed(name, owner["metadata"]["uid"])
    finally:
        environment.api.delete("namespaces", namespace)

    environment.wait_until_deleted(*owners)
    assert [environment.final(name) for name in names] == [1.0] * len(names)
