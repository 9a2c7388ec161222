"""The push times of groups in a server: which groups a query contains, and which it finds."""

from __future__ import annotations

from collections.abc import Sequence

from tests.support.store import store_builders
from tidegate.prometheus import push_time_database, push_time_query

KEYS = [store_builders.key(job=f"job-{number}") for number in range(3)]
LONG = [store_builders.key(job=str(number) * 7_000) for number in range(3)]


class Server:
    """A server that returns these series for every query."""

    name = "http://prometheus:9090"

    def __init__(self, *series: push_time_query.Series) -> None:
        self._series = series
        self.queries: list[str] = []

    async def query(self, expression: str) -> Sequence[push_time_query.Series]:
        self.queries.append(expression)
        return self._series


async def test_groups_with_their_last_push_are_found() -> None:
    server = Server(push_time_query.Series({"job": "job-1"}, 100.0), push_time_query.Series({"job": "job-2"}, 99.0))
    database = push_time_database.PushTimeDatabase(server, push_time=lambda _: 100.0)
    assert await database.find(KEYS) == (3, {KEYS[1]})
    assert len(server.queries) == 1


async def test_query_contains_only_the_groups_that_fit() -> None:
    database = push_time_database.PushTimeDatabase(Server(), push_time=lambda _: 100.0)
    assert await database.find(LONG) == (1, set())


async def test_group_that_was_deleted_meanwhile_is_not_queried() -> None:
    server = Server()
    database = push_time_database.PushTimeDatabase(server, push_time={KEYS[0]: None, KEYS[1]: 7.0, KEYS[2]: None}.get)
    assert await database.find(KEYS) == (2, set())
    assert "job-1" in server.queries[0]
    assert "job-0" not in server.queries[0]


async def test_nothing_is_queried_if_all_groups_were_deleted_meanwhile() -> None:
    server = Server()
    database = push_time_database.PushTimeDatabase(server, push_time=lambda _: None)
    assert await database.find(KEYS) == (3, set())
    assert server.queries == []
