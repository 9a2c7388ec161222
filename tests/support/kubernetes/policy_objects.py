"""Policies on the API server, valid or not."""

from __future__ import annotations

from typing import Any

from tests.support.kubernetes import admin_client, clusters
from tidegate.operator.policy import policies


def body(spec: Any, *, scope: policies.Scope = policies.Scope.NAMESPACE, name: str = "it") -> admin_client.Object:
    """The object to create."""
    version = f"{policies.GROUP}/{policies.VERSION}"
    return {"apiVersion": version, "kind": scope.value, "metadata": {"name": name}, "spec": spec}


def create(
    cluster: clusters.Cluster,
    spec: Any,
    *,
    namespace: str,
    scope: policies.Scope = policies.Scope.NAMESPACE,
    name: str = "it",
    dry_run: bool = False,
) -> admin_client.Object:
    """Create a policy, or only validate it; return it with the defaults of its CRD."""
    within = f"namespaces/{namespace}/" if scope is policies.Scope.NAMESPACE else ""
    path = f"apis/{policies.GROUP}/{policies.VERSION}/{within}{scope.plural}"
    query = {"dryRun": "All"} if dry_run else {}
    return cluster.api.request("POST", path, body=body(spec, scope=scope, name=name), query=query)
