"""A Prometheus 2.42 that is killed while it ingests a large scrape has every final value after its restart."""

from __future__ import annotations

import pytest

from tests.cluster.scrapers import conftest
from tests.support.prometheus import prometheus_server
from tests.support.scrapers import drained_groups, real_scrapers, scraped_gateway

_JOB = "gateway"
_LARGE_GROUPS, _EXTRA_SERIES = 15, 9_999
"""It takes Prometheus about half a second to ingest so many series after a restart."""


@pytest.mark.long
def test_prometheus_killed_while_it_ingests_a_scrape_has_every_final_value(
    gateway: scraped_gateway.ScrapedGateway,
    groups: drained_groups.DrainedGroups,
    start_scraper: conftest.StartScraper,
) -> None:
    gateway.push([f"large-{number}" for number in range(_LARGE_GROUPS)], ttl="1h", extra_series=_EXTRA_SERIES)
    target = prometheus_server.Target(port=gateway.port, job=_JOB, labels={drained_groups.READER: _JOB})
    server, database = start_scraper(real_scrapers.Kind.PROMETHEUS_2, [target], interval="3s")
    gateway.wait_for_readers(1)

    for name in ("first", "second", "third"):
        groups.wait_for_scrape()
        groups.push(name)
        groups.wait_for_scrape()
        server.process.kill()
        server.start()

    assert set(groups.wait_until_deleted().values()) == {"ingested"}
    assert groups.missing(database, readers=[_JOB]) == []
