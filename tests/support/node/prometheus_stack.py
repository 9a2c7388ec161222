"""A Prometheus managed by prometheus-operator that selects every ServiceMonitor, as a cluster's own monitoring does."""

import contextlib
import functools
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from tests.support import waiting
from tests.support.kubernetes import admin_client, clusters
from tests.support.node import node_images, target_clusters

NAMESPACE = "monitoring"
SCRAPE_INTERVAL = "2s"
REPLICAS = 2
FOLLOWED_SECONDS = 240.0
"""Time limit until a changed ServiceMonitor reaches Prometheus: mounted Secrets are refreshed slowly."""
_NAME = "main"
_SERVICE = "__meta_kubernetes_service_name"
_READS = [
    {"apiGroups": [""], "resources": ["pods", "services", "endpoints"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["get", "list", "watch"]},
]


@contextlib.contextmanager
def installed(place: target_clusters.Place, *, image: str | None) -> Iterator["Prometheus"]:
    """Install prometheus-operator with its own manifest, and a Prometheus; delete both afterwards.

    :param image: image of Prometheus, if the operator's default image is not available.
    """
    bundle = node_images.bundle().path
    place.kubectl("apply", "--server-side", f"--filename={bundle}")
    place.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    objects = _objects(image=image)
    place.apply(objects)
    try:
        yield Prometheus(place)
    finally:
        if place.remains:
            listed = {"apiVersion": "v1", "kind": "List", "items": objects}
            place.kubectl("delete", "--ignore-not-found", "--wait=false", "--filename=-", stdin=json.dumps(listed))
            place.kubectl("delete", "--ignore-not-found", "--wait=false", f"--filename={bundle}")


def _objects(*, image: str | None) -> list[admin_client.Object]:
    """The Prometheus and its RBAC objects."""
    metadata = {"name": "prometheus", "namespace": NAMESPACE}
    account = {"kind": "ServiceAccount", "name": "prometheus", "namespace": NAMESPACE}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "prometheus"}
    rights = "rbac.authorization.k8s.io/v1"
    spec = {
        **({"image": image, "version": image.rpartition(":v")[2]} if image else {}),
        "replicas": REPLICAS,
        "serviceAccountName": "prometheus",
        "scrapeInterval": SCRAPE_INTERVAL,
        "evaluationInterval": SCRAPE_INTERVAL,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "fsGroup": 65532},
        # Select all of them, in every namespace.
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
    ]


_SELECTORS = ("Selector", "NamespaceSelector")


class Prometheus:
    """The query API of Prometheus, through the API server, so that nothing else in the cluster must be reachable."""

    def __init__(self, place: target_clusters.Place) -> None:
        self._place = place

    def followed(self, job: str, *, targets: int) -> list[dict[str, Any]]:
        """Wait until each replica scrapes this many healthy targets of this Service; return those of one replica."""

        def up(replica: int) -> list[dict[str, Any]]:
            found = [each for each in self._targets(replica) if each["discoveredLabels"].get(_SERVICE) == job]
            assert len(found) == targets
            assert {each["health"] for each in found} == {"up"}
            return found

        for replica in range(REPLICAS):
            seen = waiting.eventually(
                functools.partial(up, replica),
                why=f"replica {replica} to scrape {job}",
                timeout=FOLLOWED_SECONDS,
                interval=1.0,
                retry_on=(clusters.KubectlError,),
            )
        return seen

    def last(self, selector: str) -> list[float]:
        """The last value of this series in each replica, even if the series has ended."""
        found = [self._values(replica, f"last_over_time({selector}[30m])") for replica in range(REPLICAS)]
        return [value for values in found for value in values]

    def is_stale(self, selector: str) -> bool:
        """Whether the series is stale or missing in every replica."""
        return not any(self._values(replica, selector) for replica in range(REPLICAS))

    def _targets(self, replica: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._get(replica, "targets?state=active")["activeTargets"]
        return found

    def _values(self, replica: int, query: str) -> list[float]:
        found = self._get(replica, f"query?query={quote(query, safe='')}")["result"]
        return [float(each["value"][1]) for each in found]

    def _get(self, replica: int, path: str) -> dict[str, Any]:
        pod = f"/api/v1/namespaces/{NAMESPACE}/pods/prometheus-{_NAME}-{replica}:9090/proxy/api/v1/{path}"
        answer = json.loads(self._place.kubectl("get", "--raw", pod))
        found: dict[str, Any] = answer["data"]
        return found
