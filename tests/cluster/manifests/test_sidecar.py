"""The operator as a sidecar of a Pushgateway: a second container, with the rest of the Pod unchanged."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.support.docs import markdown_documents as pages
from tests.support.manifests import kustomizations, manifest_objects
from tests.support.processes import command_lines

OPERATOR = "tidegate-operator"


def rendered_overlay(
    folder: Path, *, kind: str = "Deployment", name: str = "prometheus-pushgateway"
) -> list[manifest_objects.Object]:
    """The overlay of the page about Pushgateway, rendered for a Pushgateway of this kind and name."""
    page = pages.ROOT / "docs" / "beside-pushgateway.md"
    [block] = [each for each in pages.yaml_blocks(page) if "components/sidecar" in each]
    (folder / "kustomization.yaml").write_text(block)
    (folder / "tidegate").symlink_to(pages.ROOT)
    (folder / "pushgateway.yaml").write_text(yaml.safe_dump(pushgateway(kind, name)))
    return kustomizations.objects(folder)


def pushgateway(kind: str, name: str) -> manifest_objects.Object:
    """A typical Pushgateway workload."""
    labels = {"app.kubernetes.io/name": "prometheus-pushgateway"}
    container = {
        "name": "pushgateway",
        "image": "quay.io/prometheus/pushgateway:v1.11.3",
        "ports": [{"name": "metrics", "containerPort": 9091}],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    context = {"runAsNonRoot": True, "runAsUser": 65534, "seccompProfile": {"type": "RuntimeDefault"}}
    pod = {"securityContext": context, "containers": [container], "volumes": [{"name": "data", "emptyDir": {}}]}
    spec = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}
    if kind == "StatefulSet":
        spec["serviceName"] = name
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "labels": labels}, "spec": spec}


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
@pytest.mark.parametrize("name", ["pushgateway", "prometheus-pushgateway"])
def test_sidecar_is_appended_and_changes_nothing_else(kind: str, name: str, tmp_path: Path) -> None:
    pod = manifest_objects.pod_spec(kustomizations.workload(rendered_overlay(tmp_path, kind=kind, name=name)))
    before = manifest_objects.pod_spec(pushgateway(kind, name))
    first, second = pod["containers"]
    assert (first, second["name"]) == (before["containers"][0], OPERATOR)
    assert pod["securityContext"] == before["securityContext"]
    assert before["volumes"][0] in pod["volumes"]


def test_sidecar_accepts_its_arguments_and_uses_the_pushgateway_on_loopback(tmp_path: Path) -> None:
    operator = kustomizations.container(rendered_overlay(tmp_path), OPERATOR)
    chosen = command_lines.parsed(operator["args"])
    assert (chosen.command, chosen.gateway_kind) == ("operator", "pushgateway")
    [url] = [each for each in operator["env"] if "value" in each]
    assert chosen.gateway_url == f"$({url['name']})"
    assert url["value"] == "http://127.0.0.1:9091"


def test_only_the_sidecar_mounts_the_token_of_the_operator_account(tmp_path: Path) -> None:
    objects = rendered_overlay(tmp_path)
    pod = manifest_objects.pod_spec(kustomizations.workload(objects))
    assert pod["automountServiceAccountToken"] is False
    [token] = [each["name"] for each in pod["volumes"] if "projected" in each]
    holders = [each["name"] for each in pod["containers"] if token in [it["name"] for it in each["volumeMounts"]]]
    assert holders == [OPERATOR]
    [binding] = kustomizations.of_kind(objects, "ClusterRoleBinding")
    account = {"kind": "ServiceAccount", "name": pod["serviceAccountName"], "namespace": "monitoring"}
    assert binding["subjects"] == [account]


def test_sidecar_has_the_image_and_security_context_of_the_operator(tmp_path: Path) -> None:
    operator = kustomizations.container(rendered_overlay(tmp_path), OPERATOR)
    own = kustomizations.container(kustomizations.combination(), "operator")
    assert operator["image"] == own["image"]
    assert own["securityContext"].items() <= operator["securityContext"].items()
    assert operator["securityContext"]["runAsNonRoot"] is True


def test_another_workload_is_left_unchanged(tmp_path: Path) -> None:
    found = kustomizations.workload(rendered_overlay(tmp_path, name="pushgateway-proxy"))
    assert manifest_objects.pod_spec(found) == manifest_objects.pod_spec(pushgateway("Deployment", "pushgateway-proxy"))
