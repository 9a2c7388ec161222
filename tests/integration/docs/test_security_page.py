"""The overlays in SECURITY.md have the documented effect on the deployed manifests."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from tests.support.docs import markdown_documents as pages
from tests.support.manifests import kustomizations, manifest_objects
from tests.support.processes import command_lines

PAGE = pages.ROOT / "SECURITY.md"


def _block(holds: str) -> str:
    """The only YAML block that contains this text."""
    [found] = [block for block in pages.yaml_blocks(PAGE) if holds in block]
    return found


def _rendered(folder: Path, holds: str) -> list[manifest_objects.Object]:
    """The objects of the overlay that contains this text, with the overlay next to the repository."""
    (folder / "kustomization.yaml").write_text(_block(holds))
    (folder / "tidegate").symlink_to(pages.ROOT)
    return kustomizations.objects(folder)


def _policy(rendered: list[manifest_objects.Object]) -> manifest_objects.Object:
    [found] = kustomizations.of_kind(rendered, "NetworkPolicy")
    return found


def _sources(policy: manifest_objects.Object) -> list[Any]:
    return [rule["from"] for rule in policy["spec"]["ingress"]]


def test_policy_allows_pushers_to_one_port_and_prometheus_to_both() -> None:
    policy = _policy(kustomizations.combination("networkpolicy"))
    pushers, prometheus = ([port["port"] for port in rule["ports"]] for rule in policy["spec"]["ingress"])
    named = [port["name"] for each in ("gateway", "operator") for port in manifest_objects.container(each)["ports"]]
    assert (pushers, prometheus) == (["http"], named)


def test_policy_denies_by_label_and_lets_monitoring_scrape() -> None:
    pushers, prometheus = _sources(_policy(kustomizations.combination("networkpolicy")))
    denied = {"key": "tidegate.dev/push", "operator": "NotIn", "values": ["denied"]}
    assert pushers == [{"namespaceSelector": {"matchExpressions": [denied]}}]
    assert prometheus == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]


def test_policy_allows_egress_only_to_dns_and_the_api_server() -> None:
    policy = _policy(kustomizations.combination("networkpolicy"))
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    out = {(port.get("protocol", "TCP"), port["port"]) for rule in policy["spec"]["egress"] for port in rule["ports"]}
    assert out == {("TCP", 443), ("TCP", 6443), ("UDP", 53), ("TCP", 53)}


def test_overlay_with_a_policy_changes_the_sources_and_not_the_ports(tmp_path: Path) -> None:
    given = _policy(kustomizations.combination("networkpolicy"))
    changed = _policy(_rendered(tmp_path, "kind: NetworkPolicy"))
    assert [one != other for one, other in zip(_sources(given), _sources(changed), strict=True)] == [True, True]
    ports = [[rule["ports"] for rule in policy["spec"]["ingress"]] for policy in (given, changed)]
    assert ports[0] == ports[1]


def test_overlay_mounts_the_files_that_the_web_configuration_names(tmp_path: Path) -> None:
    rendered = _rendered(tmp_path, "components/tls")
    gateway, operator = manifest_objects.pod_spec(kustomizations.workload(rendered))["containers"]
    file = Path(command_lines.parsed(gateway["args"]).web_config_file)
    [mount] = [each for each in gateway["volumeMounts"] if each["mountPath"] == str(file.parent)]
    volumes = manifest_objects.pod_spec(kustomizations.workload(rendered))["volumes"]
    [volume] = [each for each in volumes if each["name"] == mount["name"]]
    there = {item["path"] for source in volume["projected"]["sources"] for item in source["secret"]["items"]}
    assert {file.name, *yaml.safe_load(_block("tls_server_config"))["tls_server_config"].values()} == there
    assert mount["name"] not in [each["name"] for each in operator["volumeMounts"]]


def test_documented_secrets_have_every_referenced_key(tmp_path: Path) -> None:
    rendered = _rendered(tmp_path, "components/tls")
    [monitor] = kustomizations.of_kind(rendered, "ServiceMonitor")
    scraped = monitor["spec"]["endpoints"][0]
    referenced = {(each["name"], each["key"]) for each in scraped["basicAuth"].values()}
    authority = scraped["tlsConfig"]["ca"]["secret"]
    referenced.add((authority["name"], authority["key"]))
    for volume in manifest_objects.pod_spec(kustomizations.workload(rendered))["volumes"]:
        for source in volume.get("projected", {}).get("sources", ()):
            secret = source.get("secret", {"items": ()})
            referenced |= {(secret["name"], item["key"]) for item in secret["items"]}
    command = r"^kubectl create secret generic (\S+) --namespace tidegate (.*)$"
    given = re.findall(command, PAGE.read_text(), re.MULTILINE)
    keys = {(name, key) for name, rest in given for key in re.findall(r"--from-(?:file|literal)=([a-z.]+)", rest)}
    assert referenced == keys
    assert monitor["metadata"]["namespace"] == "tidegate"


def test_probes_need_no_password(tmp_path: Path) -> None:
    gateway = kustomizations.container(_rendered(tmp_path, "components/tls"), "gateway")
    for probe in ("livenessProbe", "readinessProbe"):
        assert gateway[probe].keys() & {"httpGet", "tcpSocket", "exec"} == {"tcpSocket"}
