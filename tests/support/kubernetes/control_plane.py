"""A real Kubernetes control plane on loopback: etcd, API server with RBAC, controllers, scheduler."""

import http
import json
import shutil
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import waiting
from tests.support.kubernetes import admin_client, certificates
from tests.support.kubernetes import control_plane_shapes as shapes
from tests.support.processes import managed_processes, ports
from tests.support.programs import binaries

HOST = shapes.HOST
READY_SECONDS = 60.0
"""Far more than usual, for a machine that is busy with a build."""

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
_SERVICE_ACCOUNT_ISSUER = "https://kubernetes.default.svc"


_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {
            "level": "RequestResponse",
            "verbs": ["create", "update", "patch", "delete"],
            "resources": [{"group": "batch", "resources": ["jobs", "jobs/status", "cronjobs"]}],
        },
        {"level": "None"},
    ],
}
"""An audit policy that logs every change of Jobs and CronJobs with the object, and nothing else."""
_AUDIT_MEGABYTES = 10_000
"""Maximum size of the audit log, so large that it is never rotated."""
_ETCD_SECONDS = 10.0


class ControlPlane:
    """Starts and stops the components; all their files are below `folder`.

    With `audit`, the API server logs each change of a Job or CronJob to `audit_log`, one JSON object per line.
    """

    def __init__(self, folder: Path, *, audit: bool = False, shape: shapes.Shape = shapes.LOCAL) -> None:
        self.folder = folder
        self._shape = shape
        self.audit_log = folder / "logs" / "audit.jsonl"
        self._audit = audit
        self._programs = binaries.ensure(PROGRAMS)
        self.kubectl = self._programs["kubectl"]
        self.port = ports.free_port()
        self._etcd_ports = ports.free_port(), ports.free_port()
        self.authority = certificates.Authority(folder / "pki")
        self.server = f"https://{shape.address}:{self.port}"
        self.ca = self.authority.cert
        self.admin_kubeconfig = self._kubeconfig("admin", group=certificates.ADMINS)
        self.api = admin_client.Api(certificates.read_kubeconfig(self.admin_kubeconfig))
        self._signing = self.authority.key("service-account")
        self._etcd = self._etcd_process()
        self._apiserver = self._apiserver_process()
        self._controllers = (self._controller_manager_process(), self._scheduler_process())

    def start(self) -> None:
        """Return when the API server responds and namespaces get their service accounts."""
        self.start_api()
        for controller in self._controllers:
            controller.start()
        waiting.eventually(
            self._default_service_account_exists,
            why="the default service account",
            timeout=READY_SECONDS,
        )

    def start_api(self) -> None:
        """Start only etcd and the API server, without controllers. Return when the API server responds."""
        self._etcd.start()
        self.start_apiserver()

    def stop(self) -> None:
        """Stop every component and delete etcd's data; the logs remain."""
        for process in (*self._controllers, self._apiserver):
            # Kill them: their state is in etcd, and etcd's data is deleted.
            process.kill()
        self._etcd.kill()
        self.api.close()
        shutil.rmtree(self.folder / "etcd", ignore_errors=True)

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Stop the API server for the block; afterwards it and the controllers work again."""
        self.stop_apiserver()
        try:
            yield
        finally:
            self.start_apiserver()
            self.restart_controllers()

    def stop_apiserver(self) -> None:
        """Stop only the API server, as in an upgrade: watches end, then connections fail."""
        self._apiserver.stop()

    def kill_apiserver(self) -> None:
        """Kill only the API server: connections break at any point."""
        self._apiserver.kill()

    def start_apiserver(self) -> None:
        """Start or restart the API server and wait until it is ready."""
        self._apiserver.start()
        waiting.eventually(
            self._ready, why="the API server's /readyz", timeout=READY_SECONDS, retry_on=admin_client.UNREACHABLE
        )

    def restart_controllers(self) -> None:
        """Restart controllers and scheduler: after an outage they wait up to a minute before they retry."""
        for controller in self._controllers:
            controller.kill()
            controller.start()

    def compact(self) -> None:
        """Compact etcd to the current revision, and thereby expire older resource versions in the API server, too."""
        revision = self._ask_etcd("kv/range", {"key": "AA=="})["header"]["revision"]
        self._ask_etcd("kv/compaction", {"revision": revision, "physical": True})

    def admin_kubeconfig_named(self, user: str) -> Path:
        """Another admin kubeconfig with a user name of its own, by which its calls can be distinguished."""
        return self._kubeconfig(user, group=certificates.ADMINS)

    def _ask_etcd(self, call: str, body: admin_client.Object) -> admin_client.Object:
        url = f"http://{HOST}:{self._etcd_ports[0]}/v3/{call}"
        request = urllib.request.Request(url, data=json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=_ETCD_SECONDS) as answer:
            found: admin_client.Object = json.load(answer)
            return found

    def _ready(self) -> bool:
        self._etcd.check()
        self._apiserver.check()
        try:
            return self.api.request("GET", "readyz") == {"text": "ok"}
        except admin_client.ApiError as error:
            if error.status == http.HTTPStatus.INTERNAL_SERVER_ERROR:
                return False  # not all post-start hooks have completed
            raise

    def _default_service_account_exists(self) -> bool:
        for controller in self._controllers:
            controller.check()
        return self.api.find("serviceaccounts", "default", namespace="default") is not None

    def _kubeconfig(self, user: str, *, group: str | None = None) -> Path:
        pair = self.authority.client(user, group=group)
        path = self.folder / f"{user.replace(':', '-')}.kubeconfig"
        return certificates.write_kubeconfig(path, server=self.server, ca=self.ca, user=pair)

    def _etcd_process(self) -> managed_processes.Process:
        clients, peers = (f"http://{HOST}:{port}" for port in self._etcd_ports)
        flags = (
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={clients}",
            f"--advertise-client-urls={clients}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        )
        return self._process("etcd", *flags)

    def _apiserver_process(self) -> managed_processes.Process:
        serving = self.authority.server(self._shape.address, "localhost", "kubernetes.default.svc", *self._shape.names)
        # Only a real node has a kubelet that the API server contacts for logs and connections.
        to_kubelets = self.authority.client("kube-apiserver-kubelet-client", group=certificates.ADMINS)
        flags = (
            f"--etcd-servers=http://{HOST}:{self._etcd_ports[0]}",
            f"--bind-address={self._shape.address}",
            f"--secure-port={self.port}",
            f"--tls-cert-file={serving.cert}",
            f"--tls-private-key-file={serving.key}",
            f"--client-ca-file={self.authority.cert}",
            f"--kubelet-client-certificate={to_kubelets.cert}",
            f"--kubelet-client-key={to_kubelets.key}",
            f"--service-account-issuer={_SERVICE_ACCOUNT_ISSUER}",
            f"--service-account-key-file={self._signing.key}",
            f"--service-account-signing-key-file={self._signing.key}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--enable-priority-and-fairness=false",
            # Without this, a stop waits until every watch ends by itself.
            "--shutdown-watch-termination-grace-period=1s",
            "--etcd-compaction-interval=0",
            "--profiling=false",
            *self._shape.apiserver_flags,
            *(self._audit_flags() if self._audit else ()),
        )
        return self._process("kube-apiserver", *flags)

    def _audit_flags(self) -> tuple[str, ...]:
        policy = self.folder / "audit-policy.json"
        policy.write_text(json.dumps(_AUDIT_POLICY))
        self.audit_log.parent.mkdir(parents=True, exist_ok=True)
        return (
            f"--audit-policy-file={policy}",
            f"--audit-log-path={self.audit_log}",
            f"--audit-log-maxsize={_AUDIT_MEGABYTES}",
            "--audit-log-mode=blocking",
        )

    def _controller_manager_process(self) -> managed_processes.Process:
        kubeconfig = self._kubeconfig("system:kube-controller-manager", group=certificates.ADMINS)
        flags = (
            f"--kubeconfig={kubeconfig}",
            f"--service-account-private-key-file={self._signing.key}",
            f"--root-ca-file={self.authority.cert}",
            f"--controllers={','.join(self._shape.controllers)}",
            "--leader-elect=false",
            "--secure-port=0",
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
            "--concurrent-job-syncs=20",
            "--concurrent-namespace-syncs=20",
            "--profiling=false",
        )
        return self._process("kube-controller-manager", *flags)

    def _scheduler_process(self) -> managed_processes.Process:
        config = {
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "clientConnection": {
                "kubeconfig": str(self._kubeconfig("system:kube-scheduler")),
                "qps": 500,
                "burst": 1000,
            },
            "leaderElection": {"leaderElect": False},
        }
        path = self.folder / "scheduler.json"
        path.write_text(json.dumps(config))
        return self._process("kube-scheduler", f"--config={path}", "--secure-port=0")

    def _process(self, name: str, *flags: str) -> managed_processes.Process:
        log = self.folder / "logs" / f"{name}.log"
        return managed_processes.Process(name, argv=[self._programs[name], *flags], log=log)
