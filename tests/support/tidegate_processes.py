"""tidegate as its users run it: the two processes of the Pod, on loopback."""

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

from tests.cluster import clusters, managed_processes
from tests.support import ports, waiting

HOST = "127.0.0.1"
AWAY = (OSError, urllib.error.URLError)
"""What a call raises while the process is down."""

_HTTP_SECONDS = 10.0
_ROOT = Path(__file__).resolve().parents[2]
_MANIFESTS = _ROOT / "manifests" / "base"


class Gateway:
    """``tidegate gateway``; stopped and started again it keeps its ports."""

    def __init__(
        self,
        folder: Path,
        *,
        arguments: tuple[str, ...] = (),
        prefix: str = "",
        module: tuple[str, ...] = ("tidegate",),
    ) -> None:
        """:param module: what is run in the place of the command, with arguments of its own."""
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
        """Return when it is ready."""
        self.process.start()
        waiting.eventually(lambda: answers(self.process, f"{self.url}/-/ready"), why="the gateway", retry_on=AWAY)

    def push(self, path: str, body: str, *, method: str = "PUT") -> None:
        """Push to ``/metrics/<path>`` and see it acknowledged."""
        request = urllib.request.Request(f"{self.url}/metrics/{path}", data=body.encode(), method=method)
        with urllib.request.urlopen(request, timeout=_HTTP_SECONDS):
            return

    def exposition(self) -> str:
        """What a curl of /metrics shows; it is no scrape."""
        return _get(f"{self.url}/metrics").decode()

    def groups(self) -> dict[str, dict[str, Any]]:
        """All groups by their ``job`` label: where a test names its groups apart by it."""
        return {group["labels"]["job"]: group for group in self.listed()}

    def listed(self) -> list[dict[str, Any]]:
        """All groups as the operator sees them."""
        url = f"{self.control_url}/control/v1/groups?limit=5000"
        asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {self.token_file.read_text().strip()}"})
        groups: list[dict[str, Any]] = json.loads(_get(asked))["groups"]
        return groups

    @staticmethod
    def now() -> float:
        """The wall clock that its push times are taken from."""
        return time.time()

    def metric(self, selector: str) -> float:
        """The value of one of its own series, as it stands in the exposition, 0 where there is none."""
        lines = self.exposition().splitlines()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.rpartition(" ")[0] == selector), 0.0)


@contextlib.contextmanager
def serving(folder: Path, *, arguments: tuple[str, ...] = ()) -> Iterator[Gateway]:
    """A gateway, ready; it ends with the block."""
    gateway = Gateway(folder, arguments=arguments)
    try:
        gateway.start()
        yield gateway
    finally:
        gateway.process.stop()


class Operator:
    """``tidegate operator``, with the rights that its kubeconfig gives it."""

    def __init__(
        self,
        folder: Path,
        *,
        gateway: Gateway | str,
        kubeconfig: Path,
        arguments: tuple[str, ...] = (),
        module: tuple[str, ...] = ("tidegate",),
        host: str = HOST,
    ) -> None:
        """:param gateway: ours, or the URL of a stock Pushgateway.
        :param module: as for `Gateway`.
        :param host: that its port is on; empty for every address.
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
        """Return when its first plan is done."""
        self.process.start()
        url = f"http://{HOST}:{self.port}/readyz"
        waiting.eventually(lambda: answers(self.process, url), why="the operator", timeout=60.0, retry_on=AWAY)

    def log(self) -> str:
        """All it has logged."""
        return self.process.log.read_text(errors="replace")

    def complaints(self) -> list[str]:
        """What it has logged of anything that went wrong."""
        return [line for line in self.log().splitlines() if " level=info " not in line]

    def listed_since(self, moment: float) -> bool:
        """Whether it has begun and ended a list of all objects since this Unix time."""
        return self.total("tidegate_operator_last_list_timestamp_seconds") > moment

    def total(self, metric: str) -> float:
        """The sum of all series of one of its own metrics."""
        lines = _get(f"http://{HOST}:{self.port}/metrics").decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if re.match(rf"{metric}[ {{]", line))


def _follows(gateway: Gateway | str) -> tuple[str, str]:
    if isinstance(gateway, str):
        return f"--gateway-url={gateway}", "--gateway-kind=pushgateway"
    return f"--gateway.url={gateway.control_url}", f"--control.token-file={gateway.token_file}"


def operator_kubeconfig(cluster: clusters.Cluster, *, seconds: int = 3600) -> Path:
    """A kubeconfig with the rights that the manifests give to the operator, and no others, for so many seconds."""
    cluster.kubectl("apply", "-f", _MANIFESTS / "namespace.yaml")
    cluster.kubectl("apply", "--namespace=tidegate", "-f", _MANIFESTS / "rbac.yaml")
    return cluster.control_plane.kubeconfig_for("tidegate", namespace="tidegate", seconds=seconds)


def _tidegate(
    command: str, *arguments: str, log: Path, module: tuple[str, ...] = ("tidegate",)
) -> managed_processes.Process:
    environment: Mapping[str, str] = {
        name: value for name, value in os.environ.items() if name not in ("KUBECONFIG", "HOSTNAME")
    }
    argv = [sys.executable, "-m", *module, command, *arguments]
    return managed_processes.Process(command, argv=argv, log=log, env=environment, cwd=_ROOT)


def answers(process: managed_processes.Process, url: str) -> bool:
    process.check()
    _get(url)
    return True


def _get(url: str | urllib.request.Request) -> bytes:
    with urllib.request.urlopen(url, timeout=_HTTP_SECONDS) as answer:
        body: bytes = answer.read()
        return body
