"""The rights of a service account, as the API server reports them to that account."""

from __future__ import annotations

import contextlib
import http
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.support import waiting
from tests.support.kubernetes import admin_client, clusters
from tests.support.manifests import kustomizations, manifest_objects

_RESOURCES = {
    "ServiceAccount": "serviceaccounts",
    "Role": "roles",
    "RoleBinding": "rolebindings",
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
}

Rights = frozenset[str]
"""Each right as `jobs.batch: list watch`."""


def eventually_has(cluster: clusters.Cluster, account: str, *, namespace: str, of: str, expected: Rights) -> None:
    """Wait until the account has exactly these rights: the API server needs a moment to see what was applied."""

    def look() -> bool:
        assert _rights(cluster, account, namespace=namespace, of=of) == expected
        return True

    waiting.eventually(look, why=f"the rights of {account} in {namespace}")


def _rights(cluster: clusters.Cluster, account: str, *, namespace: str, of: str) -> Rights:
    """The rights of the account from namespace `of` in `namespace`, without those that every account has."""
    return _reported(cluster, account, namespace=namespace, of=of) - _reported(
        cluster, "nobody-gave-it-rights", namespace=namespace, of=of
    )


def _reported(cluster: clusters.Cluster, account: str, *, namespace: str, of: str) -> Rights:
    review = cluster.api.request(
        "POST",
        "apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
        body={"spec": {"namespace": namespace}},
        user=f"system:serviceaccount:{of}:{account}",
    )["status"]
    assert not review["incomplete"], review
    verbs: dict[str, set[str]] = defaultdict(set)
    for rule in review["resourceRules"]:
        for place in _places(rule):
            verbs[place] |= set(rule["verbs"])
    for rule in review["nonResourceRules"]:
        for url in rule["nonResourceURLs"]:
            verbs[url] |= set(rule["verbs"])
    return frozenset(f"{place}: {' '.join(sorted(allowed))}" for place, allowed in verbs.items())


def _places(rule: Mapping[str, Sequence[str]]) -> Iterator[str]:
    names = f" {' '.join(rule['resourceNames'])}" if rule.get("resourceNames") else ""
    for group in rule["apiGroups"]:
        for resource in rule["resources"]:
            name, slash, subresource = resource.partition("/")
            yield f"{name}{'.' if group else ''}{group}{slash}{subresource}{names}"


@contextlib.contextmanager
def granted(cluster: clusters.Cluster, folder: Path, *, spaces: Sequence[str] = ()) -> Iterator[str]:
    """Create the RBAC objects of a kustomization under unique names; yield the prefix of these names.

    Only accounts and RBAC objects are created, and only while the block runs, so that other tests are not affected.

    :param spaces: namespaces to create for it.
    """
    prefix = f"t{uuid.uuid4().hex[:8]}-"
    above = kustomizations.write(folder.parent / f"{folder.name}-{prefix}named", resources=[folder], namePrefix=prefix)
    for space in ("tidegate", *spaces):
        _create(cluster, "namespaces", {"metadata": {"name": space}})
    with contextlib.ExitStack() as stack:
        for each in kustomizations.objects(above):
            if each["kind"] in _RESOURCES:
                resource, namespace = _RESOURCES[each["kind"]], each["metadata"].get("namespace")
                _create(cluster, resource, each, namespace=namespace)
                stack.callback(cluster.api.delete, resource, each["metadata"]["name"], namespace=namespace)
        yield prefix


def _create(
    cluster: clusters.Cluster, resource: str, body: manifest_objects.Object, *, namespace: str | None = None
) -> None:
    """Create the object unless it exists, for example because another process has created the namespace."""
    try:
        cluster.api.create(resource, body, namespace=namespace)
    except admin_client.ApiError as error:
        if error.status != http.HTTPStatus.CONFLICT:
            raise
