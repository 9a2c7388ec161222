"""The search for the last pushes of draining groups in databases."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence

import pytest

from tests.support.store import store_builders
from tidegate.aio import clocks
from tidegate.draining import stored_pushes
from tidegate.model import drain_waits, errors, grouping

A, B = store_builders.key(job="a"), store_builders.key(job="b")
BATCH = 500


class Database:
    """A database that has stored the pushes of some groups."""

    def __init__(self, name: str = "http://prometheus:9090") -> None:
        self.name = name
        self.stored: set[grouping.GroupingKey] = set()
        self.queries: list[Sequence[grouping.GroupingKey]] = []
        self.error = ""

    async def find(self, keys: Sequence[grouping.GroupingKey]) -> tuple[int, set[grouping.GroupingKey]]:
        batch = keys[:BATCH]
        self.queries.append(batch)
        if self.error:
            raise errors.QueryError(self.error)
        return len(batch), self.stored.intersection(batch)


class SmallDatabase(Database):
    """A database whose result is too large if the query contains more than some groups."""

    most = 100

    async def find(self, keys: Sequence[grouping.GroupingKey]) -> tuple[int, set[grouping.GroupingKey]]:
        count, found = await super().find(keys)
        if count > self.most:
            raise errors.LargeResultError("the response is larger than 4 MiB")
        return count, found


class SilentDatabase(Database):
    """A database that never responds."""

    async def find(self, keys: Sequence[grouping.GroupingKey]) -> tuple[int, set[grouping.GroupingKey]]:
        await asyncio.Event().wait()
        return await super().find(keys)


class Scene:
    """Databases, the groups that wait for them, and the search."""

    def __init__(self, *databases: Database) -> None:
        self.clock = clocks.MovableClock()
        self.databases = databases
        self.waiting: dict[grouping.GroupingKey, int] = {}
        self.found = 0
        self.results: list[float | None] = []
        self.search = stored_pushes.StoredPushes(
            databases,
            clock=self.clock,
            waiting=lambda: dict(self.waiting),
            on_found=self._on_found,
            on_query=lambda _, seconds: self.results.append(seconds),
        )

    def _on_found(self) -> None:
        self.found += 1

    async def settled(self) -> None:
        """Wait until every task waits for the clock or for a change."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def wait_for(self, **revisions: int) -> None:
        """Make these groups wait."""
        self.waiting = {store_builders.key(job=job): revision for job, revision in revisions.items()}
        self.search.wake()
        await self.settled()

    async def pass_seconds(self, seconds: float) -> None:
        """Let time pass, a second at a time."""
        for _ in range(round(seconds)):
            self.clock.advance(1.0)
            await self.settled()

    def missing(self, key: grouping.GroupingKey = A, revision: int = 1) -> tuple[drain_waits.MissingDatabase, ...]:
        return self.search.missing(key, revision, now=self.clock.monotonic())


@contextlib.asynccontextmanager
async def _scene(*databases: Database) -> AsyncIterator[Scene]:
    scene = Scene(*databases)
    scene.search.start()
    await scene.settled()
    try:
        yield scene
    finally:
        await scene.search.close()


async def test_nothing_is_queried_while_no_group_waits() -> None:
    async with _scene(Database()) as scene:
        await scene.pass_seconds(60)
        assert scene.databases[0].queries == []


async def test_group_is_stored_once_every_database_has_returned_it() -> None:
    one, two = Database("http://one"), Database("http://two")
    one.stored = {A}
    async with _scene(one, two) as scene:
        await scene.wait_for(a=1)
        assert scene.search.stored() == {}
        assert [each.name for each in scene.missing()] == ["http://two"]
        two.stored = {A}
        await scene.pass_seconds(2)
        assert scene.search.stored() == {A: 1}
        assert scene.found == 2


async def test_result_for_an_earlier_push_does_not_count() -> None:
    database = Database()
    database.stored = {A}
    async with _scene(database) as scene:
        await scene.wait_for(a=1)
        database.stored = set()
        await scene.wait_for(a=2)
        await scene.pass_seconds(1)
        assert scene.search.stored() == {}


