"""``tidegate groups --namespace`` reaches the Pod through the real API server, without port forwarding.

No node runs the Pod: its address is this machine's, where gateway and operator listen.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import components, environments, waiting
from tests.support.cli import command_runs, groups_runs
from tests.support.jobs import pushing_jobs
from tests.support.kubernetes import admin_client, cluster_fixtures, clusters
from tests.support.processes import ports, tidegate_processes
from tests.support.prometheus import prometheus_server

_RULES = {
    "runner": [{"apiGroups": [""], "resources": ["pods/proxy"], "verbs": ["get"]}],
    "finder": [
        {"apiGroups": [""], "resources": ["pods/proxy"], "verbs": ["get", "delete"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    ],
}


@pytest.fixture
def pod(cluster: clusters.Cluster, namespace: str) -> str:
    """A Pod with tidegate's label and the address of this machine."""
    return _create_pod(cluster, namespace, "tidegate-1")


def _create_pod(cluster: clusters.Cluster, namespace: str, name: str) -> str:
    body = {
        "metadata": {"name": name, "labels": {"app.kubernetes.io/name": "tidegate"}},
        "spec": {"schedulerName": "nobody", "containers": [{"name": "main", "image": "none"}]},
    }
    cluster.api.create("pods", body, namespace=namespace)
    address = _own_address()
    status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}
    path = f"api/v1/namespaces/{namespace}/pods/{name}/status"
    cluster.api.request("PATCH", path, body={"status": status}, content_type=admin_client.MERGE_PATCH)
    return name


