"""What each component promises of the base, whatever else is taken with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from tests.manifests import kustomizations, manifest_objects
from tests.support import command_lines

Made = Sequence[manifest_objects.Object]

NEVER_TOGETHER = [
    # What scrapes everything twice, or is there twice: one is in the place of the other.
    {"servicemonitor", "podmonitor", "tls/servicemonitor", "tls/podmonitor"},
    {"policies", "namespaced/policies"},
    *({f"watch-{kind}", f"watch-{kind}/flag"} for kind in ("pods", "argo-workflows", "tekton-taskruns")),
]
"""Of each of these sets one component at most is taken."""


def go_together(one: str, other: str) -> bool:
    """Whether a kustomization may have both."""
    return not any({one, other} <= each for each in NEVER_TOGETHER)


def _names(made: Made, kind: str) -> list[str]:
    return [each["metadata"]["name"] for each in kustomizations.of_kind(made, kind)]


def _persistent(made: Made) -> None:
    [stateful] = kustomizations.of_kind(made, "StatefulSet")
    assert _names(made, "Deployment") == []
    assert "strategy" not in stateful["spec"]
    [claim] = stateful["spec"]["volumeClaimTemplates"]
    assert claim["spec"] == {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    assert stateful["spec"]["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    assert stateful["spec"]["serviceName"] in _names(made, "Service")
    gateway = kustomizations.container(made, "gateway")
    assert {"name": "data", "mountPath": "/data"} in gateway["volumeMounts"]
    chosen = command_lines.parsed(gateway["args"])
    assert chosen.persistence_file == "/data/groups"
    context = manifest_objects.pod_spec(stateful)["securityContext"]
    assert (context["fsGroup"], context["fsGroupChangePolicy"]) == (65532, "OnRootMismatch")


def _monitor(made: Made, kind: str, endpoints: str) -> manifest_objects.Object:
    [monitor] = kustomizations.of_kind(made, kind)
    gateway, operator = monitor["spec"][endpoints]
    assert (gateway["port"], gateway["honorLabels"]) == ("http", True)
    assert operator == {"port": "operator"}
    labels = kustomizations.workload(made)["spec"]["template"]["metadata"]["labels"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
    found: manifest_objects.Object = gateway
    return found


def _plainly_scraped(kind: str, endpoints: str) -> Callable[[Made], None]:
    def check(made: Made) -> None:
        assert _monitor(made, kind, endpoints) == {"port": "http", "honorLabels": True}

    return check


def _securely_scraped(kind: str, endpoints: str) -> Callable[[Made], None]:
    def check(made: Made) -> None:
        gateway = _monitor(made, kind, endpoints)
        assert gateway["scheme"] == "https"
        assert gateway["tlsConfig"]["ca"] == {"secret": {"name": "tidegate-tls", "key": "ca.crt"}}
        [service] = kustomizations.of_kind(made, "Service")
        names = service["metadata"]
        assert gateway["tlsConfig"]["serverName"] == f"{names['name']}.{names['namespace']}.svc"
        assert {each["name"] for each in gateway["basicAuth"].values()} == {"tidegate-scrape"}

    return check


def _networkpolicy(made: Made) -> None:
    [policy] = kustomizations.of_kind(made, "NetworkPolicy")
    pod = kustomizations.workload(made)["spec"]["template"]["metadata"]["labels"]
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= pod.items()
    assert policy["metadata"]["namespace"] == kustomizations.workload(made)["metadata"]["namespace"]


def _tls(made: Made) -> None:
    gateway = kustomizations.container(made, "gateway")
    chosen = command_lines.parsed(gateway["args"])
    assert chosen.web_config_file == "/etc/tidegate/web.yml"
    assert {"name": "web-config", "mountPath": "/etc/tidegate", "readOnly": True} in gateway["volumeMounts"]
    assert "tcpSocket" in gateway["livenessProbe"]
    assert "tcpSocket" in gateway["readinessProbe"]
    # The certificate's key is none of the operator's.
    operator = kustomizations.container(made, "operator")
    assert "web-config" not in [mount["name"] for mount in operator["volumeMounts"]]


def _prometheusrule(made: Made) -> None:
    assert _names(made, "PrometheusRule") == ["tidegate"]


def _grafana_dashboard(made: Made) -> None:
    [found] = kustomizations.of_kind(made, "ConfigMap")
    assert found["metadata"]["name"] == "tidegate-dashboard"
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(found["data"]["tidegate.json"])["uid"] == "tidegate"


def _policies(made: Made) -> None:
    assert len(_names(made, "CustomResourceDefinition")) == 2
    assert "tidegate-policies" in _names(made, "ClusterRoleBinding")


def _namespaced(made: Made) -> None:
    assert "tidegate" not in _names(made, "ClusterRole") + _names(made, "ClusterRoleBinding")
    [binding] = kustomizations.of_kind(made, "RoleBinding")
    names = binding["metadata"]
    assert (names["namespace"], names["name"]) == ("tidegate", "tidegate-own-events")


def _flagged(word: str) -> Callable[[Made], None]:
    def check(made: Made) -> None:
        operator = kustomizations.container(made, "operator")
        assert operator["args"].count(f"--watch={word}") == 1
        assert command_lines.parsed(operator["args"]).command == "operator"

    return check


def _watching(name: str, word: str) -> Callable[[Made], None]:
    def check(made: Made) -> None:
        _flagged(word)(made)
        assert f"tidegate-{name}" in _names(made, "ClusterRoleBinding")

    return check


_WORDS = {"watch-pods": "pods", "watch-argo-workflows": "workflows", "watch-tekton-taskruns": "taskruns"}

PROMISES: Mapping[str, Callable[[Made], None]] = {
    "persistent": _persistent,
    "servicemonitor": _plainly_scraped("ServiceMonitor", "endpoints"),
    "podmonitor": _plainly_scraped("PodMonitor", "podMetricsEndpoints"),
    "tls/servicemonitor": _securely_scraped("ServiceMonitor", "endpoints"),
    "tls/podmonitor": _securely_scraped("PodMonitor", "podMetricsEndpoints"),
    "networkpolicy": _networkpolicy,
    "tls": _tls,
    "prometheusrule": _prometheusrule,
    "grafana-dashboard": _grafana_dashboard,
    "policies": _policies,
    "namespaced": _namespaced,
    "namespaced/policies": _policies,
    **{name: _watching(name, word) for name, word in _WORDS.items()},
    **{f"{name}/flag": _flagged(word) for name, word in _WORDS.items()},
}
"""Of each component of the base, what must hold."""

NOT_OF_THE_BASE = {"sidecar"}
"""Components of somebody else's kustomization."""

PAIRS = [
    (one, other)
    for number, one in enumerate(PROMISES)
    for other in list(PROMISES)[number + 1 :]
    if go_together(one, other)
]
"""All that go together, each pair once."""

TOGETHER = {
    "everything": (
        *("persistent", "servicemonitor", "prometheusrule", "networkpolicy", "policies"),
        "grafana-dashboard",
        *("watch-pods", "watch-argo-workflows", "watch-tekton-taskruns"),
    ),
    "everything-with-tls": ("tls", "tls/podmonitor", "prometheusrule", "networkpolicy", "policies", "persistent"),
    "one-team": ("namespaced", "namespaced/policies", "watch-pods/flag", "persistent", "tls", "tls/servicemonitor"),
}
"""What people are likely to take at once."""
