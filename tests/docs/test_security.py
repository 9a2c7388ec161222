"""What SECURITY.md tells people to apply fits to what is deployed, and a server takes it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster import clusters
from tests.docs import documents as pages
from tests.manifests import documents
from tidegate import cli
from tidegate.gateway import webconfigs

PAGE = pages.ROOT / "SECURITY.md"


def _block(holds: str) -> str:
    """The only block of YAML with this text."""
    [found] = [block for block in pages.yaml_blocks(PAGE) if holds in block]
    return found


def _policy() -> Any:
    return yaml.safe_load(_block("kind: NetworkPolicy"))


def test_there_is_no_other_yaml_in_it() -> None:
    assert len(pages.yaml_blocks(PAGE)) == 3


def test_the_policy_is_about_the_pod_that_is_deployed() -> None:
    policy = _policy()
    labels = documents.one("Deployment")["spec"]["template"]["metadata"]["labels"]
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    assert policy["metadata"]["namespace"] == documents.one("Namespace")["metadata"]["name"]


def test_the_policy_lets_pushers_to_one_port_and_prometheus_to_both() -> None:
    pushers, prometheus = ([port["port"] for port in rule["ports"]] for rule in _policy()["spec"]["ingress"])
    named = [port["name"] for each in ("gateway", "operator") for port in documents.container(each)["ports"]]
    assert (pushers, prometheus) == (["http"], named)


def test_the_web_configuration_can_be_used() -> None:
    config = webconfigs.parse(_block("tls_server_config"), folder=Path("/etc/tidegate"))
    assert config.tls is not None
    assert list(config.users) == ["job"]


def _overlay(folder: Path) -> Path:
    (folder / "kustomization.yaml").write_text(_block("patches:"))
    shutil.copytree(documents.FOLDER, folder / "tidegate" / "manifests")
    return folder


def test_the_overlay_gives_the_gateway_the_file_and_probes_without_a_password(
    cluster: clusters.Cluster, tmp_path: Path
) -> None:
    made = list(yaml.safe_load_all(cluster.kubectl("kustomize", _overlay(tmp_path))))
    [deployment] = [each for each in made if each["kind"] == "Deployment"]
    gateway, operator = documents.pod_spec(deployment)["containers"]
    file = Path(cli.build_parser().parse_args(gateway["args"]).web_config_file)
    assert str(file.parent) in [mount["mountPath"] for mount in gateway["volumeMounts"]]
    assert str(file.parent) not in [mount["mountPath"] for mount in operator["volumeMounts"]]
    assert gateway["livenessProbe"].keys() & {"httpGet", "tcpSocket"} == {"tcpSocket"}
    assert gateway["readinessProbe"].keys() & {"httpGet", "tcpSocket"} == {"tcpSocket"}


@pytest.fixture
def prepared(cluster: clusters.Cluster) -> clusters.Cluster:
    """With the namespace: a dry run creates none for the objects in it."""
    cluster.kubectl("apply", "-f", documents.BASE / "namespace.yaml")
    return cluster


def test_a_server_takes_the_policy(prepared: clusters.Cluster) -> None:
    said = prepared.kubectl(
        "apply", "--dry-run=server", "--validate=strict", "-f", "-", stdin=_block("kind: NetworkPolicy")
    )
    assert said.strip() == "networkpolicy.networking.k8s.io/tidegate created (server dry run)"


def test_a_server_takes_the_overlay(prepared: clusters.Cluster, tmp_path: Path) -> None:
    said = prepared.kubectl("apply", "--dry-run=server", "--validate=strict", "-k", _overlay(tmp_path))
    assert all(line.endswith("(server dry run)") for line in said.splitlines())
