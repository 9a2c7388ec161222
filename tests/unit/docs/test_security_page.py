"""The web configuration in SECURITY.md is valid, and the labels of the NetworkPolicy are those of the manifest."""

from __future__ import annotations

from pathlib import Path

from tests.support import repository
from tests.support.docs import markdown_documents as pages
from tests.support.manifests import kustomizations, manifest_objects
from tidegate.gateway.http import web_config

PAGE = repository.ROOT / "SECURITY.md"


def test_web_configuration_is_valid() -> None:
    [block] = [each for each in pages.yaml_blocks(PAGE) if "tls_server_config" in each]
    config = web_config.parse(block, folder=Path("/etc/tidegate"))
    assert config.tls is not None
    assert list(config.users) == ["job"]


def test_documented_labels_are_those_of_the_network_policy() -> None:
    [policy] = manifest_objects.objects(kustomizations.COMPONENTS / "networkpolicy" / "networkpolicy.yaml")
    pushers, prometheus = ([each["namespaceSelector"] for each in rule["from"]] for rule in policy["spec"]["ingress"])
    [denied] = pushers[0]["matchExpressions"]
    [monitoring] = prometheus[0]["matchLabels"].values()
    assert {f"{denied['key']}: {denied['values'][0]}", monitoring} <= set(pages.spans(PAGE))
