"""The rights that the operator needs with the settings in force, each with the rule that grants it: pure."""

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
    """Something that our account must be allowed to do.

    :param resource: with its subresource, as rules have it: ``jobs``, ``groupcleanuppolicies/status``.
    :param namespace: empty for all.
    :param loss: what does not work without it.
    :param file: where the rule that grants it is.
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
        """The rule that grants it, as rbac.yaml has it."""
        return f'{{apiGroups: ["{self.group}"], resources: [{self.resource}], verbs: [{self.verb}]}}'


def required(
    operator_settings: settings.OperatorSettings,
    *,
    kinds: Iterable[owner_kinds.Kind],
    scopes: Collection[policies.Scope],
) -> list[Permission]:
    """All of them, in the order of what they are needed for.

    :param watched: the kinds that are to be watched.
    :param scopes: the kinds of policies that the API server has.
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
    own = operator_settings.pod.namespace
    if namespaces and own and own not in namespaces:
        loss = "no Event on the operator's own Pod says that the breaker has tripped"
        permissions.append(_events(own, loss=loss, file="manifests/components/namespaced/rbac.yaml"))
    return permissions


def _for_objects(
    namespace: str, *, operator_settings: settings.OperatorSettings, kinds: Iterable[owner_kinds.Kind]
) -> Iterator[Permission]:
    base = _file(_BASE_COMPONENT, namespace=namespace)
    period = operator_settings.worker.resync_seconds
    for kind in kinds:
        component = _COMPONENTS.get(kind.resource)
        file = "a ClusterRole or Role of yours" if component is None else _file(component, namespace=namespace)
        what = kind.group, kind.plural, namespace
        yield Permission("list", *what, "nothing at all is cleaned up", file)
        yield Permission("watch", *what, f"changes are seen every {period:g} s by the lists alone", file)
    if settings.POD in operator_settings.rules.ownership:
        yield Permission("get", "", "pods", namespace, "no group is found to be a Job's by the name of its pod", base)
    if settings.ADDRESS in operator_settings.rules.ownership:
        loss = "no group is found to be a Job's by the address that it was pushed from"
        yield Permission("list", "", "pods", namespace, loss, base)
        loss = "what a pod pushes while its Job is deleted may have no owner, and each new address is asked about"
        yield Permission("watch", "", "pods", namespace, loss, base)
    yield _events(namespace, loss="no Event tells a Job's author what became of its groups", file=base)


def _for_policies(scope: policies.Scope, *, namespace: str, file: str) -> Iterator[Permission]:
    yield Permission("list", policies.GROUP, scope.plural, namespace, "nothing at all is cleaned up", file)
    loss = "the policies hold, but their status does not say what became of them"
    yield Permission("patch", policies.GROUP, f"{scope.plural}/status", namespace, loss, file)


def _events(namespace: str, *, loss: str, file: str) -> Permission:
    return Permission("create", "events.k8s.io", "events", namespace, loss, file)


def _file(component: str, *, namespace: str) -> str:
    """Where the rules of a component are, or of the base."""
    if not namespace:
        return f"manifests/components/{component}/rbac.yaml" if component else "manifests/base/rbac.yaml"
    suffix = f"-{component.removeprefix('watch-')}" if component else ""
    return f"manifests/components/namespaced/watched{suffix}/rbac.yaml"
