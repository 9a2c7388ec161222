"""A thin, fast admin client of the Kubernetes API: JSON in and out, one persistent connection per thread."""

import contextlib
import http.client
import json
import ssl
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from tests.support.kubernetes import certificates

Object = dict[str, Any]
"""A Kubernetes object as JSON."""

_PREFIXES = {
    "namespaces": "api/v1",
    "nodes": "api/v1",
    "pods": "api/v1",
    "configmaps": "api/v1",
    "secrets": "api/v1",
    "serviceaccounts": "api/v1",
    "services": "api/v1",
    "deployments": "apis/apps/v1",
    "jobs": "apis/batch/v1",
    "cronjobs": "apis/batch/v1",
    "events": "apis/events.k8s.io/v1",
    "clusterroles": "apis/rbac.authorization.k8s.io/v1",
    "clusterrolebindings": "apis/rbac.authorization.k8s.io/v1",
    "roles": "apis/rbac.authorization.k8s.io/v1",
    "rolebindings": "apis/rbac.authorization.k8s.io/v1",
    "customresourcedefinitions": "apis/apiextensions.k8s.io/v1",
    "groupcleanuppolicies": "apis/tidegate.dev/v1alpha1",
    "clustergroupcleanuppolicies": "apis/tidegate.dev/v1alpha1",
}
"""The path prefix of each resource; use `Api.request` for any other."""

_TIMEOUT_SECONDS = 60.0
MERGE_PATCH = "application/merge-patch+json"

UNREACHABLE = (OSError, http.client.HTTPException)
"""Errors that a call raises while the API server is down."""


class ApiError(Exception):
    """An error response of the API server; `status` is its HTTP status, `reason` that of the Status object."""

    def __init__(self, status: int, *, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason


class Api:
    """Every call raises `ApiError` for an error response, and one of `UNREACHABLE` without a response."""

    def __init__(self, login: certificates.Login) -> None:
        self._login = login
        self._tls = ssl.create_default_context(cafile=str(login.ca))
        self._tls.load_cert_chain(login.pair.cert, login.pair.key)
        self._local = threading.local()
        self._connections: list[http.client.HTTPSConnection] = []

    def get(self, resource: str, name: str, *, namespace: str | None = None) -> Object:
        """Read one object."""
        return self.request("GET", _path(resource, namespace, name))

    def find(self, resource: str, name: str, *, namespace: str | None = None) -> Object | None:
        """Read one object, or None if it does not exist."""
        try:
            return self.get(resource, name, namespace=namespace)
        except ApiError as error:
            if error.status == http.HTTPStatus.NOT_FOUND:
                return None
            raise

    def list(
        self, resource: str, *, namespace: str | None = None, labels: str | None = None, fields: str | None = None
    ) -> list[Object]:
        """All matching objects of a namespace, or of all namespaces."""
        selectors = {"labelSelector": labels, "fieldSelector": fields}
        query = {name: text for name, text in selectors.items() if text is not None}
        items: list[Object] = self.request("GET", _path(resource, namespace), query=query)["items"]
        return items

    def create(self, resource: str, body: Object, *, namespace: str | None = None) -> Object:
        """Create an object; the result has its uid."""
        return self.request("POST", _path(resource, namespace), body=body)

    def patch(self, resource: str, name: str, body: Object, *, namespace: str | None = None) -> Object:
        """Merge `body` into an object (a null deletes)."""
        return self.request("PATCH", _path(resource, namespace, name), body=body, content_type=MERGE_PATCH)

    def delete(
        self,
        resource: str,
        name: str,
        *,
        namespace: str | None = None,
        propagation: str = "Background",
        grace: int | None = None,
    ) -> None:
        """Delete an object; by default its dependents are deleted in the background. `grace` is in seconds."""
        options: Object = {"propagationPolicy": propagation}
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        self.request("DELETE", _path(resource, namespace, name), body=options)

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Object | None = None,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        user: str | None = None,
    ) -> Object:
        """Any other call; `path` has no leading slash. A response that is not a JSON object is returned as `text`.

        :param user: user whose rights apply to the call, instead of the admin's.
        """
        headers = {"Content-Type": content_type, **({"Impersonate-User": user} if user is not None else {})}
        target = f"/{path}?{urlencode(query)}" if query else f"/{path}"
        status, answer = self._exchange(method, target, json.dumps(body).encode() if body is not None else b"", headers)
        parsed: Object = json.loads(answer) if answer.startswith(b"{") else {"text": answer.decode()}
        if status >= http.HTTPStatus.BAD_REQUEST:
            raise ApiError(status, reason=parsed.get("reason", ""), message=parsed.get("message", str(parsed)))
        return parsed

    def close(self) -> None:
        """Close the connections of all threads; a later call opens new ones."""
        for connection in self._connections:
            connection.close()

    def _exchange(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        connection = self._connection()
        if connection.sock is not None and _closed_by_peer(connection):
            connection.close()
        try:
            connection.request(method, target, body=body or None, headers=dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        except BaseException:
            connection.close()
            raise

    def _connection(self) -> http.client.HTTPSConnection:
        if not hasattr(self._local, "connection"):
            self._local.connection = http.client.HTTPSConnection(
                self._login.host, self._login.port, context=self._tls, timeout=_TIMEOUT_SECONDS
            )
            self._connections.append(self._local.connection)
        connection: http.client.HTTPSConnection = self._local.connection
        return connection


def _path(resource: str, namespace: str | None, name: str | None = None) -> str:
    within = ["namespaces", namespace] if namespace is not None else []
    return "/".join([_PREFIXES[resource], *within, resource, *([name] if name is not None else [])])


def _closed_by_peer(connection: http.client.HTTPSConnection) -> bool:
    """Whether an idle connection is readable, which means that the API server has closed it."""
    sock = connection.sock
    assert isinstance(sock, ssl.SSLSocket)
    sock.setblocking(False)
    try:
        with contextlib.suppress(ssl.SSLWantReadError):
            return sock.recv(1) == b""
    except OSError:
        return True
    finally:
        sock.settimeout(_TIMEOUT_SECONDS)
    return False
