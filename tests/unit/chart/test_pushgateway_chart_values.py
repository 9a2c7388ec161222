"""The chart accepts every value of the prometheus-pushgateway chart (3.8.0)."""

from __future__ import annotations

import re

from scripts import chart

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
"""All values of that chart, including those that are only in comments of its values.yaml or in its templates."""


def test_chart_accepts_every_value_of_the_pushgateway_chart() -> None:
    assert NAMES - {".".join(each.path) for each in chart.values()} == set()
