"""Real scrapers send these headers and keep these connections; docs/cleanup.md has the results as a table.

The gateway recognizes a scraper by its timeout header and its readers by their connections.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support import requirements
from tests.support.prometheus import prometheus_server
from tests.support.scrapers import real_scrapers, recording_target, victoria_metrics

_FIRST, _SECOND = "/first", "/second"
_TIMEOUT_HEADER = "x-prometheus-scrape-timeout-seconds"
Kind = real_scrapers.Kind


class Headers(NamedTuple):
    """Headers of a scraper with a timeout of one second."""

    user_agent: str
    """The beginning of the ``User-Agent``; a version follows."""
    accept: str
    """The first format in ``Accept``."""
    timeout: str | None


SENT: Mapping[Kind, Headers] = {
    Kind.PROMETHEUS_3: Headers("Prometheus/", "application/openmetrics-text", "1"),
    Kind.PROMETHEUS_2: Headers("Prometheus/2.42.0", "application/openmetrics-text", "1"),
    Kind.VMAGENT: Headers("vm_promscrape", "text/plain", "1.000"),
    Kind.TELEGRAF: Headers("Telegraf/1.37.0 Go/", "application/vnd.google.protobuf", None),
    Kind.DATADOG: Headers("Datadog Agent/", "text/plain", None),
}
_NEED_LONG_BUILDS = (Kind.PROMETHEUS_2, Kind.TELEGRAF)


def _each(*kinds: Kind) -> pytest.MarkDecorator:
    marked = [pytest.param(kind, marks=pytest.mark.long if kind in _NEED_LONG_BUILDS else ()) for kind in kinds]
    return pytest.mark.parametrize("kind", marked)


@pytest.fixture
def target() -> Iterator[recording_target.RecordingTarget]:
    with recording_target.RecordingTarget() as running:
        running.text = "# TYPE rows gauge\nrows 42\n"
        yield running


@pytest.fixture
def scraper(
    kind: Kind, target: recording_target.RecordingTarget, tmp_path: Path
) -> Iterator[real_scrapers.RealScraper]:
    """A scraper with two jobs, which has scraped both."""
    made = requirements.require(
        lambda: real_scrapers.scraper(
            kind, tmp_path / kind, port=target.port, paths=(_FIRST, _SECOND), metrics=("rows",)
        )
    )
    with contextlib.ExitStack() as running:
        running.callback(made.process.kill)
        made.start()
        target.wait_for(1, path=_FIRST)
        target.wait_for(1, path=_SECOND)
        yield made


@_each(*Kind)
@pytest.mark.usefixtures("scraper")
def test_scraper_sends_these_headers(kind: Kind, target: recording_target.RecordingTarget) -> None:
    headers = target.requests[0].headers

    assert headers["user-agent"].startswith(SENT[kind].user_agent)
    assert headers["accept"].startswith(SENT[kind].accept)
    assert headers.get(_TIMEOUT_HEADER) == SENT[kind].timeout


@_each(Kind.PROMETHEUS_3, Kind.PROMETHEUS_2, Kind.VMAGENT, Kind.TELEGRAF)
@pytest.mark.usefixtures("scraper")
def test_each_job_keeps_a_connection_of_its_own(target: recording_target.RecordingTarget) -> None:
    target.wait_for(8)

    assert _connections(target.requests) == {_FIRST: 1, _SECOND: 1}
    assert len({request.port for request in target.requests}) == 2


@_each(Kind.DATADOG)
@pytest.mark.usefixtures("scraper")
def test_datadog_opens_a_connection_for_each_scrape(target: recording_target.RecordingTarget) -> None:
    target.wait_for(4)

    assert len({request.connection for request in target.requests}) == len(target.requests)


@_each(Kind.PROMETHEUS_3, Kind.PROMETHEUS_2, Kind.VMAGENT, Kind.TELEGRAF)
@pytest.mark.usefixtures("scraper")
def test_scrape_that_fails_keeps_its_connection(target: recording_target.RecordingTarget) -> None:
    target.respond(recording_target.Response.FAIL)
    target.wait_for(4)
    target.respond(recording_target.Response.SERVE)
    target.wait_for(4)

    assert _connections(target.requests) == {_FIRST: 1, _SECOND: 1}


@_each(Kind.PROMETHEUS_3, Kind.PROMETHEUS_2, Kind.VMAGENT, Kind.TELEGRAF)
@pytest.mark.usefixtures("scraper")
def test_scrape_that_times_out_is_followed_by_one_on_a_new_connection(
    target: recording_target.RecordingTarget,
) -> None:
    target.respond(recording_target.Response.HANG)

    hanging = target.wait_for(3, path=_FIRST)

    assert len({request.connection for request in hanging}) == len(hanging)


@_each(Kind.PROMETHEUS_3, Kind.PROMETHEUS_2, Kind.VMAGENT)
def test_reload_changes_the_connection_of_a_changed_job_only(
    target: recording_target.RecordingTarget, scraper: real_scrapers.RealScraper
) -> None:
    assert isinstance(scraper, prometheus_server.Prometheus | victoria_metrics.Vmagent)
    first, second = real_scrapers.targets(target.port, _FIRST, _SECOND)

    scraper.reload(first, dataclasses.replace(second, settings={"sample_limit": 1000}))
    target.wait_for(4, path=_SECOND)

    assert _connections(target.requests) == {_FIRST: 1, _SECOND: 2}


def _connections(requests: Sequence[recording_target.Request]) -> Mapping[str, int]:
    """The number of connections on which each path was requested."""
    return {
        path: len({request.connection for request in requests if request.path == path}) for path in (_FIRST, _SECOND)
    }
