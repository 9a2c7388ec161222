"""Jobs that push as their users write them: with the official Python client, to the address in their environment."""

from collections.abc import Mapping, Set
from typing import Protocol

from tests.cluster import apis, clusters, objects
from tests.support import waiting

_SCRIPT = """
import os, prometheus_client
registry = prometheus_client.CollectorRegistry()
gauge = prometheus_client.Gauge("job_result", "What the Job computed.", registry=registry)
gauge.set(float(os.environ["RESULT"]))
key = dict(pair.split("=", 1) for pair in os.environ["KEY"].split(",") if pair)
prometheus_client.push_to_gateway(
    os.environ["GATEWAY"], job=os.environ["JOB"], grouping_key=key, registry=registry, timeout=20)
"""
_THEN_FAIL = "\nraise SystemExit(3)\n"
_THEN_RUN_ON = "\nimport threading; threading.Event().wait()\n"
_QUICK_END = {"terminationGracePeriodSeconds": 1}
_POD_NAME = {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}


class Place(Protocol):
    """What is pushed to."""

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        ...


class Pushers:
    """Creates the Jobs of one test in one namespace; the group is named after the Job unless the test says else."""

    def __init__(self, cluster: clusters.Cluster, gateway: Place, *, namespace: str) -> None:
        self._cluster = cluster
        self._gateway = gateway
        self.namespace = namespace

    def unique(self, name: str) -> str:
        """The name with the namespace's suffix: Jobs of other tests may still be on their way out."""
        return f"{name}-{self.namespace.rpartition('-')[2]}"

    def job(
        self,
        name: str,
        *,
        result: float = 1.0,
        group: str | None = None,
        key: str = "",
        fails: bool = False,
        runs_on: bool = False,
        annotations: Mapping[str, str] | None = None,
        ttl: int | None = None,
        suspend: bool = False,
        namespace: str | None = None,
    ) -> apis.Object:
        """Create a Job that pushes ``job_result`` and then ends, fails, or runs on until it is deleted."""
        container = self.container(group or name, result=result, key=key, fails=fails, runs_on=runs_on)
        body = objects.job(name, container, annotations=annotations, ttl=ttl, suspend=suspend, pod=_QUICK_END)
        return self._cluster.api.create("jobs", body, namespace=namespace or self.namespace)

    def container(
        self, group: str, *, result: float, key: str = "", fails: bool = False, runs_on: bool = False
    ) -> apis.Object:
        """The container that pushes; ``$(POD)`` in the key is the pod's name."""
        script = _SCRIPT + (_THEN_FAIL if fails else _THEN_RUN_ON if runs_on else "")
        values = {"RESULT": str(result), "JOB": group, "KEY": key, "GATEWAY": self._gateway.url}
        env: list[apis.Object] = [_POD_NAME, *({"name": name, "value": value} for name, value in values.items())]
        return objects.python(script, env=env)

    def delete(self, name: str, *, namespace: str | None = None) -> None:
        """Delete a Job as kubectl does, and wait until it is gone."""
        where = namespace or self.namespace
        self._cluster.api.delete("jobs", name, namespace=where)
        waiting.eventually(
            lambda: self._cluster.api.find("jobs", name, namespace=where) is None, why=f"Job {name} to be gone"
        )

    def ended(self, name: str, *, namespace: str | None = None) -> str:
        """Wait until a Job has ended and return how."""
        return self._cluster.wait_for_end(name, namespace=namespace or self.namespace)

    def newly_ended(self, names: Set[str]) -> list[str]:
        """Those of these Jobs that have ended by now."""
        jobs = self._cluster.api.list("jobs", namespace=self.namespace)
        return [job["metadata"]["name"] for job in jobs if job["metadata"]["name"] in names and objects.ending(job)]
