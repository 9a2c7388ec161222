"""Configuration of containerd, kubelet and kube-proxy for a small node without systemd and with few capabilities."""

from pathlib import Path

from tests.support.kubernetes import admin_client
from tests.support.node import node_addresses

CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
PAUSE_IMAGE = "tidegate.test/pause:1"

_NO_CHANGE = 0
"""With 0, kube-proxy does not change the connection tracking settings, which are global to the kernel."""


def containerd(*, runc: Path, plugins: Path, networks: Path) -> str:
    """containerd's configuration (TOML)."""
    return f"""\
version = 2
disabled_plugins = ["io.containerd.internal.v1.opt"]

[grpc]
  address = "{CONTAINERD_SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  # Without CAP_SYS_RESOURCE nothing may be made less likely to be killed than we are.
  restrict_oom_score_adj = true
  disable_apparmor = true

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{plugins}"
    conf_dir = "{networks}"

  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      BinaryName = "{runc}"
      SystemdCgroup = false
"""


def pod_network() -> admin_client.Object:
    """A veth pair and routes for each pod, so that every packet between pods passes the node's rules for Services."""
    ipam = {"type": "host-local", "subnet": node_addresses.PODS, "routes": [{"dst": "0.0.0.0/0"}]}
    return {
        "cniVersion": "0.4.0",
        "name": "pods",
        "plugins": [{"type": "ptp", "ipMasq": False, "ipam": ipam}],
    }


def kubelet(*, client_ca: Path, cgroup: str) -> admin_client.Object:
    """A KubeletConfiguration; `cgroup` is the control group, below each hierarchy, in which it creates its own."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(client_ca)},
        },
        "authorization": {"mode": "Webhook"},
        "clusterDNS": [node_addresses.DNS_SERVICE],
        "clusterDomain": node_addresses.DOMAIN,
        # There is no DNS server except the cluster's.
        "resolvConf": "",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroup}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "localStorageCapacityIsolation": False,
        "enforceNodeAllocatable": [],
        # The disk is shared with the rest of the machine, which may fill it.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        "makeIPTablesUtilChains": False,
        # A changed Secret or ConfigMap reaches its pods within seconds instead of a minute.
        "syncFrequency": "5s",
        "nodeStatusUpdateFrequency": "5s",
        "shutdownGracePeriod": "0s",
        "volumePluginDir": "/var/lib/kubelet/volumeplugins",
    }


def proxy(*, kubeconfig: Path, node: str) -> admin_client.Object:
    """A KubeProxyConfiguration."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "clusterCIDR": node_addresses.PODS,
        "hostnameOverride": node,
        "conntrack": {
            "maxPerCore": _NO_CHANGE,
            "min": _NO_CHANGE,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
    }
