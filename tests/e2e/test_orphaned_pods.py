"""Pods that outlive their Job: what they still push goes as well, for as long as a late push may be the Job's own."""

import pytest

from tests.e2e import stages
from tests.support import waiting


@pytest.mark.parametrize(
    ("by", "key"), [("name", ""), ("pod", "pod=$(POD)"), ("host", "instance=$(RUN)-0")], ids=["name", "pod", "host"]
)
def test_what_the_pods_of_a_job_push_after_a_raw_delete_goes_too(stage: stages.Stage, by: str, key: str) -> None:
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
        waiting.eventually(lambda value=value: stage.final(group) == value, why=f"push {value} to be scraped")
        stage.goes(group)
