"""The rights that the operator needs with the settings in force, each with the rule that grants it: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from tidegate import settings
from tidegate.operator.objects import owner_kinds
from tidegate.operator.policy import policies

_BASE = ""
_COMPONENTS = {
    owner_kinds.JOB.resource: _BASE,
    owner_kinds.CRONJOB.resource: _BASE,
    owner_kinds.POD.resource: "watch-pods",
    owner_kinds.WORKFLOW.resource: "watch-argo-workflows",
    owner_kinds.TASKRUN.resource: "watch-tekton-taskruns",
}


class Right(NamedTuple):
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
    loss: str
    file: str

    def __str__(self) -> str:
        """``watch jobs.batch in all namespaces``."""
        name = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {name} in {f'namespace {self.namespace}' if self.namespace else 'all namespaces'}"

    @property
    def rule(self) -> str:
        """The rule that grants it, as rbac.yaml has it."""
        return f'{{apiGroups: ["{self.group}"], resources: [{self.resource}], verbs: [{self.verb}]}}'


def needed(
    chosen: settings.OperatorSettings, *, watched: Iterable[owner_kinds.Kind], scopes: Collection[policies.Scope]
) -> list[Right]:
    """All of them, in the order of what they are needed for.

    :param watched: the kinds that are to be watched.
    :param scopes: the kinds of policies that the API server has.
    """
    namespaces = chosen.kubernetes.namespaces
    found: list[Right] = []
    for namespace in namespaces or ("",):
        found += _for_objects(namespace, chosen=chosen, watched=watched)
        if policies.Scope.NAMESPACE in scopes:
            file = _file("policies", namespace=namespace)
            found += _for_policies(policies.Scope.NAMESPACE, namespace=namespace, file=file)
    if policies.Scope.CLUSTER in scopes:
        folder = "components/namespaced/policies" if namespaces else "components/policies"
        found += _for_policies(policies.Scope.CLUSTER, namespace="", file=f"manifests/{folder}/rbac.yaml")
    own = chosen.pod.namespace
    if namespaces and own and own not in namespaces:
        loss = "no Event on the operator's own Pod says that the breaker has tripped"
        found.append(_events(own, loss=loss, file="manifests/components/namespaced/rbac.yaml"))
    return found


def _for_objects(
    namespace: str, *, chosen: settings.OperatorSettings, watched: Iterable[owner_kinds.Kind]
) -> Iterator[Right]:
    base = _file(_BASE, namespace=namespace)
    period = chosen.worker.resync_seconds
    for kind in watched:
        component = _COMPONENTS.get(kind.resource)
        file = "a ClusterRole or Role of yours" if component is None else _file(component, namespace=namespace)
        what = kind.group, kind.plural, namespace
        yield Right("list", *what, "nothing at all is cleaned up", file)
        yield Right("watch", *what, f"changes are seen every {period:g} s by the lists alone", file)
    if settings.POD in chosen.rules.ownership:
        yield Right("get", "", "pods", namespace, "no group is found to be a Job's by the name of its pod", base)
    if settings.ADDRESS in chosen.rules.ownership:
        loss = "no group is found to be a Job's by the address that it was pushed from"
        yield Right("list", "", "pods", namespace, loss, base)
        loss = "what a pod pushes while its Job is deleted may have no owner, and each new address is asked about"
        yield Right("watch", "", "pods", namespace, loss, base)
    yield _events(namespace, loss="no Event tells a Job's author what became of its groups", file=base)


def _for_policies(scope: policies.Scope, *, namespace: str, file: str) -> Iterator[Right]:
    yield Right("list", policies.GROUP, scope.plural, namespace, "nothing at all is cleaned up", file)
    loss = "the policies hold, but their status does not say what became of them"
    yield Right("patch", policies.GROUP, f"{scope.plural}/status", namespace, loss, file)


def _events(namespace: str, *, loss: str, file: str) -> Right:
    return Right("create", "events.k8s.io", "events", namespace, loss, file)


def _file(component: str, *, namespace: str) -> str:
    """Where the rules of a component are, or of the base."""
    if not namespace:
        return f"manifests/components/{component}/rbac.yaml" if component else "manifests/base/rbac.yaml"
    suffix = f"-{component.removeprefix('watch-')}" if component else ""
    return f"manifests/components/namespaced/watched{suffix}/rbac.yaml"
