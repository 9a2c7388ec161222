"""Retries of pushes: the length of the pauses, and the end of retrying."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiohttp
import pytest
from aiohttp import test_utils, web
from hypothesis import given
from hypothesis import strategies as st

from tidegate import client_settings
from tidegate.client import push_client, transports, urls
from tidegate.gateway.push import push_paths
from tidegate.model import grouping

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_NAMES = _TEXT.filter(lambda name: name and "/" not in name and not name.startswith(("__", "U__")))
"""Names that a path can contain unescaped."""


@given(job=_TEXT.filter(bool), name=_NAMES, value=_TEXT)
def test_gateway_parses_the_path_of_a_group(job: str, name: str, value: str) -> None:
    key = grouping.grouping_key({name: value, "job": job})
    assert push_paths.grouping_key(push_client.path(key).removeprefix("/metrics/"), utf8_names=True) == key


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("", 0.0),
        ("120", 120.0),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0.0),
        ("-5", 0.0),
        ("soon", 0.0),
        ("²", 0.0),
        ("9" * 400, float("inf")),
    ],
    ids=["nothing", "seconds", "date", "past", "negative", "word", "superscript", "infinite"],
)
def test_retry_after_is_parsed_as_seconds_or_a_date(retry_after: str, seconds: float) -> None:
    assert push_client.retry_after_seconds(retry_after, now=1_700_000_000.0) == seconds


class _LeapingClock:
    """A clock that advances past each wait at once, and records the lengths of the waits."""

    def __init__(self) -> None:
        self._now = 1_700_000_000.0
        self.waits: list[float] = []

    def wall(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    async def wait(self, _: asyncio.Event, *, until: float | None) -> None:
        assert until is not None
        self.waits.append(until - self._now)
        self._now = until

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._now += seconds


async def _waits(respond: Callable[[], web.Response], *, seconds: float = 60.0) -> list[float]:
    """The waits between tries until the client gives up."""

    async def handle(_: web.BaseRequest) -> web.Response:
        return respond()

    clock, messages = _LeapingClock(), list[str]()
    delivery_settings = client_settings.DeliverySettings(retry_seconds=seconds)
    async with test_utils.RawTestServer(handle) as server, aiohttp.ClientSession() as session:
        transport = transports.DirectTransport(
            urls.parse(str(server.make_url("/"))), flag="--gateway.url", session=session
        )
        push = push_client.Push("POST", grouping.grouping_key({"job": "x"}), {}, b"a 1\n")
        with pytest.raises(push_client.UnacknowledgedError):
            await push_client.deliver(
                push, transport, delivery_settings=delivery_settings, clock=clock, report=messages.append
            )
    assert len(messages) == len(clock.waits)
    return clock.waits


async def test_pauses_double_up_to_ten_seconds() -> None:
    waits = await _waits(lambda: web.Response(status=503))
    longest = [0.5, 1.0, 2.0, 4.0, 8.0, *[10.0] * (len(waits) - 5)]
    assert all(most / 2 <= wait <= most for wait, most in zip(waits, longest, strict=True))


async def test_no_try_starts_after_the_time_limit() -> None:
    waits = await _waits(lambda: web.Response(status=503))
    assert 50.0 <= sum(waits) <= 60.0


async def test_pause_of_retry_after_is_never_shortened() -> None:
    assert await _waits(lambda: web.Response(status=429, headers={"Retry-After": "25"})) == [25.0, 25.0]


async def test_time_limit_of_zero_allows_one_try() -> None:
    assert await _waits(lambda: web.Response(status=503), seconds=0.0) == []
