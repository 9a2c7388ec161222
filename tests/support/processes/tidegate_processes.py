"""The two processes of the Pod, `tidegate gateway` and `tidegate operator`, on loopback."""

import contextlib
import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.support import repository, waiting
from tests.support.kubernetes import clusters
from tests.support.processes import managed_processes, ports

HOST = "127.0.0.1"
COMMAND = ("tidegate",)
AWAY = (OSError, urllib.error.URLError)
"""Errors that a call raises while the process is down."""

_HTTP_SECONDS = 60.0
_ROOT = repository.ROOT
_MANIFESTS = _ROOT / "manifests" / "base"


class Gateway:
    """A ``tidegate gateway`` process; it keeps its ports across restarts."""

    def __init__(
        self,
        folder: Path,
        *,
        arguments: tuple[str, ...] = (),
        prefix: str = "",
        module: tuple[str, ...] = COMMAND,
    ) -> None:
        """:param module: Python module, with arguments of its own, to run instead of the command."""
        self.arguments = arguments
        self.port = ports.free_port()
        self.control_port = ports.free_port()
        self.url = f"http://{HOST}:{self.port}{prefix}"
        self.control_url = f"http://{HOST}:{self.control_port}"
        self.token_file = folder / "control-token"
        self.process = _tidegate(
            "gateway",
            f"--web.listen-address=:{self.port}",
            f"--control.listen-address={HOST}:{self.control_port}",
            f"--control.token-file={self.token_file}",
            *arguments,
            log=folder / "gateway.log",
            module=module,
        )

    def start(self) -> None:
        """Start it and return when it is ready."""
        self.process.start()
        waiting.eventually(lambda: responds(self.process, f"{self.url}/-/ready"), why="the gateway", retry_on=AWAY)

    def push(self, path: str, body: str, *, method: str = "PUT") -> None:
        """Push to ``/metrics/<path>``; raises an error unless the push is acknowledged."""
        request = urllib.request.Request(f"{self.url}/metrics/{path}", data=body.encode(), method=method)
        with urllib.request.urlopen(request, timeout=_HTTP_SECONDS):
            return

    def wipe(self) -> None:
        """Delete all groups; needs ``--web.enable-admin-api``."""
        request = urllib.request.Request(f"{self.url}/api/v1/admin/wipe", method="PUT")
        urllib.request.urlopen(request, timeout=_HTTP_SECONDS).close()

    def exposition(self) -> str:
        """The text of /metrics as curl shows it; the request does not count as a scrape."""
        return _get(f"{self.url}/metrics").decode()

    def groups(self) -> dict[str, dict[str, Any]]:
        """All groups by their ``job`` label, for tests in which that label is unique."""
        return {group["labels"]["job"]: group for group in self.listed()}

    def listed(self) -> list[dict[str, Any]]:
        """All groups as the control API returns them to the operator."""
        url = f"{self.control_url}/control/v1/groups?limit=5000"
        asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {self.token_file.read_text().strip()}"})
        groups: list[dict[str, Any]] = json.loads(_get(asked))["groups"]
        return groups

    @staticmethod
    def now() -> float:
        """The wall-clock time, which the gateway's push times come from."""
        return time.time()

    def metric(self, selector: str) -> float:
        """The value of one of the gateway's own series, written as in the exposition; 0 if it is missing."""
        lines = self.exposition().splitlines()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.rpartition(" ")[0] == selector), 0.0)


@contextlib.contextmanager
def serving(folder: Path, *, arguments: tuple[str, ...] = (), prefix: str = "") -> Iterator[Gateway]:
    """A gateway that is ready; it is stopped when the block ends."""
    gateway = Gateway(folder, arguments=arguments, prefix=prefix)
    try:
        gateway.start()
        yield gateway
    finally:
        gateway.process.stop()


class Operator:
    """A ``tidegate operator`` process with the rights of its kubeconfig."""

    def __init__(
        self,
        folder: Path,
        *,
        gateway: Gateway | str,
        kubeconfig: Path,
        arguments: tuple[str, ...] = (),
        module: tuple[str, ...] = COMMAND,
        host: str = HOST,
    ) -> None:
        """Prepare an operator.

        :param gateway: a tidegate gateway, or the URL of a Pushgateway.
        :param module: as for `Gateway`.
        :param host: address that it listens on; empty for every address.
        """
        self.port = ports.free_port()
        self.process = _tidegate(
            "operator",
            *_follows(gateway),
            f"--operator.listen-address={host}:{self.port}",
            f"--kubernetes.kubeconfig={kubeconfig}",
            *arguments,
            log=folder / "operator.log",
            module=module,
        )

    def start(self) -> None:
        """Start it and return when its first plan is applied."""
        self.process.start()
        url = f"http://{HOST}:{self.port}/readyz"
        waiting.eventually(lambda: responds(self.process, url), why="the operator", timeout=60.0, retry_on=AWAY)

    def log(self) -> str:
        """The whole log."""
        return self.process.log.read_text(errors="replace")

    def logged_errors(self) -> list[str]:
        """The log lines that report a problem."""
        return [line for line in self.log().splitlines() if " level=info " not in line]

    def listed_since(self, moment: float) -> bool:
        """Whether it has started and completed a list of all objects since this Unix time."""
        return self.total("tidegate_operator_last_list_timestamp_seconds") > moment

    def total(self, metric: str) -> float:
        """The sum of all series of one of the operator's own metrics."""
        lines = _get(f"http://{HOST}:{self.port}/metrics").decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if re.match(rf"{metric}[ {{]", line))


def _follows(gateway: Gateway | str) -> tuple[str, str]:
    if isinstance(gateway, str):
        return f"--gateway-url={gateway}", "--gateway-kind=pushgateway"
    return f"--gateway.url={gateway.control_url}", f"--control.token-file={gateway.token_file}"


def operator_kubeconfig(cluster: clusters.Cluster, *, seconds: int = 3600) -> Path:
    """A kubeconfig with exactly the rights that the manifests give the operator, valid for this many seconds."""
    grant_rights(cluster)
    return cluster.kubeconfig_for("tidegate", namespace="tidegate", seconds=seconds)


def grant_rights(cluster: clusters.Cluster) -> None:
    """Create the operator's ServiceAccount with the rights that the manifests give it."""
    cluster.kubectl("apply", "-f", _MANIFESTS / "namespace.yaml")
    cluster.kubectl("apply", "--namespace=tidegate", "-f", _MANIFESTS / "rbac.yaml")


def _tidegate(command: str, *arguments: str, log: Path, module: tuple[str, ...] = COMMAND) -> managed_processes.Process:
    environment: Mapping[str, str] = {
        name: value for name, value in os.environ.items() if name not in ("KUBECONFIG", "HOSTNAME")
    }
    argv = [sys.executable, "-m", *module, command, *arguments]
    return managed_processes.Process(command, argv=argv, log=log, env=environment, cwd=_ROOT)


def responds(process: managed_processes.Process, url: str) -> bool:
    process.check()
    _get(url)
    return True


def _get(url: str | urllib.request.Request) -> bytes:
    with urllib.request.urlopen(url, timeout=_HTTP_SECONDS) as answer:
        body: bytes = answer.read()
        return body
