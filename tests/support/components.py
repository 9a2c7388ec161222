"""The processes of a test, the demo or a soak on a cluster: a gateway, an operator and a Prometheus."""

from __future__ import annotations

import contextlib
import functools
from pathlib import Path
from typing import Self

from tests.support.kubernetes import clusters
from tests.support.processes import tidegate_processes
from tests.support.prometheus import prometheus_server

SCRAPE_INTERVAL = "1s"


class Components:
    """The processes: each starts when it is first used, and all stop at the end of the block.

    :param kubeconfig: kubeconfig of the operator; by default, its rights are those of the manifests.
    :param gateway_flags: further arguments of the gateway.
    :param operator_flags: further arguments of the operator.
    :param gateway_module: what runs instead of the command `tidegate`, as for `tidegate_processes.Gateway`.
    :param operator_module: the same for the operator.
    :param resync: the resync period of the operator; ``None`` for its default.
    """

    def __init__(
        self,
        cluster: clusters.Cluster,
        folder: Path,
        *,
        kubeconfig: Path | None = None,
        gateway_flags: tuple[str, ...] = (),
        operator_flags: tuple[str, ...] = (),
        gateway_module: tuple[str, ...] = tidegate_processes.COMMAND,
        operator_module: tuple[str, ...] = tidegate_processes.COMMAND,
        resync: str | None = "5s",
    ) -> None:
        self.cluster = cluster
        self.folder = folder
        self._kubeconfig = kubeconfig
        self._gateway_flags = gateway_flags
        self._operator_flags = operator_flags if resync is None else (f"--operator.resync={resync}", *operator_flags)
        self._gateway_module = gateway_module
        self._operator_module = operator_module
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @functools.cached_property
    def gateway(self) -> tidegate_processes.Gateway:
        """A gateway that is ready."""
        gateway = tidegate_processes.Gateway(self.folder, arguments=self._gateway_flags, module=self._gateway_module)
        self._stack.callback(gateway.process.stop)
        gateway.start()
        return gateway

    @functools.cached_property
    def operator(self) -> tidegate_processes.Operator:
        """An operator that has applied its first plan."""
        return self.another_operator(self.folder)

    def another_operator(self, folder: Path, *, host: str = tidegate_processes.HOST) -> tidegate_processes.Operator:
        """A further operator of the same gateway with the same flags; without a host, it listens on all addresses."""
        operator = tidegate_processes.Operator(
            folder,
            gateway=self.gateway,
            kubeconfig=self._kubeconfig or tidegate_processes.operator_kubeconfig(self.cluster),
            arguments=self._operator_flags,
            module=self._operator_module,
            host=host,
        )
        self._stack.callback(operator.process.stop)
        operator.start()
        return operator

    @functools.cached_property
    def prometheus(self) -> prometheus_server.Prometheus:
        """A Prometheus that has scraped the gateway."""
        return self.another_prometheus("prometheus", prometheus_server.Target(port=self.gateway.port))

    def another_prometheus(
        self,
        name: str,
        *targets: prometheus_server.Target,
        interval: str = SCRAPE_INTERVAL,
        port: int | None = None,
    ) -> prometheus_server.Prometheus:
        """A Prometheus that has scraped these targets; it listens on this port, by default any free one."""
        prometheus = prometheus_server.Prometheus(
            self.folder / name, targets=targets, interval=interval, name=name, port=port
        )
        self._stack.callback(prometheus.kill)
        prometheus.start()
        prometheus.wait_until_up()
        return prometheus
