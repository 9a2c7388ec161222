"""Policies on the real API server: owners, cleanup rules, and the status of the policy."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import components, environments, waiting
from tests.support.jobs import single_namespace
from tests.support.kubernetes import admin_client, clusters
from tests.support.manifests import kustomizations, service_account_rights
from tidegate.operator.policy import policies

_NAMESPACED, _CLUSTER = policies.Scope
_OWN, _VALUE = "example.com/app", "an.app"
"""A label of the Jobs that the policies select."""


@pytest.fixture(scope="module")
def with_policies(
    policy_kinds: clusters.LocalCluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[components.Components]:
    """Components whose operator may read policies and write their status."""
    folder = tmp_path_factory.mktemp("policies")
    overlay = kustomizations.write(folder / "overlay", components=["policies"])
    with service_account_rights.granted(policy_kinds, overlay) as prefix:
        kubeconfig = policy_kinds.kubeconfig_for(f"{prefix}tidegate", namespace="tidegate")
        with components.Components(policy_kinds, folder, kubeconfig=kubeconfig) as running:
            yield running


@pytest.fixture
def environment(with_policies: components.Components, tmp_path: Path) -> Iterator[environments.Environment]:
    with environments.opened(with_policies, tmp_path) as opened:
        opened.start()
        yield opened


@pytest.fixture
def declare(environment: environments.Environment) -> Iterator["Declare"]:
    """Creates policies; cluster policies are deleted after the test."""
    created = Declare(environment)
    yield created
    created.end()


class Declare:
    """Creates policies that select the Jobs with this module's label."""

    def __init__(self, environment: environments.Environment) -> None:
        self._api = environment.api
        self._push = environment.push
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
        self._api.create(scope.plural, body, namespace=within)
        if scope is _CLUSTER:
            self._made.append(name)
        return name

    def change(self, name: str, **spec: Any) -> None:
        self._api.patch(_NAMESPACED.plural, name, {"spec": spec}, namespace=self._push.namespace)

    def status(self, name: str) -> admin_client.Object:
        found = self._api.get(_NAMESPACED.plural, name, namespace=self._push.namespace)
        status: admin_client.Object = found.get("status", {})
        return status

    def accepted(self, name: str) -> None:
        """Wait until the operator has accepted a policy."""
        waiting.eventually(lambda: self.status(name).get("conditions"), why=f"{name} to be read", timeout=60.0)

    def end(self) -> None:
        for name in self._made:
            self._api.delete(_CLUSTER.plural, name)


def test_policy_defines_the_groups_of_a_job_and_reports_them_in_its_status(
    environment: environments.Environment, declare: Declare
) -> None:
    name, group = environment.push.unique("policied"), environment.push.unique("named-by-the-policy")
    policy = declare(groups=['job={{.metadata.labels["example.com/group"]}}'])
    declare.accepted(policy)
    environment.push.job(name, group=group, labels={_OWN: _VALUE, "example.com/group": group}, runs_on=True)
    waiting.eventually(
        lambda: declare.status(policy)["matchedGroups"] == 1, why="its group to be counted", timeout=60.0
    )
    assert declare.status(policy)["matchedJobs"] == 1
    environment.push.delete(name)
    environment.wait_until_deleted(group)
    waiting.eventually(
        lambda: declare.status(policy).get("lastAction", {}).get("type") == "Deleted", why="its deletion to be told"
    )
    status = declare.status(policy)
    assert status["lastAction"]["group"] == f'{{job="{group}"}}'
    assert {each["type"]: each["status"] for each in status["conditions"]} == {"Accepted": "True", "Ready": "True"}


def test_namespace_policy_overrides_the_cluster_policy_and_changes_take_effect(
    environment: environments.Environment, declare: Declare
) -> None:
    name = environment.push.unique("kept-by-policy")
    declare(scope=_CLUSTER, when="OnCompletion")
    policy = declare(when="OnDeletion")
    declare.accepted(policy)
    environment.push.job(name, labels={_OWN: _VALUE})
    environment.push.wait_until_finished(name)
    environment.wait_for_full_pass()
    assert environment.gateway.groups()[name]["drain_pushed_revision"] is None
    declare.change(policy, when="OnCompletion")
    environment.wait_until_deleted(name)


def test_job_with_a_failed_template_keeps_its_groups_and_the_policy_reports_it(
    environment: environments.Environment, declare: Declare
) -> None:
    name = environment.push.unique("without-the-label")
    policy = declare(groups=["job={{.metadata.labels.lacking}}"])
    declare.accepted(policy)
    environment.push.job(name, labels={_OWN: _VALUE})
    environment.push.wait_until_finished(name)
    environment.wait_for_full_pass()
    assert not environment.gateway.groups()[name]["claims"]

    def is_reported() -> bool:
        return any(each["reason"] == "TemplateUnfilled" for each in declare.status(policy)["conditions"])

    waiting.eventually(is_reported, why="the status to say so", timeout=60.0)


def test_annotation_overrides_every_policy(environment: environments.Environment, declare: Declare) -> None:
    name = environment.push.unique("annotated")
    declare.accepted(declare(when="Never"))
    environment.push.job(name, labels={_OWN: _VALUE}, annotations={"tidegate.dev/cleanup": "on-completion"})
    environment.push.wait_until_finished(name)
    environment.wait_until_deleted(name)


def test_operator_for_one_namespace_reads_namespace_and_cluster_policies(
    policy_kinds: clusters.LocalCluster, own_namespace: str, tmp_path: Path
) -> None:
    body = {
        "apiVersion": "tidegate.dev/v1alpha1",
        "kind": "GroupCleanupPolicy",
        "metadata": {"name": "it"},
        "spec": {"drainTimeout": "2m"},
    }
    policy_kinds.api.create("groupcleanuppolicies", body, namespace=own_namespace)
    with single_namespace.started(policy_kinds, tmp_path, namespace=own_namespace, policies=True) as environment:
        waiting.eventually(
            lambda: policy_kinds.api.get("groupcleanuppolicies", "it", namespace=own_namespace).get("status"),
            why="the policy's status",
        )
        single_namespace.assert_watches(environment, environment.push.unique("narrow-with-policies"))
    assert "orbidden" not in environment.operator.log()
