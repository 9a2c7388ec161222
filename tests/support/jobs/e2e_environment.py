"""A gateway, an operator and a Prometheus that the tests of one module share, and checks for these tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import waiting
from tests.support.jobs import pushing_jobs, sentinel_jobs
from tests.support.kubernetes import admin_client, clusters
from tests.support.processes import tidegate_processes
from tests.support.prometheus import prometheus_server

SCRAPE_INTERVAL = "1s"
RESYNC = "--operator.resync=5s"
_GOES_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Tests that share one use different names for their Jobs and groups.

    :ivar folder: folder of the files that pods wait for.
    """

    cluster: clusters.Cluster
    gateway: tidegate_processes.Gateway
    operator: tidegate_processes.Operator
    server: prometheus_server.Prometheus
    push: pushing_jobs.Pushers
    folder: Path

    @property
    def api(self) -> admin_client.Api:
        return self.cluster.api

    @property
    def namespace(self) -> str:
        return self.push.namespace

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
        )

    def wait_until_claimed(self, name: str, *uids: str, **labels: str) -> None:
        """Wait until all groups with these labels have exactly these owners."""

        def owned() -> bool:
            found = self.groups(name, **labels)
            return bool(found) and all(_owners(group) == set(uids) for group in found)

        waiting.eventually(owned, why=f"{name} to be claimed by {uids}")

    def owners(self, name: str, **labels: str) -> set[str]:
        """The uids of all owners of the groups with these labels."""
        return {uid for group in self.groups(name, **labels) for uid in _owners(group)}

    def wait_until_draining(self, name: str, **labels: str) -> None:
        """Wait until all groups with these labels are draining."""

        def retired() -> bool:
            found = self.groups(name, **labels)
            return bool(found) and all(group["drain_pushed_revision"] is not None for group in found)

        waiting.eventually(retired, why=f"{name} to drain")

    def wait_until_deleted(self, *names: str, **labels: str) -> None:
        """Wait until no group has any of these ``job`` labels."""
        waiting.eventually(
            lambda: not [group for name in names for group in self.groups(name, **labels)],
            why=f"the groups of {', '.join(names)} to go",
            timeout=_GOES_SECONDS,
        )

    def assert_kept(self, name: str, *uids: str, groups: int = 1, **labels: str) -> None:
        """Assert that the operator, after a full pass, keeps this many groups with their owners (these, if given)."""
        sentinel_jobs.wait_for_full_pass(self.push, self.gateway)
        self._assert_kept_now(name, *uids, groups=groups, **labels)

    def assert_all_kept(self, owners: Mapping[str, str]) -> None:
        """As `assert_kept`, for groups with one owner each."""
        sentinel_jobs.wait_for_full_pass(self.push, self.gateway)
        for name, uid in owners.items():
            self._assert_kept_now(name, uid, groups=1)

    def final(self, name: str, **labels: str) -> float | None:
        """The last value of ``job_result`` in Prometheus for the one group with these labels."""
        matchers = ",".join(f'{label}="{value}"' for label, value in {"job": name, **labels}.items())
        return self.server.final_value(f"job_result{{{matchers}}}")

    def wait_for_value(self, value: float, name: str, **labels: str) -> None:
        """Wait until Prometheus has this value of ``job_result``."""
        waiting.eventually(lambda: self.final(name, **labels) == value, why=f"{value} of {name} to be scraped")

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

        found = waiting.eventually(find, why=f"the Event {reason} on {name}")
        assert found is not None
        return found

    def _assert_kept_now(self, name: str, *uids: str, groups: int, **labels: str) -> None:
        found = self.groups(name, **labels)
        assert len(found) == groups, found
        assert [group for group in found if group["drain_pushed_revision"] is not None] == []
        assert all(_owners(group) == set(uids) if uids else _owners(group) for group in found), found


def _owners(group: dict[str, Any]) -> set[str]:
    return {claim["owner"]["uid"] for claim in group["claims"]}


@contextlib.contextmanager
def opened(
    cluster: clusters.Cluster, *, kubeconfig: Path, folder: Path, arguments: tuple[str, ...] = ()
) -> Iterator[Stage]:
    """Start all components in a namespace of their own, and wait until they are ready.

    :param arguments: further arguments of the operator.
    """
    with contextlib.ExitStack() as stack:
        namespace = cluster.create_namespace()
        stack.callback(cluster.api.delete, "namespaces", namespace)
        gateway = stack.enter_context(tidegate_processes.serving(folder))
        operator = tidegate_processes.Operator(
            folder, gateway=gateway, kubeconfig=kubeconfig, arguments=(RESYNC, *arguments)
        )
        stack.callback(operator.process.stop)
        operator.start()
        target = prometheus_server.Target(port=gateway.port)
        server = prometheus_server.Prometheus(folder / "prometheus", targets=[target], interval=SCRAPE_INTERVAL)
        stack.callback(server.kill)
        server.start()
        server.wait_until_up()
        push = pushing_jobs.Pushers(cluster, gateway, namespace=namespace)
        yield Stage(cluster=cluster, gateway=gateway, operator=operator, server=server, push=push, folder=folder)
        operator.process.check()
        assert operator.logged_errors() == []
