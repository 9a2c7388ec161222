"""An environment: gateway, operator and Prometheus on a cluster, a namespace for Jobs, and checks of their groups."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.support import components, waiting
from tests.support.jobs import externally_managed_jobs, pushing_jobs
from tests.support.kubernetes import admin_client, clusters, pod_status
from tests.support.processes import tidegate_processes
from tests.support.prometheus import prometheus_server

_SECONDS = 60.0


class Environment:
    """The components together with a namespace and a folder of one test.

    Tests that share components use different names for their Jobs and groups.

    :ivar folder: folder of the files that pods wait for.
    """

    def __init__(self, running: components.Components, *, namespace: str, folder: Path) -> None:
        self.components = running
        self.cluster = running.cluster
        self.namespace = namespace
        self.folder = folder

    @property
    def gateway(self) -> tidegate_processes.Gateway:
        return self.components.gateway

    @property
    def operator(self) -> tidegate_processes.Operator:
        return self.components.operator

    @property
    def prometheus(self) -> prometheus_server.Prometheus:
        return self.components.prometheus

    @functools.cached_property
    def push(self) -> pushing_jobs.Pushers:
        """Creates Jobs in the namespace that push to the gateway."""
        return pushing_jobs.Pushers(self.cluster, self.gateway, namespace=self.namespace)

    @property
    def api(self) -> admin_client.Api:
        return self.cluster.api

    def start(self) -> None:
        """Start all components that do not run yet."""
        _ = self.operator, self.prometheus

    def gate(self, name: str) -> Path:
        """The path of a file that does not exist yet."""
        return self.folder / name

    def groups(self, name: str, **labels: str) -> list[dict[str, Any]]:
        """The groups with this ``job`` label and these further labels."""
        wanted = {"job": name, **labels}
        return [group for group in self.gateway.listed() if wanted.items() <= group["labels"].items()]

    def wait_until_pushed(self, name: str, *, groups: int = 1, **labels: str) -> None:
        """Wait until this many groups with these labels exist and have an owner."""
        waiting.eventually(
            lambda: [bool(group["claims"]) for group in self.groups(name, **labels)] == [True] * groups,
            why=f"{groups} groups of {name}",
            timeout=_SECONDS,
        )

    def wait_until_claimed(self, name: str, *uids: str, **labels: str) -> None:
        """Wait until all groups with these labels have exactly these owners, or any owner if none is given."""

        def owned() -> bool:
            found = self.groups(name, **labels)
            return bool(found) and all(_owners(group) == set(uids) if uids else _owners(group) for group in found)

        waiting.eventually(owned, why=f"{name} to be claimed by {uids or 'an owner'}", timeout=_SECONDS)

    def owners(self, name: str, **labels: str) -> set[str]:
        """The uids of all owners of the groups with these labels."""
        return {uid for group in self.groups(name, **labels) for uid in _owners(group)}

    def wait_until_draining(self, name: str, **labels: str) -> None:
        """Wait until all groups with these labels are draining."""

        def draining() -> bool:
            found = self.groups(name, **labels)
            return bool(found) and all(group["drain_pushed_revision"] is not None for group in found)

        waiting.eventually(draining, why=f"{name} to drain", timeout=_SECONDS)

    def wait_until_deleted(self, *names: str, **labels: str) -> None:
        """Wait until no group has any of these ``job`` labels."""
        waiting.eventually(
            lambda: not [group for name in names for group in self.groups(name, **labels)],
            why=f"the groups of {', '.join(names)} to be deleted",
            timeout=_SECONDS,
        )

    def wait_for_full_pass(self) -> None:
        """Wait until the operator has completed a full pass: it has deleted the group of a Job that finished just now.

        Groups that still exist afterwards are kept on purpose.
        """
        name = self.push.unique(f"sentinel-{len(self.gateway.groups())}")
        self.api.create("jobs", externally_managed_jobs.job(name), namespace=self.namespace)
        self.gateway.push(f"job/{name}", "sentinel 1\n")
        self.end(name)
        self.wait_until_deleted(name)
        self.push.delete(name)

    def end(self, name: str, kind: str = "Complete") -> None:
        """Finish an externally managed Job."""
        self.set_status(name, externally_managed_jobs.ended(kind, at=pod_status.timestamp()))

    def set_status(self, name: str, body: admin_client.Object) -> None:
        """Change the status of a Job."""
        path = f"apis/batch/v1/namespaces/{self.namespace}/jobs/{name}/status"
        self.api.request("PATCH", path, body=body, content_type=admin_client.MERGE_PATCH)

    def assert_kept(self, name: str, *uids: str, groups: int = 1, **labels: str) -> None:
        """Assert that the operator, after a full pass, keeps this many groups with their owners (these, if given)."""
        self.wait_for_full_pass()
        self._assert_kept_now(name, *uids, groups=groups, **labels)

    def assert_all_kept(self, owners: Mapping[str, str]) -> None:
        """As `assert_kept`, for groups with one owner each."""
        self.wait_for_full_pass()
        for name, uid in owners.items():
            self._assert_kept_now(name, uid, groups=1)

    def assert_unowned(self, name: str) -> None:
        """Assert that the operator, after a full pass, has given this group no owner and does not drain it."""
        self.wait_for_full_pass()
        [group] = self.groups(name)
        assert (group["claims"], group["drain_pushed_revision"]) == ([], None)

    def final(self, name: str, **labels: str) -> float | None:
        """The last value of ``job_result`` in Prometheus for the one group with these labels."""
        matchers = ",".join(f'{label}="{value}"' for label, value in {"job": name, **labels}.items())
        return self.prometheus.final_value(f"job_result{{{matchers}}}")

    def wait_for_value(self, value: float, name: str, **labels: str) -> None:
        """Wait until Prometheus has this value of ``job_result``."""
        waiting.eventually(
            lambda: self.final(name, **labels) == value, why=f"{value} of {name} to be scraped", timeout=_SECONDS
        )

    def job(self, name: str) -> admin_client.Object:
        """The current state of a Job."""
        return self.api.get("jobs", name, namespace=self.namespace)

    def condition(self, name: str, kind: str) -> admin_client.Object | None:
        """A Job's condition of this type, if its status is true."""
        conditions = self.job(name).get("status", {}).get("conditions", [])
        return next((each for each in conditions if each["type"] == kind and each["status"] == "True"), None)

    def event(self, reason: str, name: str) -> admin_client.Object:
        """Wait for an Event with this reason on an object of this name."""

        def find() -> admin_client.Object | None:
            events = self.api.list("events", namespace=self.namespace, fields=f"reason={reason}")
            return next((event for event in events if event["regarding"]["name"] == name), None)

        found = waiting.eventually(find, why=f"the Event {reason} on {name}", timeout=_SECONDS)
        assert found is not None
        return found

    def _assert_kept_now(self, name: str, *uids: str, groups: int, **labels: str) -> None:
        found = self.groups(name, **labels)
        assert len(found) == groups, found
        assert [group for group in found if group["drain_pushed_revision"] is not None] == []
        assert all(_owners(group) == set(uids) if uids else _owners(group) for group in found), found


@contextlib.contextmanager
def opened(running: components.Components, folder: Path) -> Iterator[Environment]:
    """These components with a new namespace; the deletion of the namespace starts at the end, without waiting."""
    namespace = running.cluster.create_namespace()
    try:
        yield Environment(running, namespace=namespace, folder=folder)
    finally:
        running.cluster.api.delete("namespaces", namespace)


@contextlib.contextmanager
def started(
    cluster: clusters.Cluster,
    folder: Path,
    *,
    kubeconfig: Path | None = None,
    gateway_flags: tuple[str, ...] = (),
    operator_flags: tuple[str, ...] = (),
) -> Iterator[Environment]:
    """New components with these flags, all running, and a new namespace; they stop at the end of the block."""
    with (
        components.Components(
            cluster, folder, kubeconfig=kubeconfig, gateway_flags=gateway_flags, operator_flags=operator_flags
        ) as running,
        opened(running, folder) as environment,
    ):
        environment.start()
        yield environment


def _owners(group: dict[str, Any]) -> set[str]:
    return {claim["owner"]["uid"] for claim in group["claims"]}
