"""The kubeconfig of a ServiceAccount has exactly that account's rights: RBAC is enabled."""

import pytest

from tests.support.kubernetes import clusters


def test_service_account_has_exactly_the_rights_of_its_role(cluster: clusters.Cluster, namespace: str) -> None:
    within = ("--namespace", namespace)
    cluster.kubectl("create", "serviceaccount", "reader", *within)
    cluster.kubectl("create", "role", "reader", "--verb=list", "--resource=jobs", *within)
    cluster.kubectl("create", "rolebinding", "reader", "--role=reader", f"--serviceaccount={namespace}:reader", *within)

    kubeconfig = cluster.kubeconfig_for("reader", namespace=namespace)

    assert cluster.kubectl("get", "jobs", *within, kubeconfig=kubeconfig) == ""
    with pytest.raises(clusters.KubectlError, match='cannot list resource "pods"'):
        cluster.kubectl("get", "pods", *within, kubeconfig=kubeconfig)
