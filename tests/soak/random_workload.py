"""Creates and deletes the planned Jobs of a soak."""

from __future__ import annotations

import functools
import heapq
import http
import itertools
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.soak import job_plan
from tests.support.kubernetes import admin_client, clusters, kubernetes_objects

_SCRIPT = Path(__file__).parent / "logging_pusher.py"
_QUICK_END = {"terminationGracePeriodSeconds": 1}
_POD = [
    {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
    for name, path in (("POD", "metadata.name"), ("POD_IP", "status.podIP"))
]
_UID_LABEL = "metadata.labels['batch.kubernetes.io/controller-uid']"
_OWNER = {"name": "OWNER", "valueFrom": {"fieldRef": {"fieldPath": _UID_LABEL}}}
_RETRY_SECONDS = 0.5


_CRONJOBS = ("cron-stays", "cron-goes-1", "cron-goes-2")
_CRON_SHARE = 0.05
_RUNNING = 3


class Target(NamedTuple):
    """The namespace of the Jobs, the gateway they push to, and the folder for the pods' logs."""

    cluster: clusters.Cluster
    namespace: str
    port: int
    logs: Path


@dataclass
class Workload:
    """Creates and deletes Jobs in one thread; retries while the API server is down.

    :ivar created: Jobs by kind.
    """

    target: Target
    rng: random.Random
    jobs: int
    seconds: float
    created: Counter[str] = field(default_factory=Counter)
    stop_requested: threading.Event = field(default_factory=threading.Event)
    _steps: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _began: float = 0.0

    def run(self) -> None:
        """Execute the plan, then delete the CronJobs that should be deleted."""
        self._began = time.monotonic()
        for number in range(_RUNNING):
            self._create(
                job_plan.PlannedJob(
                    0.0, job_plan.RUNS_ON, f"{job_plan.RUNS_ON.name}-{number}", job_plan.FOREVER, 1.0, None, None
                )
            )
        crons = {name: self._create_cronjob(name) for name in _CRONJOBS}
        for job in job_plan.planned_jobs(self.rng, jobs=self.jobs, seconds=self.seconds):
            self._plan(job.at, functools.partial(self._create, job))
        for number in range(round(self.jobs * _CRON_SHARE)):
            name = self.rng.choice(_CRONJOBS)
            at = self.rng.uniform(0.0, self.seconds)
            self._plan(at, functools.partial(self._run_cronjob, name, crons[name], number))
        while self._steps and not self.stop_requested.is_set():
            at, _, step = heapq.heappop(self._steps)
            if not self.stop_requested.wait(max(0.0, self._began + at - time.monotonic())):
                step()
        for name in _CRONJOBS:
            if not name.startswith(job_plan.STAYING):
                self._delete("cronjobs", name)

    def _plan(self, at: float, step: Callable[[], None]) -> None:
        heapq.heappush(self._steps, (at, next(self._numbers), step))

    def _create(self, job: job_plan.PlannedJob) -> None:
        annotations = job_plan.job_annotations(job, namespace=self.target.namespace)
        group = job_plan.grouping_key(job, namespace=self.target.namespace)
        drain = job_plan.SHORT_DRAIN if job.kind.annotated else job_plan.DRAIN
        spec = self._spec(group, job.kind, pushes=job.pushes, pause=job.pause, drain=drain)
        self._submit(
            kubernetes_objects.job(job.name, _container(spec), annotations=annotations, ttl=job.ttl, pod=_QUICK_END)
        )
        self.created[job.kind.name] += 1
        if job.deleted_after is not None:
            at = time.monotonic() - self._began + job.deleted_after
            self._plan(at, functools.partial(self._remove, job))

    def _remove(self, job: job_plan.PlannedJob) -> None:
        self._delete("jobs", job.name)
        if job.kind.again:
            self._create(job._replace(pushes=2, deleted_after=None))

    def _spec(
        self, group: Mapping[str, str], kind: job_plan.Kind, *, pushes: int, pause: float, drain: float, owner: str = ""
    ) -> dict[str, object]:
        return {
            "host": "127.0.0.1",
            "port": self.target.port,
            "group": list(group.items()),
            "log": str(self.target.logs),
            "pushes": pushes,
            "pause": pause,
            "exit": 3 if kind.fails else 0,
            "until": kind.until,
            "drain": drain,
            "proxied": kind.proxied,
            "owner": owner,
        }

    def _create_cronjob(self, name: str) -> str:
        body = kubernetes_objects.cronjob(name, kubernetes_objects.container("true"))
        created = self._insist(
            lambda: self.target.cluster.api.create("cronjobs", body, namespace=self.target.namespace)
        )
        return str(created["metadata"]["uid"])

    def _run_cronjob(self, name: str, uid: str, number: int) -> None:
        """Create a run as `kubectl create job --from` does; its group is named after the CronJob."""
        spec = self._spec({"job": name}, job_plan.CRON_RUN, pushes=2, pause=0.3, drain=job_plan.DRAIN, owner=uid)
        body = kubernetes_objects.job(f"{name}-{number}", _container(spec), pod=_QUICK_END)
        owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": name, "uid": uid, "controller": True}
        body["metadata"]["ownerReferences"] = [owner]
        self._submit(body)
        self.created[job_plan.CRON_RUN.name] += 1

    def _submit(self, body: admin_client.Object) -> None:
        def create() -> None:
            try:
                self.target.cluster.api.create("jobs", body, namespace=self.target.namespace)
            except admin_client.ApiError as error:
                # A failed attempt may have succeeded; the deletion of a Job of this name precedes its next creation.
                if error.status != http.HTTPStatus.CONFLICT:
                    raise

        self._insist(create)

    def _delete(self, resource: str, name: str) -> None:
        def delete() -> None:
            try:
                self.target.cluster.api.delete(resource, name, namespace=self.target.namespace)
            except admin_client.ApiError as error:
                if error.status != http.HTTPStatus.NOT_FOUND:
                    raise

        self._insist(delete)

    def _insist(self, call: Callable[[], admin_client.Object] | Callable[[], None]) -> admin_client.Object:
        """Retry the call until the API server responds."""
        while True:
            try:
                return call() or {}
            except admin_client.UNREACHABLE:
                pass
            except admin_client.ApiError as error:
                if (
                    error.status < http.HTTPStatus.INTERNAL_SERVER_ERROR
                    and error.status != http.HTTPStatus.TOO_MANY_REQUESTS
                ):
                    raise
            if self.stop_requested.wait(_RETRY_SECONDS):
                return {}


def _container(spec: Mapping[str, object]) -> admin_client.Object:
    env: list[admin_client.Object] = [*_POD, _OWNER, {"name": "SPEC", "value": json.dumps(spec)}]
    return kubernetes_objects.container("python", "-I", "-S", str(_SCRIPT), env=env)
