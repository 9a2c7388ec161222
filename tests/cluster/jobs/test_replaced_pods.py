"""Pods that are deleted while their Job runs: a replacement starts, and the groups are kept until the Job finishes."""

from tests.support import environments

_POLICIES = ("TerminatingOrFailed", "Failed")


def _pods(environment: environments.Environment, name: str) -> set[str]:
    return {pod["metadata"]["name"] for pod in environment.cluster.pods_of(name, namespace=environment.namespace)}


def test_groups_of_a_deleted_pod_and_its_replacement_are_deleted_with_the_job(
    environment: environments.Environment,
) -> None:
    names = {policy: environment.push.unique(policy.lower()) for policy in _POLICIES}
    gates = {policy: environment.gate(f"release-{policy}") for policy in _POLICIES}
    uids, pods = {}, {}
    for policy, name in names.items():
        part = f"push 1; sigterm; await {gates[policy]}; push 2; exit 3"
        spec = {"podReplacementPolicy": policy, "backoffLimit": 3}
        uids[name] = environment.push.job_with_steps(name, part, key="pod=$(POD)", spec=spec)["metadata"]["uid"]
    for name in names.values():
        environment.wait_until_pushed(name)
        (pods[name],) = _pods(environment, name)
        environment.api.delete("pods", pods[name], namespace=environment.namespace)

    # The first pods are terminating slowly: the Job is active, here without any other pod.
    hasty, patient = (names[policy] for policy in _POLICIES)
    environment.assert_kept(patient, uids[patient], pod=pods[patient])
    assert _pods(environment, patient) == {pods[patient]}
    gates["Failed"].touch()
    # The Job controller waits ten seconds before it replaces a failed or deleted pod.
    for name in names.values():
        environment.wait_until_pushed(name, groups=2)
    assert pods[hasty] in _pods(environment, hasty)
    gates["TerminatingOrFailed"].touch()
    for name in names.values():
        environment.wait_for_value(2.0, name, pod=pods[name])
        environment.assert_kept(name, uids[name], groups=2)
        environment.api.delete("jobs", name, namespace=environment.namespace)
    environment.wait_until_deleted(*names.values())
