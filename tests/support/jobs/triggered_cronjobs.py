"""CronJobs that the test makes due: the real controller creates the runs, and no test waits for the clock."""

from __future__ import annotations

import datetime

from tests.support import environments
from tests.support.kubernetes import admin_client, kubernetes_objects

_MINUTE = datetime.timedelta(minutes=1)


def create(
    environment: environments.Environment,
    name: str,
    *containers: admin_client.Object,
    pod: dict[str, int],
    annotations: dict[str, str] | None = None,
    **spec: object,
) -> admin_client.Object:
    """Create a CronJob that is never due by itself; ``spec`` is merged into its spec."""
    body = kubernetes_objects.cronjob(name, *containers, annotations=annotations)
    body["spec"] |= spec
    body["spec"]["jobTemplate"]["spec"]["template"]["spec"] |= pod
    return environment.api.create("cronjobs", body, namespace=environment.namespace)


def due(environment: environments.Environment, name: str, *, minutes_ago: int) -> str:
    """Make the controller create a run that was due this many minutes ago; return the run's name.

    Each run of a CronJob must be due later than the previous one, as with a real schedule.
    """
    at = datetime.datetime.now(datetime.UTC).replace(second=0, microsecond=0) - minutes_ago * _MINUTE
    environment.api.patch("cronjobs", name, {"spec": _hourly(at)}, namespace=environment.namespace)
    environment.api.request(
        "PATCH",
        f"apis/batch/v1/namespaces/{environment.namespace}/cronjobs/{name}/status",
        # Seconds make the value differ from the one that a run sets: the controller reacts only to changes.
        body={"status": {"lastScheduleTime": (at - _MINUTE / 2).strftime("%Y-%m-%dT%H:%M:%SZ")}},
        content_type=admin_client.MERGE_PATCH,
    )
    return f"{name}-{int(at.timestamp()) // 60}"


def _hourly(at: datetime.datetime) -> admin_client.Object:
    """A schedule for this minute of each hour: the last run was due then, and the next one is most of an hour away."""
    return {"schedule": f"{at.minute} * * * *", "timeZone": "Etc/UTC"}