def _own_address() -> str:
    """An address of this machine that the API server can proxy to: not a loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as created:
        # No packet is sent: the kernel only selects the source address.
        created.connect(("192.0.2.1", 9))
        address: str = created.getsockname()[0]
    return address


@pytest.fixture(scope="module")
def reachable(
    cluster: clusters.Cluster, operator_kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[components.Components, tidegate_processes.Operator]]:
    """A gateway and an operator that listen on every address of this machine."""
    folder = tmp_path_factory.mktemp("groups")
    flags = ("--web.enable-admin-api",)
    with components.Components(cluster, folder, kubeconfig=operator_kubeconfig, gateway_flags=flags) as running:
        yield running, running.another_operator(folder, host="")


@pytest.fixture
def environment(
    reachable: tuple[components.Components, tidegate_processes.Operator], tmp_path: Path
) -> Iterator[environments.Environment]:
    with environments.opened(reachable[0], tmp_path) as opened:
        yield opened
        # Tests that list the groups begin without any.
        opened.gateway.wipe()


@pytest.fixture
def operator(
    reachable: tuple[components.Components, tidegate_processes.Operator],
) -> tidegate_processes.Operator:
    return reachable[1]


@pytest.fixture
def gateway(environment: environments.Environment) -> tidegate_processes.Gateway:
    return environment.gateway


@pytest.fixture
def push(environment: environments.Environment) -> pushing_jobs.Pushers:
    return environment.push


@pytest.fixture
def namespace(environment: environments.Environment) -> str:
    return environment.namespace


class _CommandRunner:
    """Runs the command with the rights of a ServiceAccount."""

    def __init__(
        self,
        cluster: clusters.Cluster,
        gateway: tidegate_processes.Gateway,
        operator: tidegate_processes.Operator,
        *,
        namespace: str,
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._flags = (
            f"--namespace={namespace}",
            # The host of the URL is ignored.
            f"--gateway.url=http://nowhere.invalid:{gateway.port}",
        )
        self._operator = f"--operator.url=http://nowhere.invalid:{operator.port}"
        for account, rules in _RULES.items():
            cluster.api.create("serviceaccounts", {"metadata": {"name": account}}, namespace=namespace)
            cluster.api.create("roles", {"metadata": {"name": account}, "rules": rules}, namespace=namespace)
            subject = {"kind": "ServiceAccount", "name": account, "namespace": namespace}
            role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account}
            binding = {"metadata": {"name": account}, "roleRef": role, "subjects": [subject]}
            cluster.api.create("rolebindings", binding, namespace=namespace)

    def run(self, verb: str, *arguments: str, account: str = "runner") -> command_runs.Ran:
        config = self._cluster.kubeconfig_for(account, namespace=self._namespace)
        # Deletions do not call the operator.
        flags = self._flags if verb == "delete" else (*self._flags, self._operator)
        return asyncio.run(groups_runs.run(verb, *flags, f"--kubernetes.kubeconfig={config}", *arguments))


@pytest.fixture
def runner(
    cluster: clusters.Cluster,
    gateway: tidegate_processes.Gateway,
    operator: tidegate_processes.Operator,
    namespace: str,
) -> _CommandRunner:
    return _CommandRunner(cluster, gateway, operator, namespace=namespace)


def test_groups_are_listed_and_explained_with_only_the_right_to_get(
    runner: _CommandRunner, push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway, pod: str
) -> None:
    name = push.unique("nightly")
    push.job(name, runs_on=True)
    waiting.eventually(lambda: gateway.groups()[name]["claims"], why="the claim", retry_on=(KeyError,))

    def look() -> bool:
        ran = runner.run("list", f"--pod={pod}", "--output=json")
        assert (ran.status, ran.err) == (0, "")
        [group] = json.loads(ran.out)["groups"]
        return [owner["name"] for owner in group["owners"] if owner["claims"]] == [name]

    waiting.eventually(look, why="the operator to have heard of its claim")
    explained = runner.run("explain", f"job={name}", f"--pod={pod}")
    assert f"Job {push.namespace}/{name} has not finished." in " ".join(explained.out.split())


def test_explanation_names_the_prometheus_that_a_group_waits_for(
    runner: _CommandRunner,
    push: pushing_jobs.Pushers,
    gateway: tidegate_processes.Gateway,
    start_prometheus: cluster_fixtures.StartPrometheus,
    pod: str,
) -> None:
    server = start_prometheus(prometheus_server.Target(port=gateway.port))
    server.wait_until_up()
    server.pause()
    name = push.unique("unread")
    push.job(name)

    def look() -> bool:
        ran = runner.run("explain", f"job={name}", f"--pod={pod}", "--output=json")
        drain = json.loads(ran.out)["groups"][0]["drain"] if ran.status == 0 else None
        return drain is not None and [one["address"] for one in drain["scrapers"]] == [prometheus_server.IPV4]

    waiting.eventually(look, why="the group to wait for Prometheus")
    explained = " ".join(runner.run("explain", f"job={name}", f"--pod={pod}").out.split())
    assert re.search(
        r"It waits for Prometheus/\S* at 127\.0\.0\.1 to scrape its last push, and is deleted in \S+ at", explained
    )
    server.resume()
    waiting.eventually(lambda: name not in gateway.groups(), why="the group to go", timeout=30.0)


@pytest.mark.usefixtures("pod")
def test_pod_is_found_by_its_label_and_groups_are_deleted(
    runner: _CommandRunner, gateway: tidegate_processes.Gateway
) -> None:
    gateway.push("job/a/note/b+c%26d", "a 1\n")
    gateway.push("job/z", "a 1\n")
    ran = runner.run("delete", '--match={note="b+c&d"}', "--yes", account="finder")
    assert ran == command_runs.Ran(0, '{job="a",note="b+c&d"}\n', "1 group deleted\n")
    assert list(gateway.groups()) == ["z"]


def test_error_names_the_missing_right(
    runner: _CommandRunner, gateway: tidegate_processes.Gateway, namespace: str, pod: str
) -> None:
    gateway.push("job/a", "a 1\n")
    deletion = runner.run("delete", '--match={job="a"}', "--yes", f"--pod={pod}")
    assert deletion.status == 1
    assert f"you need permission for the verb delete on pods/proxy in namespace {namespace}" in deletion.err
    search = runner.run("list")
    assert search.status == 1
    assert 'cannot list resource "pods"' in search.err
    assert "name the Pod with --pod" in search.err
    assert list(gateway.groups()) == ["a"]


def test_error_lists_the_pods_if_several_match(
    cluster: clusters.Cluster, runner: _CommandRunner, namespace: str, pod: str
) -> None:
    other = _create_pod(cluster, namespace, "tidegate-2")
    ran = runner.run("list", account="finder")
    assert ran.status == 1
    assert f"several Pods run ({pod}, {other})" in ran.err


@pytest.mark.usefixtures("pod")
def test_error_reports_a_closed_port_or_a_missing_pod(runner: _CommandRunner) -> None:
    nobody = f"http://h:{ports.free_port()}"
    ran = runner.run("delete", '--match={job="a"}', "--dry-run", f"--gateway.url={nobody}", account="finder")
    assert (ran.status, ran.out) == (1, "")
    assert "check that the Pod listens on this port, and the port in --gateway.url" in ran.err
    missing = runner.run("list", "--pod=nobody")
    assert missing.status == 1
    assert 'pods "nobody" not found' in missing.err
