"""No final value is lost by default: several scrape jobs of one Prometheus, and a Prometheus that is killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import waiting
from tests.support.prometheus import prometheus_server
from tests.support.scrapers import scraped_gateway

ROUNDS = 3
GROUPS = 3


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[scraped_gateway.ScrapedGateway]:
    running = scraped_gateway.ScrapedGateway(tmp_path / "gateway")
    try:
        yield running
    finally:
        running.process.stop()


def _jobs(gateway: scraped_gateway.ScrapedGateway, intervals: list[str]) -> list[prometheus_server.Target]:
    """A scrape job for each interval; the label ``via`` names the job of a series."""
    return [
        prometheus_server.Target(
            port=gateway.port,
            job=f"job-{number}",
            labels={"via": str(number)},
            settings={"scrape_interval": interval, "scrape_timeout": interval},
        )
        for number, interval in enumerate(intervals)
    ]


@pytest.mark.parametrize(
    "intervals",
    [
        pytest.param(["1s", "2s"], id="two"),
        pytest.param(["1s", "1s"], id="two of the same interval"),
        pytest.param([*["1s"] * 6, *["2s"] * 4], id="ten"),
    ],
)
def test_every_scrape_job_of_one_prometheus_gets_every_final_value(
    gateway: scraped_gateway.ScrapedGateway, tmp_path: Path, intervals: list[str]
) -> None:
    server = prometheus_server.Prometheus(tmp_path / "prometheus", targets=_jobs(gateway, intervals))
    try:
        server.start()
        gateway.wait_for_readers(len(intervals))
        names = [f"g{number}" for number in range(ROUNDS * GROUPS)]
        for start in range(0, len(names), GROUPS):
            gateway.push(names[start : start + GROUPS])
            gateway.wait_until_empty()
        assert set(gateway.deletions().values()) == {"ingested"}
        final = {name: number % GROUPS for number, name in enumerate(names)}
        for via in range(len(intervals)):
            assert _stored(server, via=via) == final
    finally:
        server.kill()


def _stored(server: prometheus_server.Prometheus, *, via: int) -> dict[str, float]:
    found = server.query(f'last_over_time({scraped_gateway.VALUE}{{via="{via}"}}[1h])')
    return {series.labels["job"]: series.value for series in found}


def test_jobs_close_in_phase_beside_another_prometheus_get_every_final_value(
    gateway: scraped_gateway.ScrapedGateway, tmp_path: Path
) -> None:
    twice = prometheus_server.Prometheus(tmp_path / "twice", targets=_jobs(gateway, ["4s", "4s"]), name="twice")
    other_target = prometheus_server.Target(port=gateway.port, host=prometheus_server.IPV4)
    other = prometheus_server.Prometheus(tmp_path / "other", targets=[other_target], name="other")
    try:
        twice.start()
        other.start()
        gateway.wait_for_readers(3)
        names = [f"g{number}" for number in range(GROUPS)]
        gateway.push(names)
        gateway.wait_until_empty()
        assert set(gateway.deletions().values()) == {"ingested"}
        final = {name: number for number, name in enumerate(names)}
        assert [_stored(twice, via=via) for via in (0, 1)] == [final, final]
        assert scraped_gateway.lost(other, names) == []
    finally:
        twice.kill()
        other.kill()


def test_prometheus_that_is_killed_while_it_ingests_a_scrape_loses_no_final_value(
    gateway: scraped_gateway.ScrapedGateway, tmp_path: Path
) -> None:
    server = prometheus_server.Prometheus(
        tmp_path / "prometheus", targets=_jobs(gateway, ["1s"]), interval="1s", timeout="1s"
    )
    try:
        server.start()
        gateway.wait_for_readers(1)
        gateway.push([f"stays-{number}" for number in range(8)], ttl="1h", extra_series=9_000)
        for attempt in range(4):
            names = [f"g{attempt}-{number}" for number in range(GROUPS)]
            gateway.push(names)
            _kill_in_a_scrape_of(gateway, server, names)
            waiting.eventually(
                lambda names=names: all(name in gateway.deletions() for name in names),  # type: ignore[misc]
                why="the deletion of these groups",
                timeout=120.0,
            )
            assert {gateway.deletions()[name] for name in names} == {"ingested"}
            assert scraped_gateway.lost(server, names) == []
    finally:
        server.kill()


def _kill_in_a_scrape_of(
    gateway: scraped_gateway.ScrapedGateway, server: prometheus_server.Prometheus, names: list[str]
) -> None:
    """Kill the server as soon as the gateway has delivered a response with these groups to it; start it again."""
    waiting.eventually(
        lambda: all(each["unread_changes"] == 0 or _is_delivered(gateway, names) for each in gateway.scrapers()),
        why="a scrape of these groups",
        interval=0.005,
    )
    server.kill()
    server.start()


def _is_delivered(gateway: scraped_gateway.ScrapedGateway, names: list[str]) -> bool:
    """Whether a scrape that began after the pushes was delivered."""
    pushed = max(each["push_time"] for each in gateway.groups() if each["labels"]["job"] in names)
    return any((each["last_read"] or 0.0) > pushed and each["last_seen"] > pushed for each in gateway.scrapers())
