"""Jobs that push as users' Jobs do."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from tests.support import waiting
from tests.support.jobs import pod_steps
from tests.support.kubernetes import admin_client, clusters, kubernetes_objects

QUICK_END = {"terminationGracePeriodSeconds": 1}
PATIENT_END = {"terminationGracePeriodSeconds": 60}
"""Grace period for pods that still have steps to execute when they are asked to terminate."""


class Place(Protocol):
    """A target of pushes."""

    @property
    def url(self) -> str:
        """The URL without a trailing slash."""
        ...


class Pushers:
    """Creates the Jobs of one test in one namespace; a group is named after its Job unless the test sets a name."""

    def __init__(self, cluster: clusters.Cluster, gateway: Place, *, namespace: str) -> None:
        self._cluster = cluster
        self._gateway = gateway
        self.namespace = namespace

    def unique(self, name: str) -> str:
        """The name with the namespace's suffix: Jobs of other tests may still exist."""
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
        from_pod: bool = False,
        annotations: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        ttl: int | None = None,
        suspend: bool = False,
        namespace: str | None = None,
    ) -> admin_client.Object:
        """Create a Job that pushes ``job_result`` and then succeeds, fails, or runs until it is deleted."""
        container = self.container(
            group or name, result=result, key=key, fails=fails, runs_on=runs_on, from_pod=from_pod
        )
        body = kubernetes_objects.job(
            name, container, annotations=annotations, labels=labels, ttl=ttl, suspend=suspend, pod=QUICK_END
        )
        return self._cluster.api.create("jobs", body, namespace=namespace or self.namespace)

    def job_with_steps(
        self,
        name: str,
        part: str,
        *,
        group: str | None = None,
        key: str = "",
        by_index: Mapping[int, str] | None = None,
        from_pod: bool = False,
        annotations: Mapping[str, str] | None = None,
        owners: Sequence[admin_client.Object] = (),
        spec: Mapping[str, object] | None = None,
        namespace: str | None = None,
    ) -> admin_client.Object:
        """Create a Job whose pods execute steps (see `pod_steps`), and have time for them when they are terminated.

        :param spec: fields that are merged into the Job's spec.
        """
        container = self.container_with_steps(part, group=group or name, key=key, by_index=by_index, from_pod=from_pod)
        body = kubernetes_objects.job(name, container, annotations=annotations, pod=PATIENT_END)
        body["spec"] |= spec or {}
        body["metadata"]["ownerReferences"] = list(owners)
        return self._cluster.api.create("jobs", body, namespace=namespace or self.namespace)

    def container(
        self,
        group: str,
        *,
        result: float,
        key: str = "",
        fails: bool = False,
        runs_on: bool = False,
        from_pod: bool = False,
    ) -> admin_client.Object:
        """A container that pushes once."""
        part = f"push {result}" + ("; exit 3" if fails else "; rest" if runs_on else "")
        return self.container_with_steps(part, group=group, key=key, from_pod=from_pod)

    def container_with_steps(
        self,
        part: str,
        *,
        group: str,
        key: str = "",
        by_index: Mapping[int, str] | None = None,
        name: str = "main",
        from_pod: bool = False,
    ) -> admin_client.Object:
        """A container that executes steps and pushes to this gateway."""
        return pod_steps.container(
            part, gateway=self._gateway.url, group=group, key=key, by_index=by_index, name=name, from_pod=from_pod
        )

    def delete(self, name: str, *, namespace: str | None = None) -> None:
        """Delete a Job as kubectl does, and wait until it is deleted."""
        where = namespace or self.namespace
        self._cluster.api.delete("jobs", name, namespace=where)
        self.wait_until_deleted(name, namespace=where)

    def wait_until_deleted(self, name: str, *, namespace: str | None = None) -> None:
        """Wait until no Job has this name."""
        waiting.eventually(
            lambda: self._cluster.api.find("jobs", name, namespace=namespace or self.namespace) is None,
            why=f"Job {name} to be deleted",
        )

    def wait_until_finished(self, name: str, *, namespace: str | None = None) -> str:
        """Wait until a Job has finished, and return its final condition."""
        return self._cluster.wait_until_finished(name, namespace=namespace or self.namespace)
