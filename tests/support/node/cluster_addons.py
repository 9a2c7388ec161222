"""The add-ons that every cluster has: cluster DNS and a volume."""

from pathlib import Path

from tests.support.kubernetes import admin_client
from tests.support.node import node_addresses, node_images

_NAMESPACE = "kube-system"
_COREFILE = f"""\
.:53 {{
    errors
    health :8080
    ready :8181
    kubernetes {node_addresses.DOMAIN} in-addr.arpa {{
        pods insecure
    }}
}}
"""
_LABELS = {"k8s-app": "kube-dns"}
_READS = [
    {"apiGroups": [""], "resources": ["namespaces", "pods", "services"], "verbs": ["list", "watch"]},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
]

VOLUMES = Path("/var/lib/volumes")
"""Path on the node: in memory, as all of the node's files."""


def names() -> list[admin_client.Object]:
    """CoreDNS as in every cluster: Deployment, Service, configuration and RBAC objects."""
    account = {"kind": "ServiceAccount", "name": "coredns", "namespace": _NAMESPACE}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "coredns"}
    ports = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}]
    return [
        _object("v1", "ServiceAccount", "coredns"),
        _object("rbac.authorization.k8s.io/v1", "ClusterRole", "coredns", rules=_READS),
        _object("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "coredns", roleRef=role, subjects=[account]),
        _object("v1", "ConfigMap", "coredns", data={"Corefile": _COREFILE}),
        _object(
            "apps/v1",
            "Deployment",
            "coredns",
            spec={
                "selector": {"matchLabels": _LABELS},
                "template": {"metadata": {"labels": _LABELS}, "spec": _dns_pod()},
            },
        ),
        _object(
            "v1",
            "Service",
            "kube-dns",
            spec={"clusterIP": node_addresses.DNS_SERVICE, "selector": _LABELS, "ports": ports},
        ),
    ]


def volume(name: str, *, node: str, size: str = "1Gi") -> admin_client.Object:
    """A volume for the first claim without a class; `VOLUMES / name` must exist."""
    place = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": size},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            # Unlike a hostPath, a local volume is made accessible to the Pod's fsGroup.
            "local": {"path": str(VOLUMES / name)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [place]}]}},
        },
    }


def _dns_pod() -> admin_client.Object:
    return {
        "serviceAccountName": "coredns",
        # CoreDNS itself cannot resolve names through the cluster's DNS.
        "dnsPolicy": "Default",
        "containers": [
            {
                "name": "coredns",
                "image": node_images.DNS,
                "args": ["-conf", "/etc/coredns/Corefile"],
                "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 1},
                "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
            }
        ],
        "volumes": [{"name": "config", "configMap": {"name": "coredns"}}],
    }


def _object(version: str, kind: str, name: str, **content: object) -> admin_client.Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": _NAMESPACE}, **content}
