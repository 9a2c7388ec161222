"""The sources of a group: the addresses of its last pushes, with their times, live and restored."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from tests.support.store import persistent_stores, store_builders
from tidegate.aio import clocks
from tidegate.exposition.text import parser, repeated_bodies
from tidegate.model import pushers
from tidegate.store import interface

A, B = store_builders.key(job="a"), store_builders.key(job="b")
ONE, TWO = "10.0.0.1", "10.0.0.2"


class _Sources(Protocol):
    """See the fixture."""

    async def __call__(self, *pushed: tuple[str, str | None], replace: bool = False) -> list[tuple[str, int]]: ...


class _Moving(NamedTuple):
    """A store with a file, and the clock of its push times."""

    store: interface.Store
    clock: clocks.MovableClock


async def _add(moving: _Moving, family: str, pusher: str | None, *, replace: bool = False) -> float:
    """Push one family a second later; when that was."""
    moving.clock.advance(1.0)
    body = f"{family} 1\n".encode()
    split_body = repeated_bodies.split(body)
    assert split_body is not None
    if not await moving.store.repeat(A, split_body, replace=replace, pusher=pusher):
        await moving.store.push(A, parser.parse(body), replace=replace, split_body=split_body, pusher=pusher)
    return moving.clock.wall()


@pytest.fixture(params=["memory", "restarted"])
async def sources(request: pytest.FixtureRequest, path: Path) -> _Sources:
    """The reported sources of the store, after a restart if it has a file."""

    async def told(*pushed: tuple[str, str | None], replace: bool = False) -> list[tuple[str, int]]:
        """Push these families from these addresses, one a second; each source, with how many pushes ago it was."""
        clock = clocks.MovableClock()
        async with contextlib.AsyncExitStack() as stack:
            made: interface.Store = store_builders.store(clock=clock)
            if request.param == "restarted":
                made = await stack.enter_async_context(persistent_stores.opened(path, clock=clock))
            moving = _Moving(made, clock)
            for family, pusher in pushed:
                await _add(moving, family, pusher, replace=replace)
            found = store_builders.record(moving.store, A).sources
        if request.param == "restarted":
            async with persistent_stores.opened(path, clock=clock) as again:
                assert store_builders.record(again, A).sources == found
        return [(source.address, round(clock.wall() - source.at)) for source in found]

    return told


async def test_source_of_every_family_of_a_group_is_reported(sources: _Sources) -> None:
    pushed = [(f"g{number}", f"10.0.0.{number}") for number in range(8)]
    assert await sources(*pushed) == [(f"10.0.0.{number}", 7 - number) for number in reversed(range(8))]


async def test_replacing_push_leaves_the_last_four_addresses_with_their_times(sources: _Sources) -> None:
    pushed = [(f"g{number}", f"10.0.0.{number}") for number in range(8)]
    assert await sources(*pushed, replace=True) == [(f"10.0.0.{number}", 7 - number) for number in (7, 6, 5, 4)]


async def test_time_of_an_address_is_that_of_its_last_push(sources: _Sources) -> None:
    assert await sources(("g", ONE), ("g", ONE), ("g", ONE), ("g", TWO), replace=True) == [(TWO, 0), (ONE, 1)]


async def test_push_without_an_address_has_no_source_but_is_the_last_push(sources: _Sources) -> None:
    assert await sources(("g", ONE), ("g", None), replace=True) == [(ONE, 1)]
    assert await sources(("g", ONE), ("g", ONE), ("g", ONE), ("g", None), ("g", TWO), replace=True) == [
        (TWO, 0),
        (ONE, 2),
    ]


async def test_repeated_push_has_the_address_of_its_last_repetition(sources: _Sources) -> None:
    assert await sources(("h", TWO), ("g", ONE), ("g", ONE), ("g", ONE), ("g", TWO)) == [(TWO, 0), (ONE, 1), (TWO, 4)]


async def test_address_with_families_of_two_pushes_is_reported_twice(sources: _Sources) -> None:
    assert await sources(("g", ONE), ("h", ONE)) == [(ONE, 0), (ONE, 1)]


async def test_reported_sources_are_limited(sources: _Sources) -> None:
    pushed = [(f"g{number}", f"10.0.0.{number}") for number in range(pushers.MAX_REPORTED_SOURCES + 5)]
    found = await sources(*pushed)
    assert (
        found == [(address, ago) for ago, (_, address) in enumerate(reversed(pushed))][: pushers.MAX_REPORTED_SOURCES]
    )
