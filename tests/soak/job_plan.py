"""The planned Jobs of a soak: their kinds, times, groups and annotations."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import NamedTuple

from tests.soak import histories

DRAIN = 20.0
"""Default drain timeout, in seconds."""
SHORT_DRAIN = 12.0
"""Drain timeout of annotated Jobs, in seconds."""
FOREVER = 1_000_000
"""Number of pushes of a pod that runs until it is killed."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A lifecycle of Jobs.

    :ivar share: relative frequency.
    :ivar ttl: seconds after which Kubernetes removes the finished Job, one of these.
    :ivar deleted: range of seconds after its creation at which the workload deletes it.
    :ivar again: whether a Job of the same name is created immediately after the deletion.
    :ivar any_name: whether the name of its group does not identify it, so that only its pod's address does.
    :ivar proxied: whether its pushes come from an address that is not its pod's.
    """

    name: str
    share: int
    fails: bool = False
    runs_on: bool = False
    ttl: tuple[int, ...] = ()
    deleted: tuple[float, float] | None = None
    again: bool = False
    by_pod: bool = False
    by_namespace: bool = False
    annotated: bool = False
    any_name: bool = False
    proxied: bool = False
    cleanup: str = ""
    until: histories.Until = histories.Until.END


KINDS = (
    Kind(name="succeeds", share=26),
    Kind(name="fails", share=10, fails=True),
    Kind(name="any-name", share=12, any_name=True),
    Kind(name="proxied", share=6, proxied=True),
    Kind(name="vanishes", share=10, ttl=(0, 1)),
    Kind(name="vanishes-proxied", share=6, ttl=(0, 1), proxied=True),
    Kind(name="deleted", share=10, runs_on=True, deleted=(2.0, 6.0)),
    Kind(name="annotated", share=10, annotated=True),
    Kind(name="by-pod", share=8, by_pod=True),
    Kind(name="labelled", share=4, by_namespace=True),
    Kind(name="recreated", share=6, runs_on=True, deleted=(2.0, 5.0), again=True),
    Kind(name="on-deletion", share=3, cleanup="on-deletion", until=histories.Until.DELETED, deleted=(4.0, 9.0)),
    Kind(
        name="on-success", share=3, cleanup="on-success", until=histories.Until.SUCCESS, fails=True, deleted=(4.0, 9.0)
    ),
    Kind(name="kept", share=1, cleanup="never", until=histories.Until.NEVER),
)
RUNS_ON = Kind(name="runs-on", share=0, runs_on=True)
CRON_RUN = Kind(name="cron-run", share=0, until=histories.Until.DELETED)
STAYING = ("kept", "runs-on", "unowned", "cron-stays")
"""Prefixes of the names of groups that remain at the end."""


class PlannedJob(NamedTuple):
    """A planned Job: its time after the start, and its behavior."""

    at: float
    kind: Kind
    name: str
    pushes: int
    pause: float
    ttl: int | None
    deleted_after: float | None


def planned_jobs(rng: random.Random, *, jobs: int, seconds: float) -> list[PlannedJob]:
    """Random Jobs over this time; the same random generator state gives the same Jobs."""
    made = [
        PlannedJob(
            at=rng.uniform(0.0, seconds),
            kind=kind,
            name=f"{kind.name}-{number}",
            pushes=FOREVER if kind.runs_on else rng.randint(1, 4),
            pause=rng.uniform(0.1, 1.0),
            ttl=rng.choice(kind.ttl) if kind.ttl else None,
            deleted_after=rng.uniform(*kind.deleted) if kind.deleted is not None else None,
        )
        for number, kind in enumerate(rng.choices(KINDS, [kind.share for kind in KINDS], k=jobs))
    ]
    return sorted(made, key=lambda job: job.at)


def grouping_key(job: PlannedJob, *, namespace: str) -> dict[str, str]:
    """The grouping key that the Job's pod pushes to."""
    if job.kind.annotated:
        return {"job": f"group-of-{job.name}", "instance": "db1"}
    if job.kind.any_name:
        return {"job": f"whatever-{job.name.rpartition('-')[2]}"}
    if job.kind.by_pod:
        return {"job": f"{job.kind.name}-any", "instance": "$(POD)"}
    if job.kind.by_namespace:
        return {"job": job.name, "namespace": namespace}
    return {"job": job.name}


def job_annotations(job: PlannedJob, *, namespace: str) -> dict[str, str]:
    """The annotations of the Job."""
    found = {}
    if job.kind.annotated:
        key = grouping_key(job, namespace=namespace)
        found["tidegate.dev/grouping-key"] = ",".join(f"{name}={value}" for name, value in key.items())
        found["tidegate.dev/drain-timeout"] = f"{SHORT_DRAIN:g}s"
    if job.kind.cleanup:
        found["tidegate.dev/cleanup"] = job.kind.cleanup
    return found
