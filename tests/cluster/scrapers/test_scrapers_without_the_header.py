"""A scraper that does not send the timeout header gets every final value once a flag names it.

The client behaves as Datadog's check does: a connection for each scrape, and no timeout header.
"""

from __future__ import annotations

import re
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import waiting
from tests.support.prometheus import prometheus_server
from tests.support.scrapers import scraped_gateway
from tidegate.model import scrapers

NAMES = ["g0", "g1", "g2"]
_INTERVAL = 0.3
_SERIES = re.compile(rf'^{scraped_gateway.VALUE}{{.*job="(\w+)".*}} (\S+)$', re.MULTILINE)


class Check:
    """Scrapes at its interval in a thread, and keeps every value."""

    def __init__(self, gateway: scraped_gateway.ScrapedGateway) -> None:
        self.values: dict[str, float] = {}
        self.scrapes = 0
        self._gateway = gateway
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="check")

    def __enter__(self) -> Check:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        request = urllib.request.Request(f"{self._gateway.url}/metrics", headers={"User-Agent": "Datadog Agent/7.60"})
        while not self._stopping.wait(_INTERVAL):
            with urllib.request.urlopen(request, timeout=5.0) as response:
                text = response.read().decode()
            self.values |= {job: float(value) for job, value in _SERIES.findall(text)}
            self.scrapes += 1


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[scraped_gateway.ScrapedGateway]:
    running = scraped_gateway.ScrapedGateway(tmp_path / "gateway", arguments=("--scrape.user-agent=Datadog*",))
    try:
        yield running
    finally:
        running.process.stop()


def test_scraper_that_the_flag_names_gets_every_final_value_beside_a_prometheus(
    gateway: scraped_gateway.ScrapedGateway, tmp_path: Path
) -> None:
    target = prometheus_server.Target(port=gateway.port)
    server = prometheus_server.Prometheus(tmp_path / "prometheus", targets=[target])
    try:
        server.start()
        with Check(gateway) as check:
            waiting.eventually(
                lambda: check.scrapes > scrapers.NEW_CONNECTIONS, why="the gateway to know how the check connects"
            )
            gateway.wait_for_readers(2)
            gateway.push(NAMES)
            gateway.wait_until_empty()
        assert gateway.deletions() == dict.fromkeys(NAMES, "ingested")
        assert check.values == {name: float(number) for number, name in enumerate(NAMES)}
        assert scraped_gateway.lost(server, NAMES) == []
    finally:
        server.kill()
