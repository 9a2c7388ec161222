"""Pods that are deleted while their Job runs: another one comes, sooner or later, and no group ends with a pod."""

from tests.e2e import e2e_environment

_POLICIES = ("TerminatingOrFailed", "Failed")


def _pods(stage: e2e_environment.Stage, name: str) -> set[str]:
    return {pod["metadata"]["name"] for pod in stage.cluster.pods_of(name, namespace=stage.namespace)}


def test_the_groups_of_a_deleted_pod_and_of_its_replacement_go_with_the_job(stage: e2e_environment.Stage) -> None:
    names = {policy: stage.push.unique(policy.lower()) for policy in _POLICIES}
    gates = {policy: stage.gate(f"told-{policy}") for policy in _POLICIES}
    uids, pods = {}, {}
    for policy, name in names.items():
        part = f"push 1; told; await {gates[policy]}; push 2; exit 3"
        spec = {"podReplacementPolicy": policy, "backoffLimit": 3}
        uids[name] = stage.push.acting(name, part, key="pod=$(POD)", spec=spec)["metadata"]["uid"]
    for name in names.values():
        stage.pushed(name)
        (pods[name],) = _pods(stage, name)
        stage.api.delete("pods", pods[name], namespace=stage.namespace)

    # The first pods are told to end, and take their time: the Job is active, here without any other pod.
    hasty, patient = (names[policy] for policy in _POLICIES)
    stage.stays(patient, uids[patient], pod=pods[patient])
    assert _pods(stage, patient) == {pods[patient]}
    gates["Failed"].touch()
    # For ten seconds the Job controller does not replace a pod that has failed or is deleted.
    for name in names.values():
        stage.pushed(name, groups=2)
    assert pods[hasty] in _pods(stage, hasty)
    gates["TerminatingOrFailed"].touch()
    for name in names.values():
        stage.reads(2.0, name, pod=pods[name])
        stage.stays(name, uids[name], groups=2)
        stage.api.delete("jobs", name, namespace=stage.namespace)
    stage.goes(*names.values())
