"""The Jobs of a soak: their kinds, times and behavior."""

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

from tests.soak import histories
from tests.support.kubernetes import admin_client, clusters, kubernetes_objects

DRAIN = 20.0
"""Default drain timeout, in seconds."""

_SHORT_DRAIN = 12.0
_SCRIPT = Path(__file__).parent / "logging_pusher.py"
_QUICK_END = {"terminationGracePeriodSeconds": 1}
_POD = [
    {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
    for name, path in (("POD", "metadata.name"), ("POD_IP", "status.podIP"))
]
_UID_LABEL = "metadata.labels['batch.kubernetes.io/controller-uid']"
_OWNER = {"name": "OWNER", "valueFrom": {"fieldRef": {"fieldPath": _UID_LABEL}}}
_FOREVER = 1_000_000
"""Number of pushes of a pod that runs until it is killed."""
_RETRY_SECONDS = 0.5


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
STAYING = ("kept", "runs-on", "stranger", "cron-stays")
"""Prefixes of the names of groups that remain at the end."""

_CRONJOBS = ("cron-stays", "cron-goes-1", "cron-goes-2")
_CRON_SHARE = 0.05
_RUNNING = 3


class Errand(NamedTuple):
    """A planned Job: its time after the start, and its behavior."""

    at: float
    kind: Kind
    name: str
    pushes: int
    pause: float
    ttl: int | None
    deleted_after: float | None


def errands(dice: random.Random, *, jobs: int, seconds: float) -> list[Errand]:
    """Random Jobs over this time; the same random generator state gives the same Jobs."""
    made = [
        Errand(
            at=dice.uniform(0.0, seconds),
            kind=kind,
            name=f"{kind.name}-{number}",
            pushes=_FOREVER if kind.runs_on else dice.randint(1, 4),
            pause=dice.uniform(0.1, 1.0),
            ttl=dice.choice(kind.ttl) if kind.ttl else None,
            deleted_after=dice.uniform(*kind.deleted) if kind.deleted is not None else None,
        )
        for number, kind in enumerate(dice.choices(KINDS, [kind.share for kind in KINDS], k=jobs))
    ]
    return sorted(made, key=lambda errand: errand.at)


class Place(NamedTuple):
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

    place: Place
    dice: random.Random
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
            self._create(Errand(0.0, RUNS_ON, f"{RUNS_ON.name}-{number}", _FOREVER, 1.0, None, None))
        crons = {name: self._create_cronjob(name) for name in _CRONJOBS}
        for errand in errands(self.dice, jobs=self.jobs, seconds=self.seconds):
            self._plan(errand.at, functools.partial(self._create, errand))
        for number in range(round(self.jobs * _CRON_SHARE)):
            name = self.dice.choice(_CRONJOBS)
            at = self.dice.uniform(0.0, self.seconds)
            self._plan(at, functools.partial(self._run_cronjob, name, crons[name], number))
        while self._steps and not self.stop_requested.is_set():
            at, _, step = heapq.heappop(self._steps)
            if not self.stop_requested.wait(max(0.0, self._began + at - time.monotonic())):
                step()
        for name in _CRONJOBS:
            if not name.startswith(STAYING):
                self._delete("cronjobs", name)

    def _plan(self, at: float, step: Callable[[], None]) -> None:
        heapq.heappush(self._steps, (at, next(self._numbers), step))

    def _create(self, errand: Errand) -> None:
        annotations, group = self._annotations(errand), self._group(errand)
        drain = _SHORT_DRAIN if errand.kind.annotated else DRAIN
        spec = self._spec(group, errand.kind, pushes=errand.pushes, pause=errand.pause, drain=drain)
        self._submit(
            kubernetes_objects.job(
                errand.name, _container(spec), annotations=annotations, ttl=errand.ttl, pod=_QUICK_END
            )
        )
        self.created[errand.kind.name] += 1
        if errand.deleted_after is not None:
            at = time.monotonic() - self._began + errand.deleted_after
            self._plan(at, functools.partial(self._remove, errand))

    def _remove(self, errand: Errand) -> None:
        self._delete("jobs", errand.name)
        if errand.kind.again:
            self._create(errand._replace(pushes=2, deleted_after=None))

    def _group(self, errand: Errand) -> dict[str, str]:
        if errand.kind.annotated:
            return {"job": f"group-of-{errand.name}", "instance": "db1"}
        if errand.kind.any_name:
            return {"job": f"whatever-{errand.name.rpartition('-')[2]}"}
        if errand.kind.by_pod:
            return {"job": f"{errand.kind.name}-any", "instance": "$(POD)"}
        if errand.kind.by_namespace:
            return {"job": errand.name, "namespace": self.place.namespace}
        return {"job": errand.name}

    def _annotations(self, errand: Errand) -> dict[str, str]:
        found = {}
        if errand.kind.annotated:
            found["tidegate.dev/grouping-key"] = ",".join(f"{k}={v}" for k, v in self._group(errand).items())
            found["tidegate.dev/drain-timeout"] = f"{_SHORT_DRAIN:g}s"
        if errand.kind.cleanup:
            found["tidegate.dev/cleanup"] = errand.kind.cleanup
        return found

    def _spec(
        self, group: Mapping[str, str], kind: Kind, *, pushes: int, pause: float, drain: float, owner: str = ""
    ) -> dict[str, object]:
        return {
            "host": "127.0.0.1",
            "port": self.place.port,
            "group": list(group.items()),
            "log": str(self.place.logs),
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
        created = self._insist(lambda: self.place.cluster.api.create("cronjobs", body, namespace=self.place.namespace))
        return str(created["metadata"]["uid"])

    def _run_cronjob(self, name: str, uid: str, number: int) -> None:
        """Create a run as `kubectl create job --from` does; its group is named after the CronJob."""
        spec = self._spec({"job": name}, CRON_RUN, pushes=2, pause=0.3, drain=DRAIN, owner=uid)
        body = kubernetes_objects.job(f"{name}-{number}", _container(spec), pod=_QUICK_END)
        owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": name, "uid": uid, "controller": True}
        body["metadata"]["ownerReferences"] = [owner]
        self._submit(body)
        self.created[CRON_RUN.name] += 1

    def _submit(self, job: admin_client.Object) -> None:
        def create() -> None:
            try:
                self.place.cluster.api.create("jobs", job, namespace=self.place.namespace)
            except admin_client.ApiError as error:
                # A failed attempt may have succeeded; the deletion of a Job of this name precedes its next creation.
                if error.status != http.HTTPStatus.CONFLICT:
                    raise

        self._insist(create)

    def _delete(self, resource: str, name: str) -> None:
        def delete() -> None:
            try:
                self.place.cluster.api.delete(resource, name, namespace=self.place.namespace)
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
