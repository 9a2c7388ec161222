"""Values for the prometheus-pushgateway chart (3.8.0) are taken, and mean here what they mean there."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from scripts import chart
from tests.chart import rendered_chart
from tests.manifests import manifest_objects

Objects = list[manifest_objects.Object]

NAMES = frozenset(
    re.findall(
        r"\S+",
        """
        affinity automountServiceAccountToken containerSecurityContext deploymentAnnotations extraArgs
        extraContainers extraInitContainers extraManifests extraVars extraVolumeMounts extraVolumes fullnameOverride
        global.imagePullSecrets global.imageRegistry hostAliases image.pullPolicy image.registry image.repository
        image.tag imagePullSecrets ingress.annotations ingress.className ingress.enabled ingress.extraPaths
        ingress.hosts ingress.path ingress.pathType ingress.tls lifecycle liveness.enabled liveness.probe
        nameOverride namespaceOverride networkPolicy.allowAll networkPolicy.customSelectors nodeSelector
        persistentVolume.accessModes persistentVolume.annotations persistentVolume.emptyDir persistentVolume.enabled
        persistentVolume.existingClaim persistentVolume.mountPath persistentVolume.size
        persistentVolume.storageClass persistentVolume.subPath persistentVolumeLabels podAnnotations podAntiAffinity
        podAntiAffinityTopologyKey podDisruptionBudget podLabels priorityClassName readiness.enabled readiness.probe
        replicaCount resources.limits.memory resources.requests.cpu resources.requests.memory
        route.main.additionalRules route.main.annotations route.main.apiVersion route.main.enabled
        route.main.filters route.main.hostnames route.main.httpsRedirect route.main.kind route.main.labels
        route.main.matches route.main.parentRefs runAsStatefulSet securityContext service.clusterIP
        service.ipDualStack.enabled service.ipDualStack.ipFamilies service.ipDualStack.ipFamilyPolicy
        service.loadBalancerIP service.loadBalancerSourceRanges service.nodePort service.port service.portName
        service.targetPort service.type serviceAccount.annotations serviceAccount.create serviceAccount.name
        serviceAccountLabels serviceAnnotations serviceLabels serviceMonitor.additionalLabels
        serviceMonitor.basicAuth serviceMonitor.bearerTokenFile serviceMonitor.enabled serviceMonitor.honorLabels
        serviceMonitor.interval serviceMonitor.metricRelabelings serviceMonitor.namespace serviceMonitor.relabelings
        serviceMonitor.scheme serviceMonitor.scrapeTimeout serviceMonitor.telemetryPath serviceMonitor.tlsConfig
        strategy tolerations topologySpreadConstraints webConfiguration.basicAuthUsers
        webConfiguration.existingSecret.name
        """,
    )
)
"""All values of that chart, those that are comments in its values.yaml or stand in its templates alone among them."""


def _workload(objects: Objects) -> manifest_objects.Object:
    [found] = [each for each in objects if each["kind"] in ("Deployment", "StatefulSet")]
    return found


def _pod(objects: Objects) -> manifest_objects.Object:
    return manifest_objects.pod_spec(_workload(objects))


def _gateway(objects: Objects) -> manifest_objects.Object:
    found: manifest_objects.Object = _pod(objects)["containers"][0]
    return found


def _service(objects: Objects) -> manifest_objects.Object:
    found: manifest_objects.Object = rendered_chart.one(objects, "Service")["spec"]
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
        lambda made: _gateway(made)["image"],
        "mirror.example/team/tidegate:0.1.0",
    ),
    "global": (
        {"global": {"imageRegistry": "mirror.example", "storageClass": "of another chart"}},
        lambda made: _gateway(made)["image"].partition("/")[0],
        "mirror.example",
    ),
    "pull-secrets": (
        {"imagePullSecrets": [{"name": "a"}]},
        lambda made: _pod(made)["imagePullSecrets"],
        [{"name": "a"}],
    ),
    "arguments": (
        {"extraArgs": ["--log.level=debug", "--web.enable-admin-api"]},
        lambda made: _gateway(made)["args"][-2:],
        ["--log.level=debug", "--web.enable-admin-api"],
    ),
    "own-address": (
        {"extraArgs": ["--web.listen-address=:9091"]},
        lambda made: [each for each in _gateway(made)["args"] if "web.listen" in each],
        ["--web.listen-address=:9091"],
    ),
    "variables": (
        {"extraVars": [{"name": "FOO", "value": "bar"}]},
        lambda made: _gateway(made)["env"],
        [{"name": "FOO", "value": "bar"}],
    ),
    "file-without-a-volume": (
        {"extraArgs": ["--persistence.file", "/data/x"]},
        lambda made: (_data(made), _gateway(made)["args"][-2:]),
        ({"name": "data", "emptyDir": {}}, ["--persistence.file", "/data/x"]),
    ),
    "volume": (
        {"persistentVolume": _VOLUME},
        lambda made: rendered_chart.one(made, "PersistentVolumeClaim")["spec"],
        {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "fast",
            "resources": {"requests": {"storage": "3Gi"}},
        },
    ),
    "existing-claim": (
        {"persistentVolume": _VOLUME | {"existingClaim": "mine"}},
        lambda made: _data(made)["persistentVolumeClaim"]["claimName"],
        "mine",
    ),
    "own-file": (
        {"persistentVolume": _VOLUME, "extraArgs": ["--persistence.file=/data/mine"]},
        lambda made: [each for each in _gateway(made)["args"] if "persistence" in each],
        ["--persistence.file=/data/mine"],
    ),
    "stateful-set": (
        {"runAsStatefulSet": True, "persistentVolume": _VOLUME, "persistentVolumeLabels": {"foo": "bar"}},
        lambda made: rendered_chart.one(made, "StatefulSet")["spec"]["volumeClaimTemplates"][0]["metadata"],
        {"name": "data", "labels": {"foo": "bar"}},
    ),
    "users": (
        _USERS,
        lambda made: (
            "job" in rendered_chart.one(made, "Secret")["stringData"]["web-config.yaml"],
            "A7ERGdgwLHnY" in str(made),
            _gateway(made)["args"][-1],
            "tcpSocket" in _gateway(made)["readinessProbe"],
        ),
        (True, False, "--web.config.file=/etc/config/web-config.yaml", True),
    ),
    "users-and-a-monitor": (
        _USERS | {"serviceMonitor": _SCRAPED},
        lambda made: (
            _http(made)["basicAuth"]["password"],
            [each["stringData"] for each in made if each["metadata"]["name"] == "tidegate-basic-auth"],
        ),
        ({"name": "tidegate-basic-auth", "key": "password"}, [{"user": "job", "password": "A7ERGdgwLHnY"}]),
    ),
    "web-configuration-of-a-secret": (
        {"webConfiguration": {"existingSecret": {"name": "pushgateway-web-config"}}},
        lambda made: (_pod(made)["volumes"][-1]["secret"]["secretName"], _gateway(made)["args"][-1]),
        ("pushgateway-web-config", "--web.config.file=/etc/config/web-config.yaml"),
    ),
    "monitor": (
        {"serviceMonitor": _SCRAPED | {"interval": "15s", "additionalLabels": {"release": "prometheus"}}},
        lambda made: (_http(made), rendered_chart.one(made, "ServiceMonitor")["metadata"]["labels"]["release"]),
        ({"port": "http", "honorLabels": True, "interval": "15s"}, "prometheus"),
    ),
    "monitor-elsewhere": (
        {"serviceMonitor": {"enabled": True, "namespace": "monitoring"}},
        lambda made: (
            rendered_chart.one(made, "ServiceMonitor")["metadata"]["namespace"],
            rendered_chart.one(made, "ServiceMonitor")["spec"]["namespaceSelector"],
        ),
        ("monitoring", {"matchNames": ["tidegate"]}),
    ),
    "service": (
        {"service": {"type": "LoadBalancer", "port": 80, "targetPort": 9091, "loadBalancerIP": "192.0.2.1"}},
        lambda made: [each["spec"]["ports"] for each in made if each["kind"] == "Service"],
        [
            [{"name": "http", "port": 80, "targetPort": 9091}],
            [{"name": "operator", "port": 9093, "targetPort": "operator"}],
        ],
    ),
    "node-port": (
        {"service": {"type": "NodePort", "nodePort": 32100}},
        lambda made: next(each["spec"]["ports"][0]["nodePort"] for each in made if each["kind"] == "Service"),
        32100,
    ),
    "headless": ({"service": {"clusterIP": "None"}}, lambda made: _service(made)["clusterIP"], "None"),
    "ingress": (
        {"ingress": {"enabled": True, "className": "nginx", "hosts": ["push.example"], "path": "/push"}},
        lambda made: rendered_chart.one(made, "Ingress")["spec"]["rules"],
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
        lambda made: rendered_chart.one(made, "NetworkPolicy")["spec"]["ingress"][0],
        {"ports": [{"port": "http"}]},
    ),
    "selectors": (
        {"networkPolicy": {"customSelectors": [{"podSelector": {"matchLabels": {"app": "myapp"}}}]}},
        lambda made: [each["from"] for each in rendered_chart.one(made, "NetworkPolicy")["spec"]["ingress"]],
        [[{"podSelector": {"matchLabels": {"app": "myapp"}}}]] * 2,
    ),
    "budget": (
        {"podDisruptionBudget": {"minAvailable": 1}},
        lambda made: rendered_chart.one(made, "PodDisruptionBudget")["spec"]["minAvailable"],
        1,
    ),
    "pod-labels": (
        {"podLabels": {"foo": "bar"}},
        lambda made: _workload(made)["spec"]["template"]["metadata"]["labels"]["foo"],
        "bar",
    ),
    "account": (
        {"serviceAccount": {"create": False, "name": "mine"}},
        lambda made: (_pod(made)["serviceAccountName"], [each for each in made if each["kind"] == "ServiceAccount"]),
        ("mine", []),
    ),
    "probe": (
        {"liveness": {"probe": {"httpGet": {"port": 9091, "scheme": "HTTP"}, "initialDelaySeconds": 10}}},
        lambda made: _gateway(made)["livenessProbe"]["httpGet"],
        {"path": "/-/healthy", "port": 9091, "scheme": "HTTP"},
    ),
    "no-probe": ({"liveness": {"enabled": False}}, lambda made: "livenessProbe" in _gateway(made), False),
    "a-token-for-others-is-none-for-the-gateway": (
        {"automountServiceAccountToken": True},
        lambda made: [each["name"] for each in _gateway(made)["volumeMounts"] if "secrets" in each["mountPath"]],
        ["no-token"],
    ),
    "hard-affinity": (
        {"podAntiAffinity": "hard"},
        lambda made: list(_pod(made)["affinity"]["podAntiAffinity"]),
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
        lambda made: rendered_chart.one(made, "ConfigMap")["data"],
        {"name": "tidegate"},
    ),
    "empty-keys": (
        {"priorityClassName": None, "serviceAccount": {"create": True, "name": None}, "tolerations": None},
        lambda made: _pod(made)["serviceAccountName"],
        "tidegate",
    ),
}


def test_every_value_of_that_chart_is_one_of_this() -> None:
    assert NAMES - {".".join(each.path) for each in chart.values()} == set()


@pytest.mark.cluster
@pytest.mark.parametrize(("values", "seen", "expected"), TABLE.values(), ids=TABLE)
def test_a_value_of_that_chart_means_the_same(
    values: dict[str, Any], seen: Callable[[Objects], Any], expected: Any
) -> None:
    assert seen(rendered_chart.rendered(values)) == expected
