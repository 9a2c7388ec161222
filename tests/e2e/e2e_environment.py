"""A gateway, an operator and a Prometheus that the tests of one module share, and what these tests look for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster import admin_client, clusters, prometheus_server
from tests.e2e import pushing_jobs, sentinel_jobs
from tests.support import tidegate_processes, waiting

SCRAPE_INTERVAL = "1s"
RESYNC = "--operator.resync=5s"
_GOES_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Tests that share one name their Jobs and groups apart.

    :ivar folder: for the files that pods wait for.
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
        """A file that is not there yet."""
        return self.folder / name

    def groups(self, name: str, **labels: str) -> list[dict[str, Any]]:
        """The groups with this ``job`` label and these others."""
        wanted = {"job": name, **labels}
        return [group for group in self.gateway.listed() if wanted.items() <= group["labels"].items()]

    def pushed(self, name: str, *, groups: int = 1, **labels: str) -> None:
        """Wait until so many groups with these labels are there and have an owner."""
        waiting.eventually(
            lambda: [bool(group["claims"]) for group in self.groups(name, **labels)] == [True] * groups,
            why=f"{groups} groups of {name}",
        )

    def claimed(self, name: str, *uids: str, **labels: str) -> None:
        """Wait until all groups with these labels have these owners and no others."""

        def owned() -> bool:
            found = self.groups(name, **labels)
            return bool(found) and all(_owners(group) == set(uids) for group in found)

        waiting.eventually(owned, why=f"{name} to be claimed by {uids}")

    def owners(self, name: str, **labels: str) -> set[str]:
        """The uids of all owners that the groups with these labels have."""
        return {uid for group in self.groups(name, **labels) for uid in _owners(group)}

    def draining(self, name: str, **labels: str) -> None:
        """Wait until all groups with these labels drain."""

        def retired() -> bool:
            found = self.groups(name, **labels)
            return bool(found) and all(group["drain_pushed_revision"] is not None for group in found)

        waiting.eventually(retired, why=f"{name} to drain")

    def goes(self, *names: str, **labels: str) -> None:
        """Wait until no group with any of these ``job`` labels is left."""
        waiting.eventually(
            lambda: not [group for name in names for group in self.groups(name, **labels)],
            why=f"the groups of {', '.join(names)} to go",
            timeout=_GOES_SECONDS,
        )

    def stays(self, name: str, *uids: str, groups: int = 1, **labels: str) -> None:
        """See that the operator has had its look, and has left so many groups to their owners: these, where named."""
        sentinel_jobs.pass_by(self.push, self.gateway)
        self._kept(name, *uids, groups=groups, **labels)

    def stay(self, owners: Mapping[str, str]) -> None:
        """As `stays`, for groups that have one owner each."""
        sentinel_jobs.pass_by(self.push, self.gateway)
        for name, uid in owners.items():
            self._kept(name, uid, groups=1)

    def final(self, name: str, **labels: str) -> float | None:
        """The last value of ``job_result`` that Prometheus has of the one group with these labels."""
        matchers = ",".join(f'{label}="{value}"' for label, value in {"job": name, **labels}.items())
        return self.server.final_value(f"job_result{{{matchers}}}")

    def reads(self, value: float, name: str, **labels: str) -> None:
        """Wait until Prometheus has this value of ``job_result``."""
        waiting.eventually(lambda: self.final(name, **labels) == value, why=f"{value} of {name} to be scraped")

    def job(self, name: str) -> admin_client.Object:
        """A Job as it is now."""
        return self.api.get("jobs", name, namespace=self.namespace)

    def condition(self, name: str, kind: str) -> admin_client.Object | None:
        """A Job's condition of this type, where it is true."""
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

    def _kept(self, name: str, *uids: str, groups: int, **labels: str) -> None:
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
    """All of it, ready, in a namespace of its own. ``arguments`` are further ones of the operator."""
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
