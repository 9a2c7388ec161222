"""Datadog's real OpenMetrics check, run in an interval as its agent does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.processes import managed_processes
from tests.support.programs import python_packages

_RUNNER = Path(__file__).with_name("datadog_runner.py")


class DatadogCheck:
    """Datadog's check with one instance for each URL; it keeps what it has submitted across restarts.

    :param settings: further settings of each instance, such as ``extra_headers``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        urls: Sequence[str],
        metrics: Sequence[str],
        interval: float = 1.0,
        settings: Mapping[str, Any] | None = None,
        name: str = "datadog",
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self._submitted = folder / "metrics.json"
        instances = folder / "instances.json"
        common = {"namespace": "t", "metrics": list(metrics), "timeout": interval, **(settings or {})}
        instances.write_text(json.dumps([{"openmetrics_endpoint": url, **common} for url in urls]))
        argv = (
            python_packages.python("datadog-checks"),
            _RUNNER,
            str(instances),
            str(self._submitted),
            str(interval),
        )
        self.process = managed_processes.Process(name, argv=argv, log=folder / f"{name}.log")

    def start(self) -> None:
        """Start it; the first scrape follows within some seconds."""
        self.process.start()

    def stop(self) -> None:
        """Stop it."""
        self.process.stop()

    def final_value(self, metric: str, **labels: str) -> float | None:
        """The last value of the series of this metric with these labels that it has submitted, or None."""
        lines = self._submitted.read_text().splitlines() if self._submitted.exists() else []
        submitted = (json.loads(line) for line in lines)
        wanted = {f"{name}:{value}" for name, value in labels.items()}
        values = [each["value"] for each in submitted if each["name"] == f"t.{metric}" and wanted <= set(each["tags"])]
        return float(values[-1]) if values else None
