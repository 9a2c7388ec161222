"""The overlay beside a Pushgateway: the operator alone, as unprivileged as before, with nothing of a gateway."""

from __future__ import annotations

import pytest
import yaml

from tests.cluster import clusters
from tests.manifests import manifest_objects
from tests.support import command_lines
from tidegate import settings

FOLDER = manifest_objects.FOLDER / "overlays" / "beside-pushgateway"


@pytest.fixture
def made(cluster: clusters.Cluster) -> dict[str, manifest_objects.Object]:
    """Its objects by their kinds."""
    return {each["kind"]: each for each in yaml.safe_load_all(cluster.kubectl("kustomize", FOLDER))}


def test_the_operator_is_alone_and_takes_its_arguments(made: dict[str, manifest_objects.Object]) -> None:
    [operator] = manifest_objects.pod_spec(made["Deployment"])["containers"]
    chosen = command_lines.parsed(operator["args"])
    assert (chosen.command, chosen.gateway_kind) == ("operator", "pushgateway")
    [url] = [each for each in operator["env"] if "value" in each]
    assert chosen.gateway_url == f"$({url['name']})"
    assert chosen.gateway_grace_period == settings.StockSettings().grace_seconds


def test_nothing_is_left_of_the_gateway(made: dict[str, manifest_objects.Object]) -> None:
    pod = manifest_objects.pod_spec(made["Deployment"])
    [operator] = pod["containers"]
    assert [volume["name"] for volume in pod["volumes"]] == ["service-account"]
    assert [mount["name"] for mount in operator["volumeMounts"]] == ["service-account"]
    assert [port["name"] for port in made["Service"]["spec"]["ports"]] == ["operator"]


def test_what_the_pod_may_is_what_it_may_beside_our_own_gateway(made: dict[str, manifest_objects.Object]) -> None:
    pod, own = (
        manifest_objects.pod_spec(made["Deployment"]),
        manifest_objects.pod_spec(manifest_objects.one("Deployment")),
    )
    assert pod["securityContext"] == own["securityContext"]
    assert pod["containers"][0]["securityContext"] == manifest_objects.container("operator")["securityContext"]
    assert made["ClusterRole"]["rules"] == manifest_objects.one("ClusterRole")["rules"]


def test_there_is_memory_for_the_largest_answer(made: dict[str, manifest_objects.Object]) -> None:
    """It is held as it came and as text, both at once."""
    [operator] = manifest_objects.pod_spec(made["Deployment"])["containers"]
    assert operator["resources"]["limits"]["memory"] == "1Gi"
    assert 2 * settings.StockSettings().answer_bytes + 100 * 2**20 < 2**30
