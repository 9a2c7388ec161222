"""The overlay for an operator with a Pushgateway: an unprivileged operator Pod without a gateway."""

from __future__ import annotations

import pytest

from tests.support.manifests import kustomizations, manifest_objects
from tests.support.processes import command_lines
from tidegate import settings

FOLDER = manifest_objects.FOLDER / "overlays" / "beside-pushgateway"


@pytest.fixture(scope="module")
def rendered() -> dict[str, manifest_objects.Object]:
    """The objects of the overlay by kind."""
    return {each["kind"]: each for each in kustomizations.objects(FOLDER)}


def test_operator_is_the_only_container_and_accepts_its_arguments(rendered: dict[str, manifest_objects.Object]) -> None:
    [operator] = manifest_objects.pod_spec(rendered["Deployment"])["containers"]
    chosen = command_lines.parsed(operator["args"])
    assert (chosen.command, chosen.gateway_kind) == ("operator", "pushgateway")
    [url] = [each for each in operator["env"] if "value" in each]
    assert chosen.gateway_url == f"$({url['name']})"
    assert chosen.gateway_grace_period == settings.PushgatewaySettings().grace_seconds


def test_overlay_has_no_objects_of_the_gateway(rendered: dict[str, manifest_objects.Object]) -> None:
    pod = manifest_objects.pod_spec(rendered["Deployment"])
    [operator] = pod["containers"]
    assert [volume["name"] for volume in pod["volumes"]] == ["service-account"]
    assert [mount["name"] for mount in operator["volumeMounts"]] == ["service-account"]
    assert [port["name"] for port in rendered["Service"]["spec"]["ports"]] == ["operator"]


def test_pod_has_the_same_privileges_as_with_the_tidegate_gateway(rendered: dict[str, manifest_objects.Object]) -> None:
    pod, own = (
        manifest_objects.pod_spec(rendered["Deployment"]),
        manifest_objects.pod_spec(manifest_objects.one("Deployment")),
    )
    assert pod["securityContext"] == own["securityContext"]
    assert pod["containers"][0]["securityContext"] == manifest_objects.container("operator")["securityContext"]
    assert rendered["ClusterRole"]["rules"] == manifest_objects.one("ClusterRole")["rules"]


def test_memory_limit_fits_the_largest_response(rendered: dict[str, manifest_objects.Object]) -> None:
    """The operator holds a response as bytes and as text at the same time."""
    [operator] = manifest_objects.pod_spec(rendered["Deployment"])["containers"]
    assert operator["resources"]["limits"]["memory"] == "1Gi"
    assert 2 * settings.PushgatewaySettings().max_response_bytes + 100 * 2**20 < 2**30
