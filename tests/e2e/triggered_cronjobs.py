"""CronJobs whose minutes come when a test says so: the real controller makes the runs, and nobody waits for a clock."""

from __future__ import annotations

import datetime

from tests.cluster import admin_client, kubernetes_objects
from tests.e2e import e2e_environment

_MINUTE = datetime.timedelta(minutes=1)


def create(
    stage: e2e_environment.Stage,
    name: str,
    *containers: admin_client.Object,
    pod: dict[str, int],
    annotations: dict[str, str] | None = None,
    **spec: object,
) -> admin_client.Object:
    """Create a CronJob that no minute makes a run of; ``spec`` is merged into its own."""
    body = kubernetes_objects.cronjob(name, *containers, annotations=annotations)
    body["spec"] |= spec
    body["spec"]["jobTemplate"]["spec"]["template"]["spec"] |= pod
    return stage.api.create("cronjobs", body, namespace=stage.namespace)


def due(stage: e2e_environment.Stage, name: str, *, minutes_ago: int) -> str:
    """Make the controller find a run that was due so many minutes ago, and not made yet; returns the run's name.

    Each run of a CronJob must be due later than the one before, as with real minutes.
    """
    at = datetime.datetime.now(datetime.UTC).replace(second=0, microsecond=0) - minutes_ago * _MINUTE
    stage.api.patch("cronjobs", name, {"spec": _hourly(at)}, namespace=stage.namespace)
    stage.api.request(
        "PATCH",
        f"apis/batch/v1/namespaces/{stage.namespace}/cronjobs/{name}/status",
        # Of no full minute, as no run sets it: the controller looks only at what has changed.
        body={"status": {"lastScheduleTime": (at - _MINUTE / 2).strftime("%Y-%m-%dT%H:%M:%SZ")}},
        content_type=admin_client.MERGE_PATCH,
    )
    return f"{name}-{int(at.timestamp()) // 60}"


def _hourly(at: datetime.datetime) -> admin_client.Object:
    """At this minute of each hour: what was due last was due then, and nothing is again for most of an hour."""
    return {"schedule": f"{at.minute} * * * *", "timeZone": "Etc/UTC"}
