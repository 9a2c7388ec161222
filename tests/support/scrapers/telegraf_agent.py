"""A real Telegraf with the input plugin ``prometheus`` and the output plugin ``file``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.processes import managed_processes
from tests.support.programs import binaries


class Telegraf:
    """A Telegraf agent with one input plugin for each URL; it keeps what it has written across restarts.

    :param settings: further settings of each input, such as ``http_headers``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        urls: Sequence[str],
        interval: str = "1s",
        settings: Mapping[str, Any] | None = None,
        name: str = "telegraf",
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self._written = folder / "metrics.json"
        config = folder / f"{name}.conf"
        agent = {"interval": interval, "flush_interval": interval, "omit_hostname": True, "quiet": True}
        inputs = [{"urls": [url], "metric_version": 2, "timeout": interval, **(settings or {})} for url in urls]
        output = {"files": [str(self._written)], "data_format": "json"}
        tables = [
            _table("[agent]", agent),
            *(_table("[[inputs.prometheus]]", each) for each in inputs),
            _table("[[outputs.file]]", output),
        ]
        config.write_text("\n".join(tables))
        argv = (binaries.ensure(["telegraf"])["telegraf"], f"--config={config}")
        self.process = managed_processes.Process(name, argv=argv, log=folder / f"{name}.log")

    def start(self) -> None:
        """Start it; the first scrape follows within an interval."""
        self.process.start()

    def stop(self) -> None:
        """Stop it; it first writes what it has scraped."""
        self.process.stop()

    def final_value(self, metric: str, **labels: str) -> float | None:
        """The last value of the series of this metric with these labels that it has written, or None."""
        lines = self._written.read_text().splitlines() if self._written.exists() else []
        written = (json.loads(line) for line in lines)
        values = [
            each["fields"][metric]
            for each in written
            if metric in each["fields"] and labels.items() <= each["tags"].items()
        ]
        return float(values[-1]) if values else None


def _table(head: str, settings: Mapping[str, Any]) -> str:
    """A table in TOML; JSON's strings, numbers, booleans and arrays of them are TOML's, too."""
    lines = [f"{name} = {_value(value)}" for name, value in settings.items()]
    return "\n".join([head, *lines, ""])


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(name)} = {_value(each)}" for name, each in value.items()) + "}"
    return json.dumps(value)
