"""The differences between a control plane for local processes and one for a real node."""

from dataclasses import dataclass

HOST = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Address, controllers and flags."""

    address: str
    """The address that the API server listens on."""
    names: tuple[str, ...] = ()
    """Further host names in its certificate."""
    controllers: tuple[str, ...]
    apiserver_flags: tuple[str, ...]


LOCAL = Shape(
    address=HOST,
    # Controllers for Jobs, namespaces and the manifests. No node lifecycle: the only node ends with the tests.
    controllers=(
        "job-controller",
        "cronjob-controller",
        "ttl-after-finished-controller",
        "garbage-collector-controller",
        "namespace-controller",
        "serviceaccount-controller",
        "root-ca-certificate-publisher-controller",
        "clusterrole-aggregation-controller",
        "deployment-controller",
        "replicaset-controller",
        "statefulset-controller",
    ),
    apiserver_flags=(
        # A Service endpoint on loopback is rejected, and these tests use no Services.
        "--endpoint-reconciler-type=none",
        # It taints new nodes until the node lifecycle controller, which does not run, removes the taint.
        "--disable-admission-plugins=TaintNodesByCondition",
    ),
)
"""For pods that are local processes: all addresses are on loopback."""
