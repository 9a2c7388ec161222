"""Short constructors for the tables of cases."""

from collections.abc import Mapping

from tests.support.pushgateway import comparisons

PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
"""The content type of a body in protobuf."""


def put(path: str, body: str | bytes = "m 1\n", headers: Mapping[str, str] | None = None) -> comparisons.Request:
    """A push to ``/metrics/<path>`` that replaces the group."""
    return comparisons.Request("PUT", f"/metrics/{path}", _bytes(body), headers)


def post(path: str, body: str | bytes = "m 1\n", headers: Mapping[str, str] | None = None) -> comparisons.Request:
    """A push to ``/metrics/<path>`` that replaces only the families in the body."""
    return comparisons.Request("POST", f"/metrics/{path}", _bytes(body), headers)


def delete(path: str) -> comparisons.Request:
    """The deletion of a group."""
    return comparisons.Request("DELETE", f"/metrics/{path}")


def ask(method: str, path: str) -> comparisons.Request:
    """Any request without a body."""
    return comparisons.Request(method, path)


def _bytes(body: str | bytes) -> bytes:
    return body.encode() if isinstance(body, str) else body
