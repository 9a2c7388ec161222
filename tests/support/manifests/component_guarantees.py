"""The guarantees of each component, checked on the rendered base whatever other components it is combined with."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from tests.support.manifests import kustomizations, manifest_objects
from tests.support.processes import command_lines

Rendered = Sequence[manifest_objects.Object]

NEVER_TOGETHER = [
    # Components that scrape the same targets, or that are two variants of one component.
    {"servicemonitor", "podmonitor", "tls/servicemonitor", "tls/podmonitor"},
    {"policies", "namespaced/policies"},
    *({f"watch-{kind}", f"watch-{kind}/flag"} for kind in ("pods", "argo-workflows", "tekton-taskruns")),
]
"""Mutually exclusive components: a kustomization takes at most one from each set."""


def go_together(one: str, other: str) -> bool:
    """Whether a kustomization may contain both."""
    return not any({one, other} <= each for each in NEVER_TOGETHER)


def _names(rendered: Rendered, kind: str) -> list[str]:
    return [each["metadata"]["name"] for each in kustomizations.of_kind(rendered, kind)]


def _persistent(rendered: Rendered) -> None:
    [stateful] = kustomizations.of_kind(rendered, "StatefulSet")
    assert _names(rendered, "Deployment") == []
    assert "strategy" not in stateful["spec"]
    [claim] = stateful["spec"]["volumeClaimTemplates"]
    assert claim["spec"] == {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    assert stateful["spec"]["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    assert stateful["spec"]["serviceName"] in _names(rendered, "Service")
    gateway = kustomizations.container(rendered, "gateway")
    assert {"name": "data", "mountPath": "/data"} in gateway["volumeMounts"]
    chosen = command_lines.parsed(gateway["args"])
    assert chosen.persistence_file == "/data/groups"
    context = manifest_objects.pod_spec(stateful)["securityContext"]
    assert (context["fsGroup"], context["fsGroupChangePolicy"]) == (65532, "OnRootMismatch")


def _monitor(rendered: Rendered, kind: str, endpoints: str) -> manifest_objects.Object:
    [monitor] = kustomizations.of_kind(rendered, kind)
    gateway, operator = monitor["spec"][endpoints]
    assert (gateway["port"], gateway["honorLabels"]) == ("http", True)
    assert operator == {"port": "operator"}
    labels = kustomizations.workload(rendered)["spec"]["template"]["metadata"]["labels"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
    found: manifest_objects.Object = gateway
    return found


def _plainly_scraped(kind: str, endpoints: str) -> Callable[[Rendered], None]:
    def check(rendered: Rendered) -> None:
        assert _monitor(rendered, kind, endpoints) == {"port": "http", "honorLabels": True}

    return check


def _securely_scraped(kind: str, endpoints: str) -> Callable[[Rendered], None]:
    def check(rendered: Rendered) -> None:
        gateway = _monitor(rendered, kind, endpoints)
        assert gateway["scheme"] == "https"
        assert gateway["tlsConfig"]["ca"] == {"secret": {"name": "tidegate-tls", "key": "ca.crt"}}
        [service] = kustomizations.of_kind(rendered, "Service")
        names = service["metadata"]
        assert gateway["tlsConfig"]["serverName"] == f"{names['name']}.{names['namespace']}.svc"
        assert {each["name"] for each in gateway["basicAuth"].values()} == {"tidegate-scrape"}

    return check


def _networkpolicy(rendered: Rendered) -> None:
    [policy] = kustomizations.of_kind(rendered, "NetworkPolicy")
    pod = kustomizations.workload(rendered)["spec"]["template"]["metadata"]["labels"]
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= pod.items()
    assert policy["metadata"]["namespace"] == kustomizations.workload(rendered)["metadata"]["namespace"]


def _tls(rendered: Rendered) -> None:
    gateway = kustomizations.container(rendered, "gateway")
    chosen = command_lines.parsed(gateway["args"])
    assert chosen.web_config_file == "/etc/tidegate/web.yml"
    assert {"name": "web-config", "mountPath": "/etc/tidegate", "readOnly": True} in gateway["volumeMounts"]
    assert "tcpSocket" in gateway["livenessProbe"]
    assert "tcpSocket" in gateway["readinessProbe"]
    # The operator does not get the private key.
    operator = kustomizations.container(rendered, "operator")
    assert "web-config" not in [mount["name"] for mount in operator["volumeMounts"]]


def _confirm_stored(rendered: Rendered) -> None:
    parsed = command_lines.parsed(kustomizations.container(rendered, "gateway")["args"])
    assert (parsed.drain_confirm, len(parsed.prometheus_url)) == ("stored", 1)


def _prometheusrule(rendered: Rendered) -> None:
    assert _names(rendered, "PrometheusRule") == ["tidegate"]


def _grafana_dashboard(rendered: Rendered) -> None:
    [found] = kustomizations.of_kind(rendered, "ConfigMap")
    assert found["metadata"]["name"] == "tidegate-dashboard"
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(found["data"]["tidegate.json"])["uid"] == "tidegate"


def _policies(rendered: Rendered) -> None:
    assert len(_names(rendered, "CustomResourceDefinition")) == 2
    assert "tidegate-policies" in _names(rendered, "ClusterRoleBinding")


def _namespaced(rendered: Rendered) -> None:
    assert "tidegate" not in _names(rendered, "ClusterRole") + _names(rendered, "ClusterRoleBinding")
    [binding] = kustomizations.of_kind(rendered, "RoleBinding")
    names = binding["metadata"]
    assert (names["namespace"], names["name"]) == ("tidegate", "tidegate-own-events")


def _has_flag(word: str) -> Callable[[Rendered], None]:
    def check(rendered: Rendered) -> None:
        operator = kustomizations.container(rendered, "operator")
        assert operator["args"].count(f"--watch={word}") == 1
        assert command_lines.parsed(operator["args"]).command == "operator"

    return check


def _watching(name: str, word: str) -> Callable[[Rendered], None]:
    def check(rendered: Rendered) -> None:
        _has_flag(word)(rendered)
        assert f"tidegate-{name}" in _names(rendered, "ClusterRoleBinding")

    return check


_WORDS = {"watch-pods": "pods", "watch-argo-workflows": "workflows", "watch-tekton-taskruns": "taskruns"}

GUARANTEES: Mapping[str, Callable[[Rendered], None]] = {
    "persistent": _persistent,
    "servicemonitor": _plainly_scraped("ServiceMonitor", "endpoints"),
    "podmonitor": _plainly_scraped("PodMonitor", "podMetricsEndpoints"),
    "tls/servicemonitor": _securely_scraped("ServiceMonitor", "endpoints"),
    "tls/podmonitor": _securely_scraped("PodMonitor", "podMetricsEndpoints"),
    "networkpolicy": _networkpolicy,
    "tls": _tls,
    "confirm-stored": _confirm_stored,
    "prometheusrule": _prometheusrule,
    "grafana-dashboard": _grafana_dashboard,
    "policies": _policies,
    "namespaced": _namespaced,
    "namespaced/policies": _policies,
    **{name: _watching(name, word) for name, word in _WORDS.items()},
    **{f"{name}/flag": _has_flag(word) for name, word in _WORDS.items()},
}
"""A check for each component of the base."""

NOT_OF_THE_BASE = {"sidecar"}
"""Components for a kustomization of another workload."""

PAIRS = [
    (one, other)
    for number, one in enumerate(GUARANTEES)
    for other in list(GUARANTEES)[number + 1 :]
    if go_together(one, other)
]
"""All pairs that can be combined, each once."""

TOGETHER = {
    "everything": (
        *("persistent", "servicemonitor", "prometheusrule", "networkpolicy", "policies"),
        "grafana-dashboard",
        *("watch-pods", "watch-argo-workflows", "watch-tekton-taskruns"),
    ),
    "everything-with-tls": ("tls", "tls/podmonitor", "prometheusrule", "networkpolicy", "policies", "persistent"),
    "one-team": ("namespaced", "namespaced/policies", "watch-pods/flag", "persistent", "tls", "tls/servicemonitor"),
}
"""Typical combinations."""
