"""A real vmagent and the single-node VictoriaMetrics that it writes to, on loopback."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.support import waiting
from tests.support.processes import managed_processes, ports
from tests.support.programs import binaries
from tests.support.prometheus import prometheus_server

_HOST = "127.0.0.1"
_SECONDS = 10.0
_READY_SECONDS = 60.0


class VictoriaMetrics:
    """A single-node VictoriaMetrics; it keeps its port and data across restarts."""

    def __init__(self, folder: Path, *, name: str = "victoria-metrics") -> None:
        self.name = name
        port = ports.free_port()
        self.url = f"http://{_HOST}:{port}"
        argv = (
            binaries.ensure(["victoria-metrics"])["victoria-metrics"],
            f"-httpListenAddr={_HOST}:{port}",
            f"-storageDataPath={folder / 'data'}",
            "-loggerLevel=WARN",
        )
        self.process = managed_processes.Process(name, argv=argv, log=folder / f"{name}.log")

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.process.start()
        _wait_until_ready(self.process, self.url)

    def stop(self) -> None:
        """Stop it; its data remains."""
        self.process.stop()

    def query(self, expr: str) -> list[prometheus_server.Series]:
        """An instant query; it sees everything that the server has received, because it must not be cached."""
        _get(f"{self.url}/internal/force_flush")
        found = json.loads(_get(f"{self.url}/api/v1/query?{urlencode({'query': expr, 'nocache': '1'})}"))
        points: Sequence[Any] = found["data"]["result"]
        return [
            prometheus_server.Series(each["metric"], [(float(each["value"][0]), float(each["value"][1]))])
            for each in points
        ]

    def final_value(self, selector: str, *, window: str = "1h") -> float | None:
        """The newest value within `window` of the only series of `selector`, whether it is stale or not, or None."""
        found = self.query(f"last_over_time({selector}[{window}])")
        if len(found) > 1:
            raise prometheus_server.QueryError(f"{selector} has {len(found)} series")
        return found[0].value if found else None


class Vmagent:
    """A vmagent that scrapes `targets` and writes to `database`; it keeps its queue across restarts."""

    def __init__(
        self,
        folder: Path,
        *,
        targets: Sequence[prometheus_server.Target],
        database: VictoriaMetrics | None = None,
        interval: str = "1s",
        name: str = "vmagent",
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        port = ports.free_port()
        self.url = f"http://{_HOST}:{port}"
        self._seconds = {"scrape_interval": interval, "scrape_timeout": interval}
        self._config = folder / f"{name}.json"
        self._write_config(targets)
        # Without a database, vmagent keeps what it has scraped in its queue.
        write_url = database.url if database is not None else f"http://{_HOST}:{ports.free_port()}"
        argv = (
            binaries.ensure(["vmagent"])["vmagent"],
            f"-httpListenAddr={_HOST}:{port}",
            f"-promscrape.config={self._config}",
            f"-remoteWrite.url={write_url}/api/v1/write",
            f"-remoteWrite.tmpDataPath={folder / 'queue'}",
            "-loggerLevel=ERROR",
        )
        self.process = managed_processes.Process(name, argv=argv, log=folder / f"{name}.log")

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.process.start()
        _wait_until_ready(self.process, self.url)

    def stop(self) -> None:
        """Stop it; it first sends what it has scraped."""
        self.process.stop()

    def reload(self, *targets: prometheus_server.Target) -> None:
        """Scrape these targets from now on; vmagent applies the change a moment later."""
        self._write_config(targets)
        _get(f"{self.url}/-/reload")

    def _write_config(self, targets: Sequence[prometheus_server.Target]) -> None:
        jobs = [target.config() for target in targets]
        self._config.write_text(json.dumps({"global": self._seconds, "scrape_configs": jobs}))


def _wait_until_ready(process: managed_processes.Process, url: str) -> None:
    def ready() -> bool:
        process.check()
        _get(f"{url}/health")
        return True

    waiting.eventually(
        ready, why=f"{process.name} to be ready", timeout=_READY_SECONDS, retry_on=prometheus_server.AWAY
    )


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=_SECONDS) as answer:
        body: bytes = answer.read()
        return body
