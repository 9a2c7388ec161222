"""The real API server takes the manifests: their schema, their defaults and the Pod Security of their namespace."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.cluster import clusters
from tests.manifests import component_guarantees, kustomizations, manifest_objects, test_sidecar
from tests.support import waiting

WITH_OPERATOR = manifest_objects.FOLDER / "overlays" / "prometheus-operator"
BESIDE = manifest_objects.FOLDER / "overlays" / "beside-pushgateway"
NAMESPACE = "tidegate"


@pytest.fixture(scope="module")
def prepared(prometheus_operator_kinds: clusters.Cluster) -> clusters.Cluster:
    """With the namespace, too: a dry run creates none for the objects in it."""
    prometheus_operator_kinds.kubectl("apply", "-f", manifest_objects.BASE / "namespace.yaml")
    return prometheus_operator_kinds


@pytest.fixture
def deployed(prepared: clusters.Cluster) -> Iterator[clusters.Cluster]:
    """All of it applied in earnest; the rights and the namespace stay, for other tests use them too."""
    prepared.kubectl("apply", "-k", WITH_OPERATOR)
    yield prepared
    prepared.kubectl("delete", "--namespace", NAMESPACE, "deployment,service,servicemonitor,prometheusrule", "tidegate")
    prepared.kubectl("delete", "--namespace", NAMESPACE, "pods", "--all", "--force", "--grace-period=0")


@pytest.mark.parametrize("folder", [manifest_objects.BASE, WITH_OPERATOR, BESIDE], ids=lambda folder: folder.name)
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


def _dry_run(cluster: clusters.Cluster, text: str) -> str:
    """What the server would do; a warning, of Pod Security or of anything else, is an error."""
    strictly = ["--dry-run=server", "--validate=strict", "--warnings-as-errors"]
    return cluster.kubectl("apply", *strictly, "-f", "-", stdin=text)


@pytest.mark.parametrize("name", component_guarantees.PROMISES)
def test_the_server_takes_each_component_without_a_warning(prepared: clusters.Cluster, name: str) -> None:
    said = _dry_run(prepared, kustomizations.combined(name)).splitlines()
    assert len(said) == len(kustomizations.combination(name))
    assert all(line.endswith("(server dry run)") for line in said)


@pytest.mark.parametrize("names", component_guarantees.TOGETHER.values(), ids=component_guarantees.TOGETHER)
def test_the_server_takes_many_components_together(prepared: clusters.Cluster, names: tuple[str, ...]) -> None:
    for order in (names, names[::-1]):
        assert len(_dry_run(prepared, kustomizations.combined(*order)).splitlines()) > len(names)


@pytest.mark.parametrize("name", kustomizations.names("Kustomization"))
def test_the_server_takes_the_rights_of_one_namespace(prepared: clusters.Cluster, tmp_path: Path, name: str) -> None:
    folder = kustomizations.write(tmp_path, resources=[kustomizations.COMPONENTS / name], namespace=NAMESPACE)
    said = _dry_run(prepared, kustomizations.rendered(folder))
    assert [line.partition("/")[0].partition(".")[0] for line in said.splitlines()] == ["role", "rolebinding"]


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_the_server_takes_the_sidecar_and_its_pod_is_restricted(
    prepared: clusters.Cluster, tmp_path: Path, kind: str
) -> None:
    made = yaml.safe_dump_all(test_sidecar.made(tmp_path, kind=kind))
    # Where Pod Security warns.
    said = _dry_run(prepared, made.replace("namespace: monitoring", f"namespace: {NAMESPACE}"))
    assert f"{kind.lower()}.apps/prometheus-pushgateway created" in said


def test_a_warning_of_pod_security_is_an_error_here(prepared: clusters.Cluster) -> None:
    workload = kustomizations.workload(kustomizations.combination("persistent"))
    workload["metadata"]["name"] = "bold"
    del manifest_objects.pod_spec(workload)["containers"][0]["securityContext"]
    with pytest.raises(clusters.KubectlError, match="would violate PodSecurity"):
        _dry_run(prepared, yaml.safe_dump(workload))


def test_the_statefulsets_pod_is_admitted_and_has_the_claim(prepared: clusters.Cluster) -> None:
    made = kustomizations.combination("persistent", "tls")
    mine = [each for each in made if each["kind"] in ("ServiceAccount", "Service", "StatefulSet")]
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
        # What takes this away otherwise is a controller that the dev cluster does without.
        free = ["--type=merge", "--patch", '{"metadata":{"finalizers":null}}']
        prepared.kubectl("patch", "--namespace", NAMESPACE, "pvc", "data-tidegate-0", *free)
        prepared.kubectl("delete", "--namespace", NAMESPACE, "pvc", "data-tidegate-0")


@pytest.mark.parametrize("path", manifest_objects.EXAMPLES, ids=lambda path: path.stem)
def test_the_server_takes_an_example_and_its_pod_is_restricted(prepared: clusters.Cluster, path: Path) -> None:
    within = ["--namespace", NAMESPACE, "--dry-run=server", "--validate=strict"]
    prepared.kubectl("apply", *within, "-f", path)
    for workload in manifest_objects.objects(path):
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "it"},
            "spec": manifest_objects.pod_spec(workload),
        }
        # Pod Security refuses a Pod but only warns of what will make one.
        prepared.kubectl("create", *within, "-f", "-", stdin=yaml.safe_dump(pod))


def test_a_pod_that_keeps_its_privileges_is_refused_in_the_namespace(prepared: clusters.Cluster) -> None:
    bold = {"name": "it", "image": "none"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "it"}, "spec": {"containers": [bold]}}
    with pytest.raises(clusters.KubectlError, match="violates PodSecurity"):
        prepared.kubectl("create", "--namespace", NAMESPACE, "-f", "-", stdin=yaml.safe_dump(pod))
