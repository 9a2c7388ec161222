"""Policies on the real API server: owners, cleanup rules, and the status of the policy."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import repository, waiting
from tests.support.jobs import pushing_jobs, sentinel_jobs
from tests.support.kubernetes import admin_client, clusters
from tests.support.processes import tidegate_processes
from tidegate.operator.policy import policies

_RIGHTS = repository.MANIFESTS / "components" / "policies" / "rbac.yaml"
_NAMESPACED, _CLUSTER = policies.Scope
_OWN, _VALUE = "example.com/app", "an.app"
"""A label of the Jobs that the policies select."""

pytestmark = pytest.mark.usefixtures("rights", "operator", "server")


@pytest.fixture
def rights(
    policy_kinds: clusters.Cluster,
    operator_kubeconfig: Path,  # noqa: ARG001 - it makes the account that the rights are given to
) -> Iterator[None]:
    """Allow the operator to read policies and to write their status."""
    policy_kinds.kubectl("apply", "-f", _RIGHTS)
    yield
    policy_kinds.kubectl("delete", "-f", _RIGHTS)


@pytest.fixture
def declare(cluster: clusters.Cluster, push: pushing_jobs.Pushers) -> Iterator["Declare"]:
    """Creates policies; cluster policies are deleted after the test."""
    created = Declare(cluster, push)
    yield created
    created.end()


class Declare:
    """Creates policies that select the Jobs with this module's label."""

    def __init__(self, cluster: clusters.Cluster, push: pushing_jobs.Pushers) -> None:
        self._cluster = cluster
        self._push = push
        self._made: list[str] = []

    def __call__(self, *, scope: policies.Scope = _NAMESPACED, **spec: Any) -> str:
        name = self._push.unique(scope.name.lower())
        body = {
            "apiVersion": f"{policies.GROUP}/{policies.VERSION}",
            "kind": scope.value,
            "metadata": {"name": name},
            "spec": {"selector": {"matchLabels": {_OWN: _VALUE}}, **spec},
        }
        within = self._push.namespace if scope is _NAMESPACED else None
        self._cluster.api.create(scope.plural, body, namespace=within)
        if scope is _CLUSTER:
            self._made.append(name)
        return name

    def change(self, name: str, **spec: Any) -> None:
        self._cluster.api.patch(_NAMESPACED.plural, name, {"spec": spec}, namespace=self._push.namespace)

    def status(self, name: str) -> admin_client.Object:
        found = self._cluster.api.get(_NAMESPACED.plural, name, namespace=self._push.namespace)
        status: admin_client.Object = found.get("status", {})
        return status

    def accepted(self, name: str) -> None:
        """Wait until the operator has accepted a policy."""
        waiting.eventually(lambda: self.status(name).get("conditions"), why=f"{name} to be read", timeout=20.0)

    def end(self) -> None:
        for name in self._made:
            self._cluster.api.delete(_CLUSTER.plural, name)


def _eventually_deleted(gateway: tidegate_processes.Gateway, name: str) -> None:
    waiting.eventually(lambda: name not in gateway.groups(), why=f"{name} to go", timeout=40.0)


def test_policy_defines_the_groups_of_a_job_and_reports_them_in_its_status(
    push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway, declare: Declare
) -> None:
    name, group = push.unique("policied"), push.unique("named-by-the-policy")
    policy = declare(groups=['job={{.metadata.labels["example.com/group"]}}'])
    declare.accepted(policy)
    push.job(name, group=group, labels={_OWN: _VALUE, "example.com/group": group}, runs_on=True)
    waiting.eventually(lambda: declare.status(policy)["matchedGroups"] == 1, why="its group to be counted", timeout=20)
    assert declare.status(policy)["matchedJobs"] == 1
    push.delete(name)
    _eventually_deleted(gateway, group)
    waiting.eventually(
        lambda: declare.status(policy).get("lastAction", {}).get("type") == "Deleted", why="its deletion to be told"
    )
    status = declare.status(policy)
    assert status["lastAction"]["group"] == f'{{job="{group}"}}'
    assert {each["type"]: each["status"] for each in status["conditions"]} == {"Accepted": "True", "Ready": "True"}


def test_namespace_policy_overrides_the_cluster_policy_and_changes_take_effect(
    push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway, declare: Declare
) -> None:
    name = push.unique("kept-by-policy")
    declare(scope=_CLUSTER, when="OnCompletion")
    policy = declare(when="OnDeletion")
    declare.accepted(policy)
    push.job(name, labels={_OWN: _VALUE})
    push.wait_until_finished(name)
    sentinel_jobs.wait_for_full_pass(push, gateway)
    assert gateway.groups()[name]["drain_pushed_revision"] is None
    declare.change(policy, when="OnCompletion")
    _eventually_deleted(gateway, name)


def test_job_with_a_failed_template_keeps_its_groups_and_the_policy_reports_it(
    push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway, declare: Declare
) -> None:
    name = push.unique("without-the-label")
    policy = declare(groups=["job={{.metadata.labels.lacking}}"])
    declare.accepted(policy)
    push.job(name, labels={_OWN: _VALUE})
    push.wait_until_finished(name)
    sentinel_jobs.wait_for_full_pass(push, gateway)
    assert not gateway.groups()[name]["claims"]

    def is_reported() -> bool:
        return any(each["reason"] == "TemplateUnfilled" for each in declare.status(policy)["conditions"])

    waiting.eventually(is_reported, why="the status to say so", timeout=20.0)


def test_annotation_overrides_every_policy(
    push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway, declare: Declare
) -> None:
    name = push.unique("annotated")
    declare.accepted(declare(when="Never"))
    push.job(name, labels={_OWN: _VALUE}, annotations={"tidegate.dev/cleanup": "on-completion"})
    push.wait_until_finished(name)
    _eventually_deleted(gateway, name)
