"""The Pod: unprivileged, never more than one, and started with arguments that the command accepts."""

from pathlib import Path

import pytest

from tests.support.manifests import manifest_objects
from tests.support.processes import command_lines
from tidegate.system import addresses

CONTAINERS = ["gateway", "operator"]


def test_deployment_never_runs_two_pods() -> None:
    spec = manifest_objects.one("Deployment")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_pod_runs_as_an_unprivileged_numeric_user() -> None:
    context = manifest_objects.pod_spec(manifest_objects.one("Deployment"))["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] == context["runAsGroup"] == 65532
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}


@pytest.mark.parametrize("name", CONTAINERS)
def test_container_has_a_read_only_root_and_cannot_gain_privileges(name: str) -> None:
    assert manifest_objects.container(name)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize("name", CONTAINERS)
def test_container_has_resource_requests_and_limits(name: str) -> None:
    resources = manifest_objects.container(name)["resources"]
    assert {"cpu", "memory"} <= resources["requests"].keys()
    assert "memory" in resources["limits"]


@pytest.mark.parametrize("name", CONTAINERS)
def test_command_accepts_the_containers_arguments(name: str) -> None:
    chosen = command_lines.parsed(manifest_objects.container(name)["args"])
    assert chosen.command == name


def test_control_api_listens_on_loopback_and_the_operator_uses_it() -> None:
    gateway = command_lines.parsed(manifest_objects.container("gateway")["args"])
    operator = command_lines.parsed(manifest_objects.container("operator")["args"])
    host, port = addresses.parse(gateway.control_listen_address)
    assert host == "127.0.0.1"
    assert operator.gateway_url == f"http://{host}:{port}"
    assert port not in [it["containerPort"] for name in CONTAINERS for it in manifest_objects.container(name)["ports"]]


def test_token_is_on_a_memory_volume_that_only_the_gateway_writes() -> None:
    files, mounts = [], []
    for name in CONTAINERS:
        container = manifest_objects.container(name)
        files.append(Path(command_lines.parsed(container["args"]).control_token_file))
        mounts += [mount for mount in container["volumeMounts"] if mount["mountPath"] == str(files[-1].parent)]
    assert files[0] == files[1]
    assert [mount.get("readOnly", False) for mount in mounts] == [False, True]
    [volume] = [
        each for each in manifest_objects.pod_spec(manifest_objects.one("Deployment"))["volumes"] if "emptyDir" in each
    ]
    assert {mount["name"] for mount in mounts} == {volume["name"]}
    assert volume["emptyDir"]["medium"] == "Memory"


@pytest.mark.parametrize(
    ("name", "flag"), [("gateway", "web_listen_address"), ("operator", "operator_listen_address")], ids=CONTAINERS
)
def test_declared_container_port_is_the_listen_port(name: str, flag: str) -> None:
    container = manifest_objects.container(name)
    chosen = command_lines.parsed(container["args"])
    listened = getattr(chosen, flag)
    ports = [addresses.parse(one)[1] for one in ([listened] if isinstance(listened, str) else listened)]
    assert [port["containerPort"] for port in container["ports"]] == ports


def test_service_has_both_ports_by_name() -> None:
    offered = {port["name"]: port["targetPort"] for port in manifest_objects.one("Service")["spec"]["ports"]}
    named = {port["name"] for name in CONTAINERS for port in manifest_objects.container(name)["ports"]}
    assert offered == {name: name for name in named}


def test_operator_has_no_readiness_probe_that_would_remove_the_gateway_from_the_service() -> None:
    assert "readinessProbe" in manifest_objects.container("gateway")
    assert "readinessProbe" not in manifest_objects.container("operator")


def test_grace_period_of_the_pod_exceeds_the_gateways_shutdown_time() -> None:
    gateway = command_lines.parsed(manifest_objects.container("gateway")["args"])
    pod = manifest_objects.pod_spec(manifest_objects.one("Deployment"))
    assert pod["terminationGracePeriodSeconds"] > gateway.web_stop_timeout
