"""A gateway with groups that expire by their TTL, and their deletions once scrapers have read them."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support import waiting
from tests.support.processes import tidegate_processes
from tests.support.prometheus import prometheus_server

_SECONDS = 10.0
VALUE = "final_value"
"""The metric of every pushed group; its value is the number of the group."""


class ScrapedGateway:
    """A gateway process with short drain timeouts, without an operator.

    :param arguments: further flags.
    """

    def __init__(self, folder: Path, *, arguments: Sequence[str] = (), drain_timeout: float = 60.0) -> None:
        self._gateway = tidegate_processes.Gateway(
            folder, arguments=(f"--push.ttl-drain-timeout={drain_timeout:g}s", *arguments)
        )
        self._gateway.start()

    @property
    def port(self) -> int:
        return self._gateway.port

    @property
    def url(self) -> str:
        return self._gateway.url

    @property
    def process(self) -> Any:
        return self._gateway.process

    def now(self) -> float:
        """The wall-clock time, which the times of readers come from."""
        return self._gateway.now()

    def push(self, names: Iterable[str], *, ttl: str = "1s", extra_series: int = 0, first: int = 0) -> None:
        """Push a group for each name, which expires soon; its value is its number.

        :param extra_series: further series of each group.
        :param first: the number of the first group.
        """
        for number, name in enumerate(names, first):
            lines = [
                f"# TYPE {VALUE} gauge\n{VALUE} {number}\n",
                *(f'extra{{n="{each}"}} 1\n' for each in range(extra_series)),
            ]
            self._request("PUT", f"/metrics/job/{name}?ttl={ttl}", "".join(lines).encode())

    def groups(self) -> list[dict[str, Any]]:
        """The groups that exist, with the reasons why."""
        found: list[dict[str, Any]] = self._data("groups?why=1&limit=1000")["groups"]
        return found

    def deletions(self) -> Mapping[str, str]:
        """The reason of the deletion of each group, by its job label."""
        found = self._data("deletions?limit=1000")["deletions"]
        return {each["labels"]["job"]: each["reason"] for each in found}

    def scrapers(self) -> list[dict[str, Any]]:
        """The known readers."""
        found: list[dict[str, Any]] = self._data("scrapers")["scrapers"]
        return found

    def wait_for_readers(self, count: int) -> None:
        """Wait until the gateway knows this many active readers, and each has received a complete response."""
        waiting.eventually(
            lambda: sum(each["active"] and each["last_read"] is not None for each in self.scrapers()) == count,
            why=f"{count} active readers",
        )

    def wait_until_empty(self) -> None:
        """Wait until all groups are deleted."""
        waiting.eventually(lambda: not self.groups(), why="the deletion of all groups", timeout=120.0)

    def _data(self, path: str) -> Any:
        return json.loads(self._request("GET", f"/api/v1/{path}"))["data"]

    def _request(self, method: str, path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(f"{self.url}{path}", method=method, data=body)
        with urllib.request.urlopen(request, timeout=_SECONDS) as response:
            content: bytes = response.read()
            return content


def lost(server: prometheus_server.Prometheus, names: Sequence[str], **labels: str) -> list[str]:
    """The names of groups whose final value is in no sample of this server.

    :param labels: of the series, such as those of a scrape job.
    """
    selected = "".join(f',{name}="{value}"' for name, value in labels.items())
    found = server.query(f'last_over_time({VALUE}{{job!=""{selected}}}[1h])')
    stored = {series.labels["job"]: series.value for series in found}
    return [name for number, name in enumerate(names) if stored.get(name) != number]
