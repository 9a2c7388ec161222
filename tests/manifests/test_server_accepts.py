"""The real API server takes the manifests: their schema, their defaults and the Pod Security of their namespace."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.cluster import binaries, clusters
from tests.manifests import documents
from tests.support import waiting

WITH_OPERATOR = documents.FOLDER / "overlays" / "prometheus-operator"
BESIDE = documents.FOLDER / "overlays" / "beside-pushgateway"
NAMESPACE = "tidegate"


@pytest.fixture(scope="module")
def prepared(cluster: clusters.Cluster) -> clusters.Cluster:
    """With the Prometheus operator's definitions, and the namespace: a dry run creates none for the objects in it."""
    definitions = binaries.prometheus_operator_crds()
    cluster.kubectl("apply", "--server-side", "-f", definitions)
    cluster.kubectl("wait", "--for=condition=Established", "-f", definitions, "--timeout=30s")
    cluster.kubectl("apply", "-f", documents.BASE / "namespace.yaml")
    return cluster


@pytest.fixture
def deployed(prepared: clusters.Cluster) -> Iterator[clusters.Cluster]:
    """All of it applied in earnest; the rights and the namespace stay, for other tests use them too."""
    prepared.kubectl("apply", "-k", WITH_OPERATOR)
    yield prepared
    prepared.kubectl("delete", "--namespace", NAMESPACE, "deployment,service,servicemonitor,prometheusrule", "tidegate")
    prepared.kubectl("delete", "--namespace", NAMESPACE, "pods", "--all", "--force", "--grace-period=0")


@pytest.mark.parametrize("folder", [documents.BASE, WITH_OPERATOR, BESIDE], ids=lambda folder: folder.name)
def test_a_dry_run_on_the_server_finds_no_fault(prepared: clusters.Cluster, folder: Path) -> None:
    said = prepared.kubectl("apply", "--dry-run=server", "--validate=strict", "-k", folder)
    assert all(line.endswith("(server dry run)") for line in said.splitlines())
    assert "deployment.apps/tidegate" in said
    for kind in ("servicemonitor", "prometheusrule"):
        assert (f"{kind}.monitoring.coreos.com/tidegate" in said) == (folder == WITH_OPERATOR)


def test_the_deployments_pod_is_admitted_under_restricted_pod_security(deployed: clusters.Cluster) -> None:
    [pod] = waiting.eventually(
        lambda: deployed.api.list("pods", namespace=NAMESPACE, labels="app.kubernetes.io/name=tidegate"),
        why="the Deployment's pod",
    )
    assert [container["name"] for container in pod["spec"]["containers"]] == ["gateway", "operator"]
    mounts = {it["name"]: it.get("volumeMounts", []) for it in pod["spec"]["containers"]}
    assert [mount["name"] for mount in mounts["gateway"]] == ["control-token"]
    assert [mount["name"] for mount in mounts["operator"]] == ["service-account", "control-token"]


@pytest.mark.parametrize("path", documents.EXAMPLES, ids=lambda path: path.stem)
def test_the_server_takes_an_example_and_its_pod_is_restricted(prepared: clusters.Cluster, path: Path) -> None:
    within = ["--namespace", NAMESPACE, "--dry-run=server", "--validate=strict"]
    prepared.kubectl("apply", *within, "-f", path)
    for workload in documents.objects(path):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "it"}, "spec": documents.pod_spec(workload)}
        # Pod Security refuses a Pod but only warns of what will make one.
        prepared.kubectl("create", *within, "-f", "-", stdin=yaml.safe_dump(pod))


def test_a_pod_that_keeps_its_privileges_is_refused_in_the_namespace(prepared: clusters.Cluster) -> None:
    bold = {"name": "it", "image": "none"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "it"}, "spec": {"containers": [bold]}}
    with pytest.raises(clusters.KubectlError, match="violates PodSecurity"):
        prepared.kubectl("create", "--namespace", NAMESPACE, "-f", "-", stdin=yaml.safe_dump(pod))