async def test_group_that_no_longer_waits_is_forgotten() -> None:
    database = Database()
    database.stored = {A}
    async with _scene(database) as scene:
        await scene.wait_for(a=1)
        await scene.wait_for()
        await scene.pass_seconds(1)
        assert scene.search.stored() == {}


async def test_group_that_is_not_found_is_queried_less_and_less_often() -> None:
    async with _scene(Database()) as scene:
        await scene.wait_for(a=1)
        await scene.pass_seconds(120)
        assert len(scene.databases[0].queries) == len([0, 1, 3, 7, 15, 31, 61, 91])


async def test_at_most_one_query_a_second_for_ten_thousand_groups() -> None:
    async with _scene(Database()) as scene:
        scene.waiting = {store_builders.key(job=str(number)): number for number in range(10_000)}
        scene.search.wake()
        await scene.settled()
        await scene.pass_seconds(20)
        queries = scene.databases[0].queries
        assert len(queries) <= 21
        assert len({key for query in queries for key in query}) == 10_000


async def test_groups_with_successive_pushes_are_queried_together() -> None:
    async with _scene(Database()) as scene:
        await scene.wait_for(**{str(number * 7 % 1_000): number * 7 % 1_000 for number in range(1_000)})
        await scene.pass_seconds(1)
        first = [scene.waiting[key] for key in scene.databases[0].queries[0]]
        assert sorted(first) == list(range(BATCH))


async def test_query_with_too_large_a_result_is_repeated_for_fewer_groups() -> None:
    database = SmallDatabase()
    async with _scene(database) as scene:
        database.stored = {store_builders.key(job=str(number)) for number in range(600)}
        await scene.wait_for(**{str(number): number for number in range(600)})
        await scene.pass_seconds(30)
        assert scene.search.stored() == scene.waiting
        assert None not in scene.results


async def test_database_with_too_large_a_result_for_one_group_fails() -> None:
    database = SmallDatabase()
    database.most = 0
    async with _scene(database) as scene:
        await scene.wait_for(a=1)
        assert scene.missing()[0].error == "the response is larger than 4 MiB"
        assert scene.results == [None]


async def test_groups_that_are_never_found_do_not_delay_others() -> None:
    async with _scene(Database()) as scene:
        lost = {store_builders.key(job=str(number)): number for number in range(2_000)}
        scene.waiting = lost
        scene.search.wake()
        await scene.pass_seconds(60)
        scene.databases[0].stored = {A}
        scene.waiting = {**lost, A: 1}
        scene.search.wake()
        await scene.pass_seconds(5)
        assert scene.search.stored() == {A: 1}


async def test_database_that_fails_is_named_with_the_reason() -> None:
    database = Database()
    database.error = "connection refused"
    async with _scene(database) as scene:
        await scene.wait_for(a=1)
        assert scene.missing() == (drain_waits.MissingDatabase(database.name, "connection refused", 0.0),)
        assert scene.results == [None]


async def test_database_that_fails_is_queried_less_and_less_often_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    database = Database()
    database.error = "connection refused"
    async with _scene(database) as scene:
        await scene.wait_for(a=1)
        await scene.pass_seconds(600)
        assert 10 < len(database.queries) < 30
        assert [record.levelno for record in caplog.records] == [logging.WARNING]
        database.error, database.stored = "", {A}
        await scene.pass_seconds(stored_pushes.MAX_PAUSE_SECONDS)
        assert scene.search.stored() == {A: 1}
        assert caplog.records[-1].getMessage() == f"{database.name} responds again"


async def test_database_that_does_not_respond_delays_no_other() -> None:
    silent, other = SilentDatabase("http://silent"), Database("http://other")
    other.stored = {A}
    async with _scene(silent, other) as scene:
        await scene.wait_for(a=1)
        assert [each.name for each in scene.missing()] == ["http://silent"]


async def test_group_that_a_database_lacks_for_a_minute_is_counted() -> None:
    async with _scene(Database()) as scene:
        await scene.wait_for(a=1)
        assert scene.search.count_missing(now=scene.clock.monotonic()) == 0
        await scene.pass_seconds(drain_waits.MISSING_SECONDS)
        assert scene.search.count_missing(now=scene.clock.monotonic()) == 1
        [missing] = scene.missing()
        assert missing.seconds >= drain_waits.MISSING_SECONDS
