"""The node runs pods as processes and reports their status as the kubelet does."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.support import waiting
from tests.support.kubernetes import admin_client, clusters, kubernetes_objects
from tests.support.processes import processes_by_folder

_PRINT_ENVIRONMENT = "import json, os; print(json.dumps(dict(os.environ)))"
_SECOND_TIME_LUCKY = """
import pathlib, sys
mark = pathlib.Path("tried")
tried = mark.exists()
mark.touch()
sys.exit(0 if tried else 1)
"""
_DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"


def test_container_gets_its_env_and_the_downward_api(cluster: clusters.Cluster, namespace: str) -> None:
    cluster.api.create(
        "configmaps", {"metadata": {"name": "settings"}, "data": {"color": "green"}}, namespace=namespace
    )
    secret = {"metadata": {"name": "keys"}, "stringData": {"token": "s3cret"}}
    cluster.api.create("secrets", secret, namespace=namespace)
    env: list[admin_client.Object] = [
        {"name": "PLAIN", "value": "as is"},
        {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "JOB", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['batch.kubernetes.io/job-name']"}}},
        {"name": "ADDRESS", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "BOTH", "value": "$(PLAIN) in $(NAME)"},
        {"name": "COLOR", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "color"}}},
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}},
    ]
    cluster.api.create(
        "jobs",
        kubernetes_objects.job("env", kubernetes_objects.python(_PRINT_ENVIRONMENT, env=env)),
        namespace=namespace,
    )
    cluster.wait_until_finished("env", namespace=namespace)

    (pod,) = cluster.pods_of("env", namespace=namespace)
    name = pod["metadata"]["name"]
    assert (
        json.loads(cluster.pod_log(pod)).items()
        >= {
            "PLAIN": "as is",
            "NAME": name,
            "HOSTNAME": name,
            "JOB": "env",
            "ADDRESS": pod["status"]["podIP"],
            "BOTH": f"as is in {name}",
            "COLOR": "green",
            "TOKEN": "s3cret",
        }.items()
    )


def test_deleted_pod_gets_sigterm_and_is_removed(cluster: clusters.Cluster, namespace: str) -> None:
    pod = _running(cluster, namespace, kubernetes_objects.container("sleep", "600"), says="")
    process = _process_of(pod)

    cluster.api.delete("pods", pod["metadata"]["name"], namespace=namespace)

    waiting.eventually(_absent(cluster, pod), why="the end of the pod")
    assert not process.exists()


def test_pod_that_ignores_sigterm_is_killed_after_its_grace_period(cluster: clusters.Cluster, namespace: str) -> None:
    pod = _running(cluster, namespace, kubernetes_objects.python(_DEAF), says="deaf")
    process = _process_of(pod)

    cluster.api.delete("pods", pod["metadata"]["name"], namespace=namespace, grace=1)

    waiting.eventually(_absent(cluster, pod), why="the end of the pod", timeout=60.0)
    assert not process.exists()


def test_process_of_a_deleted_job_ends(cluster: clusters.Cluster, namespace: str) -> None:
    cluster.api.create(
        "jobs", kubernetes_objects.job("long", kubernetes_objects.container("sleep", "600")), namespace=namespace
    )
    pod = waiting.eventually(lambda: _started(cluster.pods_of("long", namespace=namespace)), why="its pod")
    process = _process_of(pod)

    cluster.kubectl("delete", "job", "long", "--namespace", namespace)

    waiting.eventually(lambda: not process.exists(), why="the end of the process")


def test_failed_container_is_restarted_according_to_its_policy(cluster: clusters.Cluster, namespace: str) -> None:
    job = kubernetes_objects.job(
        "again", kubernetes_objects.python(_SECOND_TIME_LUCKY), pod={"restartPolicy": "OnFailure"}, backoff_limit=3
    )
    cluster.api.create("jobs", job, namespace=namespace)

    assert cluster.wait_until_finished("again", namespace=namespace) == "Complete"
    (pod,) = cluster.pods_of("again", namespace=namespace)
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 1


def test_init_containers_run_first_and_in_order(cluster: clusters.Cluster, namespace: str) -> None:
    steps = [
        kubernetes_objects.container("sh", "-c", f"echo {name} >> steps", name=name) for name in ("first", "second")
    ]
    job = kubernetes_objects.job("steps", kubernetes_objects.container("cat", "steps"), pod={"initContainers": steps})
    cluster.api.create("jobs", job, namespace=namespace)

    assert cluster.wait_until_finished("steps", namespace=namespace) == "Complete"
    (pod,) = cluster.pods_of("steps", namespace=namespace)
    assert cluster.pod_log(pod) == "first\nsecond\n"


def test_failed_init_container_fails_the_pod(cluster: clusters.Cluster, namespace: str) -> None:
    job = kubernetes_objects.job(
        "unlucky",
        kubernetes_objects.container("true"),
        pod={"initContainers": [kubernetes_objects.container("false", name="first")]},
    )
    cluster.api.create("jobs", job, namespace=namespace)

    assert cluster.wait_until_finished("unlucky", namespace=namespace) == "Failed"


def test_pod_without_a_command_waits_with_a_reason(cluster: clusters.Cluster, namespace: str) -> None:
    pod = {"metadata": {"name": "image-only"}, "spec": {"containers": [{"name": "main", "image": "nginx"}]}}
    cluster.api.create("pods", pod, namespace=namespace)

    def reason() -> str:
        found = cluster.api.get("pods", "image-only", namespace=namespace)
        return "".join(
            f"{found['status']['phase']} {each['state']['waiting']['message']}"
            for each in found["status"].get("containerStatuses", [])
            if each["state"].get("waiting", {}).get("reason") == "CreateContainerConfigError"
        )

    assert (
        waiting.eventually(reason, why="the reason") == "Pending this node runs no images: give the container a command"
    )


def _running(
    cluster: clusters.Cluster, namespace: str, container: admin_client.Object, *, says: str
) -> admin_client.Object:
    """A running pod with one container that has printed `says`."""
    cluster.api.create(
        "pods", {"metadata": {"name": "alone"}, "spec": {"containers": [container]}}, namespace=namespace
    )

    def ready() -> admin_client.Object | None:
        pod = _started([cluster.api.get("pods", "alone", namespace=namespace)])
        return pod if pod and says in cluster.pod_log(pod) else None

    pod = waiting.eventually(ready, why="the pod to run")
    assert pod is not None
    return pod


def _started(pods: list[admin_client.Object]) -> admin_client.Object:
    return next((pod for pod in pods if pod["status"]["phase"] == "Running"), {})


def _process_of(pod: admin_client.Object) -> Path:
    """The /proc entry of the pod's process, found by its working directory."""
    found = processes_by_folder.belonging_to(pod["metadata"]["uid"])
    assert len(found) == 1, found
    return Path("/proc", str(found[0]))


def _absent(cluster: clusters.Cluster, pod: admin_client.Object) -> Callable[[], bool]:
    metadata = pod["metadata"]
    return lambda: cluster.api.find("pods", metadata["name"], namespace=metadata["namespace"]) is None
