"""Jobs that are deleted before their pods: what these still push goes too, while it may be the Job's own."""

import pytest

from tests.e2e import e2e_environment


@pytest.mark.parametrize(
    ("by", "key"), [("name", ""), ("pod", "pod=$(POD)"), ("host", "instance=$(RUN)-0")], ids=["name", "pod", "host"]
)
def test_what_the_pods_of_a_job_push_after_a_raw_delete_goes_too(
    stage: e2e_environment.Stage, by: str, key: str
) -> None:
    name, gates = stage.push.unique(f"raw-{by}"), [stage.gate(f"late-{by}-{number}") for number in (2, 3)]
    group = name if by == "name" else f"any-{name}"
    spec = {"completionMode": "Indexed", "completions": 1} if by == "host" else {}
    part = "push 1; " + "".join(f"await {gate}; push {number}; " for number, gate in enumerate(gates, start=2)) + "rest"
    uid = stage.push.acting(name, part, group=group, key=key, spec=spec)["metadata"]["uid"]
    stage.claimed(group, uid)

    # Without a word on its dependents the API server leaves the pods of a batch/v1 Job behind.
    path = f"apis/batch/v1/namespaces/{stage.namespace}/jobs/{name}"
    stage.api.request("DELETE", path)

    stage.push.gone(name)
    stage.goes(group)
    assert stage.final(group) == 1.0
    for value, gate in enumerate(gates, start=2):
        (pod,) = stage.cluster.pods_of(name, namespace=stage.namespace)
        assert "deletionTimestamp" not in pod["metadata"]
        gate.touch()
        stage.reads(value, group)
        stage.goes(group)


def test_a_deleted_job_that_a_finalizer_holds_is_not_gone_yet(stage: e2e_environment.Stage) -> None:
    name, told = stage.push.unique("held"), stage.gate("held")
    uid = stage.push.acting(name, f"push 1; told; await {told}; push 2; exit 3")["metadata"]["uid"]
    stage.claimed(name, uid)
    finalizers = ["tests.tidegate.dev/hold"]
    stage.api.patch("jobs", name, {"metadata": {"finalizers": finalizers}}, namespace=stage.namespace)
    stage.api.delete("jobs", name, namespace=stage.namespace)
    assert "deletionTimestamp" in stage.job(name)["metadata"]
    stage.stays(name, uid)

    stage.api.patch("jobs", name, {"metadata": {"finalizers": None}}, namespace=stage.namespace)

    stage.push.gone(name)
    told.touch()
    stage.reads(2.0, name)
    stage.goes(name)
