"""Values for the prometheus-pushgateway chart (3.8.0) have the same meaning in this chart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.manifests import manifest_objects, rendered_chart

Objects = list[manifest_objects.Object]


def _workload(objects: Objects) -> manifest_objects.Object:
    [found] = [each for each in objects if each["kind"] in ("Deployment", "StatefulSet")]
    return found


def _pod(objects: Objects) -> manifest_objects.Object:
    return manifest_objects.pod_spec(_workload(objects))


def _gateway(objects: Objects) -> manifest_objects.Object:
    found: manifest_objects.Object = _pod(objects)["containers"][0]
    return found


def _http(objects: Objects) -> manifest_objects.Object:
    found: manifest_objects.Object = rendered_chart.one(objects, "ServiceMonitor")["spec"]["endpoints"][0]
    return found


def _data(objects: Objects) -> manifest_objects.Object:
    found: manifest_objects.Object = next(each for each in _pod(objects)["volumes"] if each["name"] == "data")
    return found


_USERS = {"webConfiguration": {"basicAuthUsers": {"job": "A7ERGdgwLHnY"}}}
_SCRAPED: dict[str, Any] = {"enabled": True, "namespace": None}
_VOLUME: dict[str, Any] = {"enabled": True, "size": "3Gi", "storageClass": "fast"}

TABLE: dict[str, tuple[dict[str, Any], Callable[[Objects], Any], Any]] = {
    "image": (
        {"image": {"registry": "mirror.example", "repository": "team/tidegate", "tag": "0.1.0"}},
        lambda rendered: _gateway(rendered)["image"],
        "mirror.example/team/tidegate:0.1.0",
    ),
    "global": (
        {"global": {"imageRegistry": "mirror.example", "storageClass": "of another chart"}},
        lambda rendered: _gateway(rendered)["image"].partition("/")[0],
        "mirror.example",
    ),
    "pull-secrets": (
        {"imagePullSecrets": [{"name": "a"}]},
        lambda rendered: _pod(rendered)["imagePullSecrets"],
        [{"name": "a"}],
    ),
    "arguments": (
        {"extraArgs": ["--log.level=debug", "--web.enable-admin-api"]},
        lambda rendered: _gateway(rendered)["args"][-2:],
        ["--log.level=debug", "--web.enable-admin-api"],
    ),
    "own-address": (
        {"extraArgs": ["--web.listen-address=:9091"]},
        lambda rendered: [each for each in _gateway(rendered)["args"] if "web.listen" in each],
        ["--web.listen-address=:9091"],
    ),
    "variables": (
        {"extraVars": [{"name": "FOO", "value": "bar"}]},
        lambda rendered: _gateway(rendered)["env"],
        [{"name": "FOO", "value": "bar"}],
    ),
    "file-without-a-volume": (
        {"extraArgs": ["--persistence.file", "/data/x"]},
        lambda rendered: (_data(rendered), _gateway(rendered)["args"][-2:]),
        ({"name": "data", "emptyDir": {}}, ["--persistence.file", "/data/x"]),
    ),
    "volume": (
        {"persistentVolume": _VOLUME},
        lambda rendered: rendered_chart.one(rendered, "PersistentVolumeClaim")["spec"],
        {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "fast",
            "resources": {"requests": {"storage": "3Gi"}},
        },
    ),
    "existing-claim": (
        {"persistentVolume": _VOLUME | {"existingClaim": "mine"}},
        lambda rendered: _data(rendered)["persistentVolumeClaim"]["claimName"],
        "mine",
    ),
    "own-file": (
        {"persistentVolume": _VOLUME, "extraArgs": ["--persistence.file=/data/mine"]},
        lambda rendered: [each for each in _gateway(rendered)["args"] if "persistence" in each],
        ["--persistence.file=/data/mine"],
    ),
    "stateful-set": (
        {"runAsStatefulSet": True, "persistentVolume": _VOLUME, "persistentVolumeLabels": {"foo": "bar"}},
        lambda rendered: rendered_chart.one(rendered, "StatefulSet")["spec"]["volumeClaimTemplates"][0]["metadata"],
        {"name": "data", "labels": {"foo": "bar"}},
    ),
    "users": (
        _USERS,
        lambda rendered: (
            "job" in rendered_chart.one(rendered, "Secret")["stringData"]["web-config.yaml"],
            "A7ERGdgwLHnY" in str(rendered),
            _gateway(rendered)["args"][-1],
            "tcpSocket" in _gateway(rendered)["readinessProbe"],
        ),
        (True, False, "--web.config.file=/etc/config/web-config.yaml", True),
    ),
    "users-and-a-monitor": (
        _USERS | {"serviceMonitor": _SCRAPED},
        lambda rendered: (
            _http(rendered)["basicAuth"]["password"],
            [each["stringData"] for each in rendered if each["metadata"]["name"] == "tidegate-basic-auth"],
        ),
        ({"name": "tidegate-basic-auth", "key": "password"}, [{"user": "job", "password": "A7ERGdgwLHnY"}]),
    ),
    "web-configuration-of-a-secret": (
        {"webConfiguration": {"existingSecret": {"name": "pushgateway-web-config"}}},
        lambda rendered: (_pod(rendered)["volumes"][-1]["secret"]["secretName"], _gateway(rendered)["args"][-1]),
        ("pushgateway-web-config", "--web.config.file=/etc/config/web-config.yaml"),
    ),
    "monitor": (
        {"serviceMonitor": _SCRAPED | {"interval": "15s", "additionalLabels": {"release": "prometheus"}}},
        lambda rendered: (
            _http(rendered),
            rendered_chart.one(rendered, "ServiceMonitor")["metadata"]["labels"]["release"],
        ),
        ({"port": "http", "honorLabels": True, "interval": "15s"}, "prometheus"),
    ),
    "monitor-elsewhere": (
        {"serviceMonitor": {"enabled": True, "namespace": "monitoring"}},
        lambda rendered: (
            rendered_chart.one(rendered, "ServiceMonitor")["metadata"]["namespace"],
            rendered_chart.one(rendered, "ServiceMonitor")["spec"]["namespaceSelector"],
        ),
        ("monitoring", {"matchNames": ["tidegate"]}),
    ),
    "service": (
        {"service": {"type": "LoadBalancer", "port": 80, "targetPort": 9091, "loadBalancerIP": "192.0.2.1"}},
        lambda rendered: [each["spec"]["ports"] for each in rendered if each["kind"] == "Service"],
        [
            [{"name": "http", "port": 80, "targetPort": 9091}],
            [{"name": "operator", "port": 9093, "targetPort": "operator"}],
        ],
    ),
    "node-port": (
        {"service": {"type": "NodePort", "nodePort": 32100}},
        lambda rendered: next(each["spec"]["ports"][0]["nodePort"] for each in rendered if each["kind"] == "Service"),
        32100,
    ),
    "headless": (
        {"service": {"clusterIP": "None"}},
        lambda rendered: rendered_chart.one(rendered, "Service")["spec"]["clusterIP"],
        "None",
    ),
    "ingress": (
        {"ingress": {"enabled": True, "className": "nginx", "hosts": ["push.example"], "path": "/push"}},
        lambda rendered: rendered_chart.one(rendered, "Ingress")["spec"]["rules"],
        [
            {
                "host": "push.example",
                "http": {
                    "paths": [
                        {
                            "path": "/push",
                            "pathType": "ImplementationSpecific",
                            "backend": {"service": {"name": "tidegate", "port": {"number": 9091}}},
                        }
                    ]
                },
            }
        ],
    ),
    "allow-all": (
        {"networkPolicy": {"allowAll": True}},
        lambda rendered: rendered_chart.one(rendered, "NetworkPolicy")["spec"]["ingress"][0],
        {"ports": [{"port": "http"}]},
    ),
    "selectors": (
        {"networkPolicy": {"customSelectors": [{"podSelector": {"matchLabels": {"app": "myapp"}}}]}},
        lambda rendered: [each["from"] for each in rendered_chart.one(rendered, "NetworkPolicy")["spec"]["ingress"]],
        [[{"podSelector": {"matchLabels": {"app": "myapp"}}}]] * 2,
    ),
    "budget": (
        {"podDisruptionBudget": {"minAvailable": 1}},
        lambda rendered: rendered_chart.one(rendered, "PodDisruptionBudget")["spec"]["minAvailable"],
        1,
    ),
    "pod-labels": (
        {"podLabels": {"foo": "bar"}},
        lambda rendered: _workload(rendered)["spec"]["template"]["metadata"]["labels"]["foo"],
        "bar",
    ),
    "account": (
        {"serviceAccount": {"create": False, "name": "mine"}},
        lambda rendered: (
            _pod(rendered)["serviceAccountName"],
            [each for each in rendered if each["kind"] == "ServiceAccount"],
        ),
        ("mine", []),
    ),
    "probe": (
        {"liveness": {"probe": {"httpGet": {"port": 9091, "scheme": "HTTP"}, "initialDelaySeconds": 10}}},
        lambda rendered: _gateway(rendered)["livenessProbe"]["httpGet"],
        {"path": "/-/healthy", "port": 9091, "scheme": "HTTP"},
    ),
    "no-probe": ({"liveness": {"enabled": False}}, lambda rendered: "livenessProbe" in _gateway(rendered), False),
    "a-token-for-others-is-none-for-the-gateway": (
        {"automountServiceAccountToken": True},
        lambda rendered: [
            each["name"] for each in _gateway(rendered)["volumeMounts"] if "secrets" in each["mountPath"]
        ],
        ["no-token"],
    ),
    "hard-affinity": (
        {"podAntiAffinity": "hard"},
        lambda rendered: list(_pod(rendered)["affinity"]["podAntiAffinity"]),
        ["requiredDuringSchedulingIgnoredDuringExecution"],
    ),
    "extra-manifests": (
        {
            "extraManifests": [
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"name": "more"},
                    "data": {"name": '{{ include "prometheus-pushgateway.fullname" . }}'},
                }
            ]
        },
        lambda rendered: rendered_chart.one(rendered, "ConfigMap")["data"],
        {"name": "tidegate"},
    ),
    "empty-keys": (
        {"priorityClassName": None, "serviceAccount": {"create": True, "name": None}, "tolerations": None},
        lambda rendered: _pod(rendered)["serviceAccountName"],
        "tidegate",
    ),
}


@pytest.mark.parametrize(("values", "seen", "expected"), TABLE.values(), ids=TABLE)
def test_value_of_the_pushgateway_chart_has_the_same_meaning(
    values: dict[str, Any], seen: Callable[[Objects], Any], expected: Any
) -> None:
    assert seen(rendered_chart.rendered(values)) == expected
