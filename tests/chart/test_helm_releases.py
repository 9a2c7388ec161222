"""helm finds no fault with the chart, and installs, upgrades and uninstalls it on the real API server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart import rendered_chart, test_chart_matches_kustomize
from tests.cluster import admin_client, clusters
from tests.manifests import manifest_objects
from tests.support import waiting

LABELS = "app.kubernetes.io/instance=tidegate-chart"
RELEASE = "tidegate-chart"


@pytest.mark.cluster
@pytest.mark.parametrize("case", test_chart_matches_kustomize.CASES.values(), ids=test_chart_matches_kustomize.CASES)
def test_helm_lint_finds_no_fault(case: test_chart_matches_kustomize.Case) -> None:
    said = rendered_chart.helm(
        "lint", "--strict", rendered_chart.FOLDER, "--values=-", stdin=yaml.safe_dump(case.values)
    )
    assert "1 chart(s) linted, 0 chart(s) failed" in said


class Releases:
    """helm on the dev cluster, in a namespace that enforces the restricted Pod Security."""

    def __init__(self, cluster: clusters.Cluster, namespace: str, home: Path) -> None:
        self._cluster = cluster
        self.namespace = namespace
        self._home = home

    def helm(self, *arguments: str | Path, values: dict[str, Any] | None = None) -> str:
        """Run helm there, with these values."""
        common = [f"--kubeconfig={self._cluster.kubeconfig}", f"--namespace={self.namespace}"]
        given = [] if values is None else ["--values=-"]
        return rendered_chart.helm(*arguments, *common, *given, stdin=yaml.safe_dump(values), home=self._home)

    def pods(self) -> list[admin_client.Object]:
        """The Pods of the release."""
        return self._cluster.api.list("pods", namespace=self.namespace, labels=LABELS)

    def workloads(self, kind: str) -> list[admin_client.Object]:
        """Its Deployments or StatefulSets."""
        said = self._cluster.kubectl(
            "get", kind, f"--namespace={self.namespace}", f"--selector={LABELS}", "--output=json"
        )
        found: list[admin_client.Object] = json.loads(said)["items"]
        return found


@pytest.fixture
def releases(prometheus_operator_kinds: clusters.Cluster, namespace: str, tmp_path: Path) -> Iterator[Releases]:
    cluster = prometheus_operator_kinds
    cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    running = Releases(cluster, namespace, tmp_path)
    yield running
    running.helm("uninstall", RELEASE, "--ignore-not-found")


def test_the_server_finds_no_fault_with_all_of_it(releases: Releases) -> None:
    everything = test_chart_matches_kustomize.CASES["all"].values
    said = releases.helm("install", RELEASE, rendered_chart.FOLDER, "--dry-run=server", values=everything)
    assert "STATUS: pending-install" in said


def test_a_release_is_installed_upgraded_and_uninstalled(releases: Releases, cluster: clusters.Cluster) -> None:
    # What runs in the Pod is no matter here: that it is admitted is.
    monitored: dict[str, Any] = {"serviceMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}}
    said = releases.helm("install", RELEASE, rendered_chart.FOLDER, values=monitored)
    assert f"http://{RELEASE}.{releases.namespace}:9091" in said
    assert "Let Prometheus scrape it" not in said
    [pod] = waiting.eventually(releases.pods, why="the Deployment's pod")
    assert [each["name"] for each in pod["spec"]["containers"]] == ["gateway", "operator"]

    kept = monitored | {"runAsStatefulSet": True, "persistentVolume": {"enabled": True}}
    said = releases.helm("upgrade", RELEASE, rendered_chart.FOLDER, values=kept)
    assert "Groups are lost when the Pod stops" not in said
    assert releases.workloads("deployments") == []
    [stateful] = releases.workloads("statefulsets")
    assert "--persistence.file=/data/groups" in manifest_objects.pod_spec(stateful)["containers"][0]["args"]

    releases.helm("uninstall", RELEASE)
    assert releases.workloads("statefulsets") == []
    for kind in ("clusterroles", "clusterrolebindings", "servicemonitors", "prometheusrules"):
        assert cluster.kubectl("get", kind, "--all-namespaces", f"--selector={LABELS}", "--output=name") == ""


@pytest.mark.cluster
def test_policies_outlive_the_release_unless_told_otherwise() -> None:
    [kept] = {
        each["metadata"].get("annotations", {}).get("helm.sh/resource-policy")
        for each in rendered_chart.rendered({"policies": {"enabled": True}})
        if each["kind"] == "CustomResourceDefinition"
    }
    assert kept == "keep"
