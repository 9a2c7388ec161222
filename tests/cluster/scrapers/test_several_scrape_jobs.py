"""Each scrape job of a Prometheus 2.42 or a vmagent has every final value, as those of the newest Prometheus do."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.cluster.scrapers import conftest
from tests.support.processes import ports
from tests.support.prometheus import prometheus_server
from tests.support.scrapers import drained_groups, real_scrapers, scraped_gateway

Kind = real_scrapers.Kind
_GROUPS = [f"backup-{number}" for number in range(8)]
_EACH_KIND = pytest.mark.parametrize(
    "kind",
    [
        pytest.param(Kind.PROMETHEUS_2, marks=pytest.mark.long),
        Kind.VMAGENT,
    ],
)


def _jobs(gateway: scraped_gateway.ScrapedGateway, number: int) -> Sequence[prometheus_server.Target]:
    """Scrape jobs of the same gateway; Prometheus and vmagent spread their scrapes over the interval."""
    return [
        prometheus_server.Target(port=gateway.port, job=f"job-{each}", labels={drained_groups.READER: f"job-{each}"})
        for each in range(number)
    ]


@_EACH_KIND
@pytest.mark.parametrize("jobs", [2, 10])
def test_each_scrape_job_has_every_final_value(
    gateway: scraped_gateway.ScrapedGateway,
    groups: drained_groups.DrainedGroups,
    start_scraper: conftest.StartScraper,
    kind: Kind,
    jobs: int,
) -> None:
    targets = _jobs(gateway, jobs)
    started = start_scraper(kind, targets, interval="1s")
    gateway.wait_for_readers(jobs)

    groups.push_between_scrapes(_GROUPS)

    assert set(groups.wait_until_deleted().values()) == {"ingested"}
    assert groups.missing(started.database, readers=[target.job for target in targets]) == []


@_EACH_KIND
def test_jobs_close_in_phase_are_waited_for_after_a_pause(
    gateway: scraped_gateway.ScrapedGateway,
    groups: drained_groups.DrainedGroups,
    start_scraper: conftest.StartScraper,
    kind: Kind,
) -> None:
    if not ports.ipv6_loopback():
        pytest.fail("this test needs IPv6 loopback ([::1]) so that two servers have two addresses")
    # Of ten jobs in two seconds, at least two are at most 0.2 s apart.
    slow = _jobs(gateway, 10)
    started = start_scraper(kind, slow, interval="2s")
    start_scraper(Kind.PROMETHEUS_3, [prometheus_server.Target(port=gateway.port, host=prometheus_server.IPV6)])
    gateway.wait_for_readers(len(slow) + 1)
    started.scraper.process.pause()
    groups.wait_for_silence("127.0.0.1", seconds=7.0)
    started.scraper.process.resume()

    groups.push_between_scrapes(_GROUPS)

    assert set(groups.wait_until_deleted().values()) == {"ingested"}
    assert groups.missing(started.database, readers=[target.job for target in slow]) == []
