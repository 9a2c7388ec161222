"""Scrapes during pushes: each is a complete exposition, in which all series of a group are from one push."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import itertools
import re
from collections.abc import Mapping

import pytest

from tests.support.gateway import gateway_client
from tidegate import settings
from tidegate.gateway.scrape import scraper_identity

GROUPS = 300
"""More groups than the store settles at once, so that pushes happen in between."""

SERIES = 6
WRITERS = 8
SCRAPES = 12
_LINE = re.compile(r'^m(\d+)\{.*job="(j\d+)".*\} (\S+)$', re.MULTILINE)
_FORMATS = {
    "text": {"Accept": "text/plain", "Accept-Encoding": "identity"},
    "gzip": {"Accept": "text/plain", "Accept-Encoding": "gzip"},
    "OpenMetrics": {"Accept": "application/openmetrics-text;version=1.0.0", "Accept-Encoding": "gzip"},
}


def _body(number: int) -> str:
    """Return a push of one number; every third has another shape, so that the store parses it again."""
    kind = "# TYPE m0 untyped\n" if number % 3 == 0 else ""
    return kind + "".join(f"m{series} {number}\n" for series in range(SERIES))


def _values(exposition: str) -> Mapping[str, list[float]]:
    """Return the values of the series of each group."""
    values = collections.defaultdict(list)
    for _, job, value in _LINE.findall(exposition):
        values[job].append(float(value))
    return values


def _expect_complete(exposition: str, since: Mapping[str, float]) -> Mapping[str, float]:
    """Check that every group has all its series with one value that is not older than before."""
    values = _values(exposition)
    assert len(values) == GROUPS
    for job, series in values.items():
        assert len(series) == SERIES, job
        assert len(set(series)) == 1, job
        assert series[0] >= since.get(job, 0), job
    return {job: series[0] for job, series in values.items()}


@pytest.fixture
def web_settings(web_settings: settings.WebSettings) -> settings.WebSettings:
    return dataclasses.replace(web_settings, enable_openmetrics=True)


async def _write(client: gateway_client.Client, writer: int) -> None:
    for number in itertools.count(1):
        for group in range(writer, GROUPS, WRITERS):
            assert (await client.put(f"job/j{group}", _body(number))).status == 200


@pytest.mark.parametrize("headers", _FORMATS.values(), ids=_FORMATS.keys())
async def test_every_scrape_is_complete(client: gateway_client.Client, headers: Mapping[str, str]) -> None:
    for group in range(GROUPS):
        await client.put(f"job/j{group}", _body(0))
    writers = [asyncio.create_task(_write(client, number)) for number in range(WRITERS)]
    try:
        seen: Mapping[str, float] = {}
        for _ in range(SCRAPES):
            response = await client.send("GET", "/metrics", headers={scraper_identity.TIMEOUT_HEADER: "10", **headers})
            seen = _expect_complete(response.text, seen)
    finally:
        for task in writers:
            task.cancel()
        ended = await asyncio.gather(*writers, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in ended), ended
    assert max(seen.values()) > 0
