"""An operator that is told one namespace needs rights in no other."""

from pathlib import Path

from tests.cluster import clusters
from tests.e2e import pushers
from tests.support import tidegates, waiting


def test_an_operator_of_one_namespace_works_with_a_role_binding_there(
    cluster: clusters.Cluster,
    push: pushers.Pushers,
    gateway: tidegates.Gateway,
    operator_kubeconfig: Path,  # the ClusterRole is there
    tmp_path: Path,
) -> None:
    within = ["--namespace", push.namespace]
    account = f"--serviceaccount={push.namespace}:narrow"
    cluster.kubectl("create", *within, "serviceaccount", "narrow")
    cluster.kubectl("create", *within, "rolebinding", "narrow", "--clusterrole=tidegate", account)
    operator = tidegates.Operator(
        tmp_path,
        gateway=gateway,
        kubeconfig=cluster.control_plane.kubeconfig_for("narrow", namespace=push.namespace),
        arguments=(f"--kubernetes.namespace={push.namespace}", "--operator.resync=1h"),
    )
    name = push.unique("narrow")
    try:
        operator.start()
        push.job(name, runs_on=True)
        # Claimed by what the watch tells: the next list is an hour away.
        waiting.eventually(lambda: gateway.groups()[name]["claims"], why="the claim", timeout=60, retry_on=(KeyError,))
        push.delete(name)
        waiting.eventually(lambda: gateway.groups()[name]["drain_pushed_revision"], why="the end of the group")
    finally:
        operator.process.stop()
    assert "orbidden" not in operator.log()
