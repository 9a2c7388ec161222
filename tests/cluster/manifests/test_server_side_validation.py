"""The real API server accepts the manifests: their schema, defaults and the Pod Security level of their namespace."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.cluster.manifests import test_sidecar
from tests.support import waiting
from tests.support.kubernetes import clusters
from tests.support.manifests import component_guarantees, kustomizations, manifest_objects

WITH_OPERATOR = manifest_objects.FOLDER / "overlays" / "prometheus-operator"
BESIDE = manifest_objects.FOLDER / "overlays" / "beside-pushgateway"
NAMESPACE = "tidegate"


@pytest.fixture(scope="module")
def prepared(prometheus_operator_kinds: clusters.Cluster) -> clusters.Cluster:
    """A cluster with the namespace: a server-side dry run does not create it for the objects in it."""
    prometheus_operator_kinds.kubectl("apply", "-f", manifest_objects.BASE / "namespace.yaml")
    return prometheus_operator_kinds


@pytest.fixture
def deployed(prepared: clusters.Cluster) -> Iterator[clusters.Cluster]:
    """A cluster with everything applied; RBAC objects and namespace remain, because other tests use them, too."""
    prepared.kubectl("apply", "-k", WITH_OPERATOR)
    yield prepared
    prepared.kubectl("delete", "--namespace", NAMESPACE, "deployment,service,servicemonitor,prometheusrule", "tidegate")
    prepared.kubectl("delete", "--namespace", NAMESPACE, "pods", "--all", "--force", "--grace-period=0")


@pytest.mark.parametrize("folder", [manifest_objects.BASE, WITH_OPERATOR, BESIDE], ids=lambda folder: folder.name)
def test_server_side_dry_run_accepts_the_manifests(prepared: clusters.Cluster, folder: Path) -> None:
    output = prepared.kubectl("apply", "--dry-run=server", "--validate=strict", "-k", folder)
    assert all(line.endswith("(server dry run)") for line in output.splitlines())
    assert "deployment.apps/tidegate" in output
    for kind in ("servicemonitor", "prometheusrule"):
        assert (f"{kind}.monitoring.coreos.com/tidegate" in output) == (folder == WITH_OPERATOR)


def test_deployments_pod_is_admitted_under_restricted_pod_security(deployed: clusters.Cluster) -> None:
    [pod] = waiting.eventually(
        lambda: deployed.api.list("pods", namespace=NAMESPACE, labels="app.kubernetes.io/name=tidegate"),
        why="the Deployment's pod",
    )
    assert [container["name"] for container in pod["spec"]["containers"]] == ["gateway", "operator"]
    mounts = {it["name"]: it.get("volumeMounts", []) for it in pod["spec"]["containers"]}
    assert [mount["name"] for mount in mounts["gateway"]] == ["control-token"]
    assert [mount["name"] for mount in mounts["operator"]] == ["service-account", "control-token"]


def _dry_run(cluster: clusters.Cluster, text: str) -> str:
    """The output of a server-side dry run; a warning, such as one of Pod Security, is an error."""
    strictly = ["--dry-run=server", "--validate=strict", "--warnings-as-errors"]
    return cluster.kubectl("apply", *strictly, "-f", "-", stdin=text)


@pytest.mark.parametrize("name", component_guarantees.GUARANTEES)
def test_api_server_accepts_each_component_without_a_warning(prepared: clusters.Cluster, name: str) -> None:
    output = _dry_run(prepared, kustomizations.combined(name)).splitlines()
    assert len(output) == len(kustomizations.combination(name))
    assert all(line.endswith("(server dry run)") for line in output)


@pytest.mark.parametrize("names", component_guarantees.TOGETHER.values(), ids=component_guarantees.TOGETHER)
def test_api_server_accepts_typical_combinations(prepared: clusters.Cluster, names: tuple[str, ...]) -> None:
    for order in (names, names[::-1]):
        assert len(_dry_run(prepared, kustomizations.combined(*order)).splitlines()) > len(names)


@pytest.mark.parametrize("name", kustomizations.names("Kustomization"))
def test_api_server_accepts_the_rights_of_one_namespace(prepared: clusters.Cluster, tmp_path: Path, name: str) -> None:
    folder = kustomizations.write(tmp_path, resources=[kustomizations.COMPONENTS / name], namespace=NAMESPACE)
    output = _dry_run(prepared, kustomizations.rendered(folder))
    assert [line.partition("/")[0].partition(".")[0] for line in output.splitlines()] == ["role", "rolebinding"]


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_api_server_accepts_the_sidecar_and_its_pod_is_restricted(
    prepared: clusters.Cluster, tmp_path: Path, kind: str
) -> None:
    rendered = yaml.safe_dump_all(test_sidecar.rendered_overlay(tmp_path, kind=kind))
    # The namespace in which Pod Security warns.
    output = _dry_run(prepared, rendered.replace("namespace: monitoring", f"namespace: {NAMESPACE}"))
    assert f"{kind.lower()}.apps/prometheus-pushgateway created" in output


def test_pod_security_warning_is_an_error(prepared: clusters.Cluster) -> None:
    workload = kustomizations.workload(kustomizations.combination("persistent"))
    workload["metadata"]["name"] = "bold"
    del manifest_objects.pod_spec(workload)["containers"][0]["securityContext"]
    with pytest.raises(clusters.KubectlError, match="would violate PodSecurity"):
        _dry_run(prepared, yaml.safe_dump(workload))


def test_statefulsets_pod_is_admitted_and_has_the_claim(prepared: clusters.Cluster) -> None:
    rendered = kustomizations.combination("persistent", "tls")
    mine = [each for each in rendered if each["kind"] in ("ServiceAccount", "Service", "StatefulSet")]
    text = yaml.safe_dump_all(mine)
    prepared.kubectl("apply", "-f", "-", stdin=text)
    try:
        [pod] = waiting.eventually(
            lambda: prepared.api.list("pods", namespace=NAMESPACE, labels="app.kubernetes.io/name=tidegate"),
            why="the StatefulSet's pod",
        )
        assert pod["metadata"]["name"] == "tidegate-0"
        [claim] = [each for each in pod["spec"]["volumes"] if "persistentVolumeClaim" in each]
        assert claim == {"name": "data", "persistentVolumeClaim": {"claimName": "data-tidegate-0"}}
    finally:
        prepared.kubectl("delete", "-f", "-", stdin=yaml.safe_dump_all(mine[1:]))
        prepared.kubectl("delete", "--namespace", NAMESPACE, "pods", "--all", "--force", "--grace-period=0")
        # The dev cluster does not run the controller that would remove this.
        free = ["--type=merge", "--patch", '{"metadata":{"finalizers":null}}']
        prepared.kubectl("patch", "--namespace", NAMESPACE, "pvc", "data-tidegate-0", *free)
        prepared.kubectl("delete", "--namespace", NAMESPACE, "pvc", "data-tidegate-0")


@pytest.mark.parametrize("path", manifest_objects.EXAMPLES, ids=lambda path: path.stem)
def test_api_server_accepts_an_example_and_its_pod_is_restricted(prepared: clusters.Cluster, path: Path) -> None:
    within = ["--namespace", NAMESPACE, "--dry-run=server", "--validate=strict"]
    prepared.kubectl("apply", *within, "-f", path)
    for workload in manifest_objects.objects(path):
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "it"},
            "spec": manifest_objects.pod_spec(workload),
        }
        # Pod Security rejects a Pod, but only warns about a workload that creates one.
        prepared.kubectl("create", *within, "-f", "-", stdin=yaml.safe_dump(pod))


def test_privileged_pod_is_rejected_in_the_namespace(prepared: clusters.Cluster) -> None:
    bold = {"name": "it", "image": "none"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "it"}, "spec": {"containers": [bold]}}
    with pytest.raises(clusters.KubectlError, match="violates PodSecurity"):
        prepared.kubectl("create", "--namespace", NAMESPACE, "-f", "-", stdin=yaml.safe_dump(pod))
