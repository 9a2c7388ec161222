"""Jobs that are deleted before their pods: groups that the pods still push are deleted, too."""

import pytest

from tests.support import environments


@pytest.mark.parametrize(
    ("by", "key"), [("name", ""), ("pod", "pod=$(POD)"), ("host", "instance=$(RUN)-0")], ids=["name", "pod", "host"]
)
def test_groups_pushed_by_orphaned_pods_of_a_deleted_job_are_deleted(
    environment: environments.Environment, by: str, key: str
) -> None:
    name, gates = environment.push.unique(f"raw-{by}"), [environment.gate(f"late-{by}-{number}") for number in (2, 3)]
    group = name if by == "name" else f"any-{name}"
    spec = {"completionMode": "Indexed", "completions": 1} if by == "host" else {}
    part = "push 1; " + "".join(f"await {gate}; push {number}; " for number, gate in enumerate(gates, start=2)) + "rest"
    uid = environment.push.job_with_steps(name, part, group=group, key=key, spec=spec)["metadata"]["uid"]
    environment.wait_until_claimed(group, uid)

    # Without a propagation policy, the API server orphans the pods of a batch/v1 Job.
    path = f"apis/batch/v1/namespaces/{environment.namespace}/jobs/{name}"
    environment.api.request("DELETE", path)

    environment.push.wait_until_deleted(name)
    environment.wait_until_deleted(group)
    assert environment.final(group) == 1.0
    for value, gate in enumerate(gates, start=2):
        (pod,) = environment.cluster.pods_of(name, namespace=environment.namespace)
        assert "deletionTimestamp" not in pod["metadata"]
        gate.touch()
        environment.wait_for_value(value, group)
        environment.wait_until_deleted(group)


def test_deleted_job_with_a_finalizer_keeps_its_group(environment: environments.Environment) -> None:
    name, release = environment.push.unique("held"), environment.gate("held")
    uid = environment.push.job_with_steps(name, f"push 1; sigterm; await {release}; push 2; exit 3")["metadata"]["uid"]
    environment.wait_until_claimed(name, uid)
    finalizers = ["tests.tidegate.dev/hold"]
    environment.api.patch("jobs", name, {"metadata": {"finalizers": finalizers}}, namespace=environment.namespace)
    environment.api.delete("jobs", name, namespace=environment.namespace)
    assert "deletionTimestamp" in environment.job(name)["metadata"]
    environment.assert_kept(name, uid)

    environment.api.patch("jobs", name, {"metadata": {"finalizers": None}}, namespace=environment.namespace)

    environment.push.wait_until_deleted(name)
    release.touch()
    environment.wait_for_value(2.0, name)
    environment.wait_until_deleted(name)
