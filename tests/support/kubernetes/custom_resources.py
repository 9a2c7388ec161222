"""A custom resource kind for tests, ``Run``, that is created and deleted with its CRD."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator

from tests.support import waiting
from tests.support.kubernetes import admin_client, clusters

_RBAC = "rbac.authorization.k8s.io"


class Runs:
    """Objects that are finished when their condition ``Done`` is true. Only the test writes their status.

    :ivar watch: the value of `--watch` for this kind.
    :ivar kind: the kind in owners.
    """

    def __init__(self, cluster: clusters.Cluster, *, group: str) -> None:
        self._api = cluster.api
        self.group = group
        self.watch = f"{group}/v1/runs:status.conditions.Done"
        self.kind = f"Run.{group}"

    @contextlib.contextmanager
    def granted(self, *, to: str = "tidegate") -> Iterator[None]:
        """Grant this ServiceAccount of namespace tidegate the right to list and watch the kind, defined or not."""
        name = f"tidegate-{self.group}"
        account = {"kind": "ServiceAccount", "name": to, "namespace": "tidegate"}
        rule = {"apiGroups": [self.group], "resources": ["runs"], "verbs": ["list", "watch"]}
        role = {"apiVersion": f"{_RBAC}/v1", "metadata": {"name": name}}
        reference = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": name}
        self._api.create("clusterroles", {**role, "kind": "ClusterRole", "rules": [rule]})
        try:
            binding = {**role, "kind": "ClusterRoleBinding", "roleRef": reference, "subjects": [account]}
            self._api.create("clusterrolebindings", binding)
            try:
                yield
            finally:
                self._api.delete("clusterrolebindings", name)
        finally:
            self._api.delete("clusterroles", name)

    @contextlib.contextmanager
    def defined(self) -> Iterator[None]:
        """Create the CRD and wait until the kind is served; delete it afterwards."""
        self._api.create("customresourcedefinitions", self._definition())
        try:
            waiting.eventually(
                self._is_served, why=f"runs.{self.group} to be served", retry_on=(admin_client.ApiError,)
            )
            yield
        finally:
            self._api.delete("customresourcedefinitions", f"runs.{self.group}")
            waiting.eventually(self._is_removed, why=f"runs.{self.group} to be deleted")

    def create(self, name: str, *, namespace: str, done: str | None = None) -> admin_client.Object:
        """Create an object; ``done`` is the initial status of its condition."""
        body = {"apiVersion": f"{self.group}/v1", "kind": "Run", "metadata": {"name": name}}
        created = self._api.request("POST", self._path(namespace), body=body)
        return created if done is None else self.set_done(name, namespace=namespace, done=done)

    def set_done(self, name: str, *, namespace: str, done: str = "True") -> admin_client.Object:
        """Set the status of its condition."""
        condition = {"type": "Done", "status": done, "lastTransitionTime": _now()}
        body = {"status": {"conditions": [condition]}}
        path = f"{self._path(namespace, name)}/status"
        return self._api.request("PATCH", path, body=body, content_type=admin_client.MERGE_PATCH)

    def delete(self, name: str, *, namespace: str) -> None:
        self._api.request("DELETE", self._path(namespace, name))

    def reference(self, run: admin_client.Object) -> admin_client.Object:
        """The owner reference for an object that it controls."""
        metadata = run["metadata"]
        named = {"apiVersion": f"{self.group}/v1", "kind": "Run", "name": metadata["name"], "uid": metadata["uid"]}
        return {**named, "controller": True}

    def _path(self, namespace: str, name: str | None = None) -> str:
        path = f"apis/{self.group}/v1/namespaces/{namespace}/runs"
        return path if name is None else f"{path}/{name}"

    def _is_served(self) -> bool:
        served = self._api.request("GET", f"apis/{self.group}/v1")["resources"]
        return any(resource["name"] == "runs" for resource in served)

    def _is_removed(self) -> bool:
        try:
            self._api.request("GET", f"apis/{self.group}/v1")
        except admin_client.ApiError:
            return True
        return False

    def _definition(self) -> admin_client.Object:
        anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        schema = {"type": "object", "properties": {"spec": anything, "status": anything}}
        version = {
            "name": "v1",
            "served": True,
            "storage": True,
            "subresources": {"status": {}},
            "schema": {"openAPIV3Schema": schema},
        }
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"runs.{self.group}"},
            "spec": {
                "group": self.group,
                "scope": "Namespaced",
                "names": {"plural": "runs", "singular": "run", "kind": "Run"},
                "versions": [version],
            },
        }


def _now() -> str:
    return datetime.datetime.now(tz=datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
