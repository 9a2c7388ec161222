"""Jobs that are deleted before their pods: groups that the pods still push are deleted, too."""

import pytest

from tests.support.jobs import e2e_environment


@pytest.mark.parametrize(
    ("by", "key"), [("name", ""), ("pod", "pod=$(POD)"), ("host", "instance=$(RUN)-0")], ids=["name", "pod", "host"]
)
def test_groups_pushed_by_orphaned_pods_of_a_deleted_job_are_deleted(
    stage: e2e_environment.Stage, by: str, key: str
) -> None:
    name, gates = stage.push.unique(f"raw-{by}"), [stage.gate(f"late-{by}-{number}") for number in (2, 3)]
    group = name if by == "name" else f"any-{name}"
    spec = {"completionMode": "Indexed", "completions": 1} if by == "host" else {}
    part = "push 1; " + "".join(f"await {gate}; push {number}; " for number, gate in enumerate(gates, start=2)) + "rest"
    uid = stage.push.job_with_steps(name, part, group=group, key=key, spec=spec)["metadata"]["uid"]
    stage.wait_until_claimed(group, uid)

    # Without a propagation policy, the API server orphans the pods of a batch/v1 Job.
    path = f"apis/batch/v1/namespaces/{stage.namespace}/jobs/{name}"
    stage.api.request("DELETE", path)

    stage.push.wait_until_deleted(name)
    stage.wait_until_deleted(group)
    assert stage.final(group) == 1.0
    for value, gate in enumerate(gates, start=2):
        (pod,) = stage.cluster.pods_of(name, namespace=stage.namespace)
        assert "deletionTimestamp" not in pod["metadata"]
        gate.touch()
        stage.wait_for_value(value, group)
        stage.wait_until_deleted(group)


def test_deleted_job_with_a_finalizer_keeps_its_group(stage: e2e_environment.Stage) -> None:
    name, release = stage.push.unique("held"), stage.gate("held")
    uid = stage.push.job_with_steps(name, f"push 1; sigterm; await {release}; push 2; exit 3")["metadata"]["uid"]
    stage.wait_until_claimed(name, uid)
    finalizers = ["tests.tidegate.dev/hold"]
    stage.api.patch("jobs", name, {"metadata": {"finalizers": finalizers}}, namespace=stage.namespace)
    stage.api.delete("jobs", name, namespace=stage.namespace)
    assert "deletionTimestamp" in stage.job(name)["metadata"]
    stage.assert_kept(name, uid)

    stage.api.patch("jobs", name, {"metadata": {"finalizers": None}}, namespace=stage.namespace)

    stage.push.wait_until_deleted(name)
    release.touch()
    stage.wait_for_value(2.0, name)
    stage.wait_until_deleted(name)
