"""Pushing again and again: how long the pauses are, and when it ends."""

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
"""What may stand in a path as it is."""


@given(job=_TEXT.filter(bool), name=_NAMES, value=_TEXT)
def test_a_path_leads_to_its_group(job: str, name: str, value: str) -> None:
    key = grouping.grouping_key({name: value, "job": job})
    assert push_paths.grouping_key(push_client.path(key).removeprefix("/metrics/"), utf8_names=True) == key


@pytest.mark.parametrize(
    ("said", "seconds"),
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
    ids=["nothing", "seconds", "date", "past", "negative", "word", "superscript", "for-ever"],
)
def test_the_pause_is_what_the_answer_asks_for(said: str, seconds: float) -> None:
    assert push_client.pause(said, now=1_700_000_000.0) == seconds


class _LeapingClock:
    """A clock that leaps over what is waited for, and keeps the lengths of the waits."""

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


async def _waits(answer: Callable[[], web.Response], *, seconds: float = 60.0) -> list[float]:
    """The waits between tries until all is given up."""

    async def handle(_: web.BaseRequest) -> web.Response:
        return answer()

    clock, told = _LeapingClock(), list[str]()
    chosen = client_settings.DeliverySettings(retry_seconds=seconds)
    async with test_utils.RawTestServer(handle) as server, aiohttp.ClientSession() as session:
        door = transports.DirectDoor(urls.parse(str(server.make_url("/"))), flag="--gateway.url", session=session)
        push = push_client.Push("POST", grouping.grouping_key({"job": "x"}), {}, b"a 1\n")
        with pytest.raises(push_client.UnacknowledgedError):
            await push_client.deliver(push, door, chosen=chosen, clock=clock, tell=told.append)
    assert len(told) == len(clock.waits)
    return clock.waits


async def test_the_pauses_double_up_to_ten_seconds() -> None:
    waits = await _waits(lambda: web.Response(status=503))
    longest = [0.5, 1.0, 2.0, 4.0, 8.0, *[10.0] * (len(waits) - 5)]
    assert all(most / 2 <= wait <= most for wait, most in zip(waits, longest, strict=True))


async def test_no_try_begins_when_the_time_is_over() -> None:
    waits = await _waits(lambda: web.Response(status=503))
    assert 50.0 <= sum(waits) <= 60.0


async def test_a_pause_that_is_asked_for_is_never_cut_short() -> None:
    assert await _waits(lambda: web.Response(status=429, headers={"Retry-After": "25"})) == [25.0, 25.0]


async def test_without_time_there_is_one_try() -> None:
    assert await _waits(lambda: web.Response(status=503), seconds=0.0) == []
