"""A Prometheus that prometheus-operator made, as a cluster's own monitoring would be: it follows every ServiceMonitor."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from tests.cluster import apis
from tests.node import nodeimages

NAMESPACE = "monitoring"
SCRAPE_INTERVAL = "2s"
_NAME = "main"
_LABELS = {"app.kubernetes.io/name": "prometheus", "prometheus": _NAME}
_READS = [
    {"apiGroups": [""], "resources": ["pods", "services", "endpoints"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["get", "list", "watch"]},
]


def objects(*, replicas: int) -> list[apis.Object]:
    """The Prometheus, its rights and its Service."""
    metadata = {"name": "prometheus", "namespace": NAMESPACE}
    account = {"kind": "ServiceAccount", "name": "prometheus", "namespace": NAMESPACE}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "prometheus"}
    rights = "rbac.authorization.k8s.io/v1"
    spec = {
        "image": nodeimages.PROMETHEUS,
        "version": nodeimages.PROMETHEUS.rpartition(":v")[2],
        "replicas": replicas,
        "serviceAccountName": "prometheus",
        "scrapeInterval": SCRAPE_INTERVAL,
        "evaluationInterval": SCRAPE_INTERVAL,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "fsGroup": 65532},
        # All that there are, in every namespace.
        **{f"{kind}{what}": {} for kind in ("serviceMonitor", "podMonitor", "rule") for what in _SELECTORS},
    }
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        {"apiVersion": rights, "kind": "ClusterRole", "metadata": {"name": "prometheus"}, "rules": _READS},
        {
            "apiVersion": rights,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "prometheus"},
            "roleRef": role,
            "subjects": [account],
        },
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "Prometheus",
            "metadata": {"name": _NAME, "namespace": NAMESPACE},
            "spec": spec,
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": _LABELS, "ports": [{"name": "web", "port": 9090}]},
        },
    ]


_SELECTORS = ("Selector", "NamespaceSelector")


class Prometheus:
    """Its query API, asked through the API server: nothing else of the cluster has to be reachable.

    :param kubectl: runs kubectl and returns what it printed.
    """

    def __init__(self, kubectl: Callable[..., str]) -> None:
        self._kubectl = kubectl

    def targets(self, job: str) -> list[dict[str, Any]]:
        """The active targets of this scrape job's Service."""
        found = self._get("targets?state=active")["activeTargets"]
        return [each for each in found if each["labels"].get("job") == job or each["discoveredLabels"].get("job") == job]

    def values(self, query: str) -> list[float]:
        """What the query is now, a value for each series."""
        return [float(each["value"][1]) for each in self._get(f"query?query={quote(query, safe='')}")["result"]]

    def last(self, selector: str, *, within: str = "30m") -> float | None:
        """The last value that it ever read of this series, which may be over."""
        return next(iter(self.values(f"last_over_time({selector}[{within}])")), None)

    def is_over(self, selector: str) -> bool:
        """Whether the series has been marked stale, or never was."""
        return not self.values(selector)

    def _get(self, path: str) -> dict[str, Any]:
        place = f"/api/v1/namespaces/{NAMESPACE}/services/prometheus:web/proxy/api/v1/{path}"
        answer = json.loads(self._kubectl("get", "--raw", place))
        found: dict[str, Any] = answer["data"]
        return found
