"""Scrapes while writers push: each is a complete exposition, and all series of a group in it are from one push."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import itertools
import re
from collections.abc import Mapping

import pytest

from tests.gateway import gateway_client
from tidegate import settings
from tidegate.gateway.scrape import scrape_handler

GROUPS = 300
"""More than the store settles at once, so that pushes come in between."""

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
    """A push of one number; every third is of another shape and so takes the other way into the store."""
    kind = "# TYPE m0 untyped\n" if number % 3 == 0 else ""
    return kind + "".join(f"m{series} {number}\n" for series in range(SERIES))


def _values(exposition: str) -> Mapping[str, list[float]]:
    """By group, the values of its series."""
    found = collections.defaultdict(list)
    for _, job, value in _LINE.findall(exposition):
        found[job].append(float(value))
    return found


def _expect_whole(exposition: str, since: Mapping[str, float]) -> Mapping[str, float]:
    """Every group is there with all its series, with one value, which is none of the past."""
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
async def test_every_scrape_is_whole(client: gateway_client.Client, headers: Mapping[str, str]) -> None:
    for group in range(GROUPS):
        await client.put(f"job/j{group}", _body(0))
    writers = [asyncio.create_task(_write(client, number)) for number in range(WRITERS)]
    try:
        seen: Mapping[str, float] = {}
        for _ in range(SCRAPES):
            answer = await client.send("GET", "/metrics", headers={scrape_handler.TIMEOUT_HEADER: "10", **headers})
            seen = _expect_whole(answer.text, seen)
    finally:
        for task in writers:
            task.cancel()
        ended = await asyncio.gather(*writers, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in ended), ended
    assert max(seen.values()) > 0
