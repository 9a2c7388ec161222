"""Groups that are pushed between scrapes and drain without an operator, and their values in a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from tests.support import waiting
from tests.support.prometheus import prometheus_server
from tests.support.scrapers import scraped_gateway

READER = "reader"
"""The label that tells scrape jobs apart; each target sets it to the name of its job."""


class Database(Protocol):
    """A server that stores the samples of a scraper."""

    def query(self, expr: str) -> list[prometheus_server.Series]:
        """An instant query."""
        ...


class Value(NamedTuple):
    """The final value of a group, as one scrape job should have stored it."""

    group: str
    reader: str
    value: float


class DrainedGroups:
    """Pushes groups to a gateway, each with a value of its own, and compares the values with a database."""

    def __init__(self, gateway: scraped_gateway.ScrapedGateway) -> None:
        self._gateway = gateway
        self._pushed: dict[str, float] = {}

    @property
    def pushed(self) -> Mapping[str, float]:
        """The final value of each group."""
        return self._pushed

    def push(self, name: str) -> None:
        """Push a group that drains after a second."""
        number = len(self._pushed)
        self._gateway.push([name], first=number)
        self._pushed[name] = float(number)

    def push_between_scrapes(self, names: Iterable[str]) -> None:
        """Push these groups, with at least one scrape between two of them, so that they meet scrapes in all phases."""
        for name in names:
            self.push(name)
            self._wait_for_later("last_seen", why="a scrape")

    def wait_for_scrape(self) -> None:
        """Return as soon as a further scrape has been delivered completely: the scraper begins to ingest it."""
        self._wait_for_later("last_read", why="a complete scrape")

    def wait_for_silence(self, address: str, *, seconds: float) -> None:
        """Wait until no reader at this address has begun a scrape for this long."""

        def silent() -> bool:
            seen = [each for each in self._gateway.scrapers() if each["address"] == address]
            return all(self._gateway.now() - each["last_seen"] >= seconds for each in seen)

        waiting.eventually(silent, why=f"{seconds:g} s without a scrape from {address}", timeout=10.0 * seconds)

    def wait_until_deleted(self, *, timeout: float = 60.0) -> Mapping[str, str]:
        """Wait until all pushed groups are deleted, and return the reason of each deletion."""

        def deleted() -> Mapping[str, str]:
            found = self._gateway.deletions()
            return found if found.keys() >= self._pushed.keys() else {}

        return waiting.eventually(deleted, why=f"the deletion of {len(self._pushed)} groups", timeout=timeout)

    def missing(self, database: Database, *, readers: Iterable[str]) -> Sequence[Value]:
        """The final values that the database should have from these scrape jobs, and does not have."""
        stored = {
            Value(series.labels["job"], series.labels[READER], series.value)
            for series in database.query(f"last_over_time({scraped_gateway.VALUE}[1h])")
        }
        wanted = {Value(name, reader, value) for name, value in self._pushed.items() for reader in readers}
        return sorted(wanted - stored)

    def _wait_for_later(self, moment: str, *, why: str) -> None:
        """Wait until this time of any reader is later than now."""

        def latest() -> float:
            times: list[float] = [each[moment] or 0.0 for each in self._gateway.scrapers()]
            return max(times, default=0.0)

        before = latest()
        waiting.eventually(lambda: latest() > before, why=why, interval=0.01)
