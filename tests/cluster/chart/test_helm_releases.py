"""helm accepts the chart, and installs, upgrades and uninstalls it on the real API server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.chart import test_chart_matches_kustomize
from tests.support import waiting
from tests.support.kubernetes import admin_client, clusters
from tests.support.manifests import manifest_objects, rendered_chart

LABELS = "app.kubernetes.io/instance=tidegate-chart"
RELEASE = "tidegate-chart"


@pytest.mark.parametrize("case", test_chart_matches_kustomize.CASES.values(), ids=test_chart_matches_kustomize.CASES)
def test_helm_lint_accepts_the_chart(case: test_chart_matches_kustomize.Case) -> None:
    output = rendered_chart.helm(
        "lint", "--strict", rendered_chart.FOLDER, "--values=-", stdin=yaml.safe_dump(case.values)
    )
    assert "1 chart(s) linted, 0 chart(s) failed" in output


class Releases:
    """helm on the dev cluster, in a namespace that enforces restricted Pod Security."""

    def __init__(self, cluster: clusters.Cluster, namespace: str, home: Path) -> None:
        self._cluster = cluster
        self.namespace = namespace
        self._home = home

    def helm(self, *arguments: str | Path, values: dict[str, Any] | None = None) -> str:
        """Run helm in the namespace with these values."""
        common = [f"--kubeconfig={self._cluster.kubeconfig}", f"--namespace={self.namespace}"]
        given = [] if values is None else ["--values=-"]
        return rendered_chart.helm(*arguments, *common, *given, stdin=yaml.safe_dump(values), home=self._home)

    def pods(self) -> list[admin_client.Object]:
        """The Pods of the release."""
        return self._cluster.api.list("pods", namespace=self.namespace, labels=LABELS)

    def workloads(self, kind: str) -> list[admin_client.Object]:
        """Its Deployments or StatefulSets."""
        output = self._cluster.kubectl(
            "get", kind, f"--namespace={self.namespace}", f"--selector={LABELS}", "--output=json"
        )
        found: list[admin_client.Object] = json.loads(output)["items"]
        return found


@pytest.fixture
def releases(prometheus_operator_kinds: clusters.Cluster, namespace: str, tmp_path: Path) -> Iterator[Releases]:
    cluster = prometheus_operator_kinds
    cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    running = Releases(cluster, namespace, tmp_path)
    yield running
    running.helm("uninstall", RELEASE, "--ignore-not-found")


def test_api_server_accepts_a_release_with_every_option(releases: Releases) -> None:
    everything = test_chart_matches_kustomize.CASES["all"].values
    output = releases.helm("install", RELEASE, rendered_chart.FOLDER, "--dry-run=server", values=everything)
    assert "STATUS: pending-install" in output


def test_release_is_installed_upgraded_and_uninstalled(releases: Releases, cluster: clusters.Cluster) -> None:
    # The test does not run the Pod; it checks that the Pod is admitted.
    monitored: dict[str, Any] = {"serviceMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}}
    output = releases.helm("install", RELEASE, rendered_chart.FOLDER, values=monitored)
    assert f"http://{RELEASE}.{releases.namespace}:9091" in output
    assert "Let Prometheus scrape it" not in output
    [pod] = waiting.eventually(releases.pods, why="the Deployment's pod")
    assert [each["name"] for each in pod["spec"]["containers"]] == ["gateway", "operator"]

    persistent = monitored | {"runAsStatefulSet": True, "persistentVolume": {"enabled": True}}
    output = releases.helm("upgrade", RELEASE, rendered_chart.FOLDER, values=persistent)
    assert "Groups are lost when the Pod stops" not in output
    assert releases.workloads("deployments") == []
    [stateful] = releases.workloads("statefulsets")
    assert "--persistence.file=/data/groups" in manifest_objects.pod_spec(stateful)["containers"][0]["args"]

    releases.helm("uninstall", RELEASE)
    assert releases.workloads("statefulsets") == []
    for kind in ("clusterroles", "clusterrolebindings", "servicemonitors", "prometheusrules"):
        assert cluster.kubectl("get", kind, "--all-namespaces", f"--selector={LABELS}", "--output=name") == ""


def test_policy_crds_remain_after_an_uninstall_by_default() -> None:
    [persistent] = {
        each["metadata"].get("annotations", {}).get("helm.sh/resource-policy")
        for each in rendered_chart.rendered({"policies": {"enabled": True}})
        if each["kind"] == "CustomResourceDefinition"
    }
    assert persistent == "keep"
