"""A server as a database of push times."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from tidegate.model import grouping
from tidegate.prometheus import push_time_query

_MANY_SERIES = 1_000
"""Series of a result from which they are compared in a thread, because other tasks would wait."""


class Server(Protocol):
    """Evaluates expressions, as :class:`tidegate.prometheus.query_api.QueryApi` does."""

    @property
    def name(self) -> str:
        """Its URL without credentials."""
        ...

    async def query(self, expression: str) -> Sequence[push_time_query.Series]:
        """Evaluate an expression now.

        :raises errors.QueryError: there is no usable response.
        """
        ...


class PushTimeDatabase:
    """Finds the last pushes of groups in one server; implements :class:`tidegate.draining.stored_pushes.Database`.

    :param push_time: returns the time of the last push of a group in Unix seconds; ``None`` if it does not exist.
    """

    def __init__(self, server: Server, *, push_time: Callable[[grouping.GroupingKey], float | None]) -> None:
        self._server = server
        self._push_time = push_time

    @property
    def name(self) -> str:
        """Its URL without credentials."""
        return self._server.name

    async def find(self, keys: Sequence[grouping.GroupingKey]) -> tuple[int, set[grouping.GroupingKey]]:
        """Query the last pushes of as many of these groups as fit into a query; see :class:`stored_pushes.Database`."""
        times = [(key, self._push_time(key)) for key in keys]
        pushes = [push_time_query.PushTime(key, at) for key, at in times if at is not None]
        if not pushes:
            return len(keys), set()
        batch = push_time_query.batch(pushes)
        result = await self._server.query(push_time_query.query(batch))
        if len(result) <= _MANY_SERIES:
            found = push_time_query.found(batch, result)
        else:
            found = await asyncio.to_thread(push_time_query.found, batch, result)
        # A group that was deleted meanwhile counts as queried, if it is before the last one of the batch.
        return keys.index(batch[-1].key) + 1, found
