"""Pods that are deleted while their Job runs: a replacement starts, and the groups are kept until the Job finishes."""

from tests.support.jobs import e2e_environment

_POLICIES = ("TerminatingOrFailed", "Failed")


def _pods(stage: e2e_environment.Stage, name: str) -> set[str]:
    return {pod["metadata"]["name"] for pod in stage.cluster.pods_of(name, namespace=stage.namespace)}


def test_groups_of_a_deleted_pod_and_its_replacement_are_deleted_with_the_job(stage: e2e_environment.Stage) -> None:
    names = {policy: stage.push.unique(policy.lower()) for policy in _POLICIES}
    gates = {policy: stage.gate(f"release-{policy}") for policy in _POLICIES}
    uids, pods = {}, {}
    for policy, name in names.items():
        part = f"push 1; sigterm; await {gates[policy]}; push 2; exit 3"
        spec = {"podReplacementPolicy": policy, "backoffLimit": 3}
        uids[name] = stage.push.job_with_steps(name, part, key="pod=$(POD)", spec=spec)["metadata"]["uid"]
    for name in names.values():
        stage.wait_until_pushed(name)
        (pods[name],) = _pods(stage, name)
        stage.api.delete("pods", pods[name], namespace=stage.namespace)

    # The first pods are terminating slowly: the Job is active, here without any other pod.
    hasty, patient = (names[policy] for policy in _POLICIES)
    stage.assert_kept(patient, uids[patient], pod=pods[patient])
    assert _pods(stage, patient) == {pods[patient]}
    gates["Failed"].touch()
    # The Job controller waits ten seconds before it replaces a failed or deleted pod.
    for name in names.values():
        stage.wait_until_pushed(name, groups=2)
    assert pods[hasty] in _pods(stage, hasty)
    gates["TerminatingOrFailed"].touch()
    for name in names.values():
        stage.wait_for_value(2.0, name, pod=pods[name])
        stage.assert_kept(name, uids[name], groups=2)
        stage.api.delete("jobs", name, namespace=stage.namespace)
    stage.wait_until_deleted(*names.values())
