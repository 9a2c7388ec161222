"""The permissions that the operator needs with its settings, each with the RBAC rule that grants it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from tidegate import settings
from tidegate.operator.objects import owner_kinds
from tidegate.operator.policy import policies

_BASE_COMPONENT = ""
_COMPONENTS = {
    owner_kinds.JOB.resource: _BASE_COMPONENT,
    owner_kinds.CRONJOB.resource: _BASE_COMPONENT,
    owner_kinds.POD.resource: "watch-pods",
    owner_kinds.WORKFLOW.resource: "watch-argo-workflows",
    owner_kinds.TASKRUN.resource: "watch-tekton-taskruns",
}


class Permission(NamedTuple):
    """A permission that the operator's service account needs.

    :param resource: the resource and its subresource, as in RBAC rules: ``jobs``, ``groupcleanuppolicies/status``.
    :param namespace: empty for all namespaces.
    :param consequence: the effect of the missing permission.
    :param file: the manifest with the rule that grants it.
    """

    verb: str
    group: str
    resource: str
    namespace: str
    consequence: str
    file: str

    def __str__(self) -> str:
        """``watch jobs.batch in all namespaces``."""
        name = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {name} in {f'namespace {self.namespace}' if self.namespace else 'all namespaces'}"

    @property
    def rule(self) -> str:
        """The rule that grants the permission, as in rbac.yaml."""
        return f'{{apiGroups: ["{self.group}"], resources: [{self.resource}], verbs: [{self.verb}]}}'


def required(
    operator_settings: settings.OperatorSettings,
    *,
    kinds: Iterable[owner_kinds.Kind],
    scopes: Collection[policies.Scope],
) -> list[Permission]:
    """The permissions that the operator needs, ordered by purpose.

    :param kinds: the kinds to watch.
    :param scopes: the kinds of policies that the API server serves.
    """
    namespaces = operator_settings.kubernetes.namespaces
    permissions: list[Permission] = []
    for namespace in namespaces or ("",):
        permissions += _for_objects(namespace, operator_settings=operator_settings, kinds=kinds)
        if policies.Scope.NAMESPACE in scopes:
            file = _file("policies", namespace=namespace)
            permissions += _for_policies(policies.Scope.NAMESPACE, namespace=namespace, file=file)
    if policies.Scope.CLUSTER in scopes:
        folder = "components/namespaced/policies" if namespaces else "components/policies"
        permissions += _for_policies(policies.Scope.CLUSTER, namespace="", file=f"manifests/{folder}/rbac.yaml")
    pod_namespace = operator_settings.pod.namespace
    if namespaces and pod_namespace and pod_namespace not in namespaces:
        consequence = "no Event on the operator's own Pod reports that the circuit breaker tripped"
        permissions.append(
            _events(pod_namespace, consequence=consequence, file="manifests/components/namespaced/rbac.yaml")
        )
    return permissions


def _for_objects(
    namespace: str, *, operator_settings: settings.OperatorSettings, kinds: Iterable[owner_kinds.Kind]
) -> Iterator[Permission]:
    base = _file(_BASE_COMPONENT, namespace=namespace)
    period = operator_settings.worker.resync_seconds
    for kind in kinds:
        component = _COMPONENTS.get(kind.resource)
        file = "your own ClusterRole or Role" if component is None else _file(component, namespace=namespace)
        resource = kind.group, kind.plural, namespace
        yield Permission("list", *resource, "no groups are cleaned up", file)
        yield Permission("watch", *resource, f"changes are detected by resyncs only, every {period:g} s", file)
    if settings.POD in operator_settings.rules.ownership:
        yield Permission("get", "", "pods", namespace, "the ownership rule `pod` matches no groups", base)
    if settings.ADDRESS in operator_settings.rules.ownership:
        consequence = "the ownership rule `address` matches no groups"
        yield Permission("list", "", "pods", namespace, consequence, base)
        consequence = "pushes of pods whose Job is being deleted may have no owner, and each new address is looked up"
        yield Permission("watch", "", "pods", namespace, consequence, base)
    yield _events(namespace, consequence="no Events report the draining and the deletion of a Job's groups", file=base)


def _for_policies(scope: policies.Scope, *, namespace: str, file: str) -> Iterator[Permission]:
    yield Permission("list", policies.GROUP, scope.plural, namespace, "no groups are cleaned up", file)
    consequence = "policies apply, but their status is not updated"
    yield Permission("patch", policies.GROUP, f"{scope.plural}/status", namespace, consequence, file)


def _events(namespace: str, *, consequence: str, file: str) -> Permission:
    return Permission("create", "events.k8s.io", "events", namespace, consequence, file)


def _file(component: str, *, namespace: str) -> str:
    """The path of the rules of a component, or of the base."""
    if not namespace:
        return f"manifests/components/{component}/rbac.yaml" if component else "manifests/base/rbac.yaml"
    suffix = f"-{component.removeprefix('watch-')}" if component else ""
    return f"manifests/components/namespaced/watched{suffix}/rbac.yaml"
