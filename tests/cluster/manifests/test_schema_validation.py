"""kubeconform accepts the manifests, with schemas that list every field the API server knows."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tests.cluster.manifests import test_sidecar
from tests.support import waiting
from tests.support.kubernetes import cluster_fixtures, clusters
from tests.support.manifests import component_guarantees, kustomizations, manifest_objects, openapi_schemas
from tests.support.programs import binaries

VERSIONS = [
    *("v1", "apps/v1", "batch/v1", "rbac.authorization.k8s.io/v1", "networking.k8s.io/v1"),
    *("apiextensions.k8s.io/v1", "monitoring.coreos.com/v1", "tidegate.dev/v1alpha1"),
]


class Verdict(NamedTuple):
    """The output of kubeconform, and whether it found no error."""

    good: bool
    output: str


class Judge:
    """kubeconform with only these schemas; it does not use the network."""

    def __init__(self, folder: Path) -> None:
        self._program = binaries.ensure(["kubeconform"])["kubeconform"]
        self._folder = folder

    def __call__(self, text: str) -> Verdict:
        location = self._folder / openapi_schemas.LOCATION
        command: list[str | Path] = [self._program, "-strict", "-summary", "-schema-location", location]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60.0, check=False)
        return Verdict(done.returncode == 0, done.stdout + done.stderr)

    def expects(self, text: str) -> None:
        """Assert that the text has at least one document and that all are valid."""
        verdict = self(text)
        count = len([each for each in yaml.safe_load_all(text) if each])
        assert verdict.good, verdict.output
        assert f"Valid: {count}, Invalid: 0, Errors: 0, Skipped: 0" in verdict.output
        assert count


@pytest.fixture(scope="module")
def judge(policy_kinds: clusters.LocalCluster, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """kubeconform with this API server's schemas, including those of the Prometheus operator's CRDs and of ours."""
    cluster_fixtures.add_prometheus_operator_kinds(policy_kinds)
    kinds = ("ServiceMonitor", "PodMonitor", "PrometheusRule", "GroupCleanupPolicy", "ClusterGroupCleanupPolicy")
    # The API server publishes the schema of a new kind some time after it starts to serve the kind.
    waiting.eventually(
        lambda: set(kinds) <= openapi_schemas.kinds(policy_kinds.api, VERSIONS), why=f"the schemas of {kinds}"
    )
    return Judge(openapi_schemas.write(policy_kinds.api, tmp_path_factory.mktemp("schemas"), versions=VERSIONS))


def test_base_and_each_component_are_valid(judge: Judge) -> None:
    for names in ((), *((name,) for name in component_guarantees.GUARANTEES)):
        judge.expects(kustomizations.combined(*names))


@pytest.mark.long
def test_every_pair_of_components_is_valid(judge: Judge) -> None:
    # One call for all pairs: kubeconform ignores duplicates.
    judge.expects("\n---\n".join(kustomizations.combined(*pair) for pair in component_guarantees.PAIRS))


@pytest.mark.parametrize("names", component_guarantees.TOGETHER.values(), ids=component_guarantees.TOGETHER)
def test_typical_combination_of_components_is_valid(judge: Judge, names: tuple[str, ...]) -> None:
    judge.expects(kustomizations.combined(*names))


@pytest.mark.parametrize(
    "name", sorted(path.parent.name for path in manifest_objects.FOLDER.glob("overlays/*/*tion.yaml"))
)
def test_overlay_is_valid(judge: Judge, name: str) -> None:
    judge.expects(kustomizations.rendered(manifest_objects.FOLDER / "overlays" / name))


@pytest.mark.parametrize("name", kustomizations.names("Kustomization"))
def test_rights_in_one_namespace_are_valid(judge: Judge, name: str) -> None:
    judge.expects(kustomizations.rendered(kustomizations.COMPONENTS / name))


def test_sidecar_is_valid(judge: Judge, tmp_path: Path) -> None:
    judge.expects(yaml.safe_dump_all(test_sidecar.rendered_overlay(tmp_path)))


@pytest.mark.parametrize("path", [*manifest_objects.EXAMPLES, manifest_objects.POLICIES], ids=lambda path: path.stem)
def test_example_is_valid(judge: Judge, path: Path) -> None:
    judge.expects(path.read_text())


MISSPELT = {
    "replicas": ("Deployment", ["spec"], "replicas", "replica"),
    "container": ("Deployment", ["spec", "template", "spec", "containers", 0], "readinessProbe", "readynessProbe"),
    "service": ("Service", ["spec", "ports", 0], "targetPort", "targetport"),
    "role": ("ClusterRole", ["rules", 0], "verbs", "verb"),
    "claim": ("StatefulSet", ["spec", "volumeClaimTemplates", 0, "spec"], "accessModes", "accessMode"),
    "metadata": ("StatefulSet", ["metadata"], "labels", "label"),
    "policy": ("NetworkPolicy", ["spec"], "egress", "egres"),
    "monitor": ("ServiceMonitor", ["spec", "endpoints", 0], "honorLabels", "honourLabels"),
    "pod-monitor": ("PodMonitor", ["spec", "podMetricsEndpoints", 0], "honorLabels", "honourLabels"),
    "rule": ("PrometheusRule", ["spec", "groups", 0, "rules", 0], "expr", "expression"),
    "definition": ("CustomResourceDefinition", ["spec", "names"], "plural", "plurals"),
}


@pytest.mark.parametrize(("kind", "path", "field", "misspelt"), MISSPELT.values(), ids=MISSPELT)
def test_misspelt_field_is_reported(judge: Judge, kind: str, path: list[str | int], field: str, misspelt: str) -> None:
    names = () if kind == "Deployment" else ("persistent", "networkpolicy", "prometheusrule", "policies")
    monitor = "podmonitor" if kind == "PodMonitor" else "servicemonitor"
    manifest = kustomizations.of_kind(kustomizations.combination(*names, monitor), kind)[0]
    place = manifest
    for step in path:
        place = place[step]  # type: ignore[index]
    place[misspelt] = place.pop(field)
    verdict = judge(yaml.safe_dump(manifest))
    assert not verdict.good
    assert misspelt in verdict.output


def test_wrong_type_and_unknown_kind_are_reported(judge: Judge) -> None:
    workload = kustomizations.workload(kustomizations.combination())
    workload["spec"]["replicas"] = "one"
    assert not judge(yaml.safe_dump(workload)).good
    assert not judge(yaml.safe_dump({"apiVersion": "apps/v1", "kind": "Deploiment", "metadata": {"name": "it"}})).good


def test_duplicate_field_is_reported(judge: Judge) -> None:
    assert not judge("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  name: b\n").good
