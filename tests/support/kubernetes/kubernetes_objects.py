"""Kubernetes objects that tests create, and helpers that read their status."""

from collections.abc import Mapping, Sequence

from tests.support.kubernetes import admin_client

_NEVER = "0 0 31 2 *"
"""A schedule that is never due: tests create the runs of such a CronJob themselves."""


def container(*command: str, env: Sequence[admin_client.Object] = (), name: str = "main") -> admin_client.Object:
    """A container for the dev cluster's node: a command of this machine."""
    return {"name": name, "image": "none", "command": list(command), "env": list(env)}


def python(script: str, *, env: Sequence[admin_client.Object] = (), name: str = "main") -> admin_client.Object:
    """A container that runs a Python script with the project's packages available."""
    return container("python", "-c", script, env=env, name=name)


def job(
    name: str,
    *containers: admin_client.Object,
    annotations: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    backoff_limit: int = 0,
    ttl: int | None = None,
    suspend: bool = False,
    pod: Mapping[str, object] | None = None,
) -> admin_client.Object:
    """A Job; `ttl` is ttlSecondsAfterFinished, `pod` is merged into the pod's spec."""
    spec: admin_client.Object = {
        "backoffLimit": backoff_limit,
        "suspend": suspend,
        "template": _template(containers, pod),
    }
    if ttl is not None:
        spec["ttlSecondsAfterFinished"] = ttl
    metadata = {"name": name, "annotations": dict(annotations or {}), "labels": dict(labels or {})}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}


def cronjob(
    name: str, *containers: admin_client.Object, schedule: str = _NEVER, annotations: Mapping[str, str] | None = None
) -> admin_client.Object:
    """A CronJob; the annotations are those of its job template, as in `job`."""
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name},
        "spec": {
            "schedule": schedule,
            "jobTemplate": {
                "metadata": {"annotations": dict(annotations or {})},
                "spec": {"backoffLimit": 0, "template": _template(containers, None)},
            },
        },
    }


def final_condition(job: admin_client.Object) -> str | None:
    """`Complete` or `Failed` if the Job has finished, else None."""
    conditions = job.get("status", {}).get("conditions", [])
    true = [each["type"] for each in conditions if each["status"] == "True"]
    return next((kind for kind in true if kind in ("Complete", "Failed")), None)


def exit_codes(pod: admin_client.Object) -> list[int]:
    """The exit codes of a pod's terminated containers."""
    states = [each["state"] for each in pod.get("status", {}).get("containerStatuses", [])]
    return [state["terminated"]["exitCode"] for state in states if "terminated" in state]


def _template(containers: Sequence[admin_client.Object], pod: Mapping[str, object] | None) -> admin_client.Object:
    return {"spec": {"restartPolicy": "Never", "containers": list(containers), **(pod or {})}}
