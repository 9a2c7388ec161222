"""Stores and pushes for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TypeVar

from tidegate import settings
from tidegate.aio import clocks
from tidegate.model import control_api, families, grouping, lifecycle
from tidegate.store import group_store, interface, journals

Families = Mapping[str, families.Family]
_Result = TypeVar("_Result")

LIVE = lifecycle.Life(pushed_revision=1)
"""The life of a group after its first push."""


def done(work: Coroutine[object, None, _Result]) -> _Result:
    """The result of a call of the store that waits for nothing, as all calls but large pushes."""
    try:
        work.send(None)
    except StopIteration as ended:
        result: _Result = ended.value
        return result
    raise AssertionError("it waits")


def store(
    *,
    journal: journals.Journal | None = None,
    limits: settings.LimitSettings | None = None,
    clock: clocks.Clock | None = None,
    ttl_drain_timeout: float = 300.0,
    is_memory_short: Callable[[], bool] = lambda: False,
) -> group_store.GroupStore:
    """A store as the gateway has it; what a test does not care about has a default here alone."""
    return group_store.GroupStore(
        journal=journal or journals.NullJournal(),
        limits=limits or settings.LimitSettings(),
        clock=clock or clocks.MovableClock(),
        own_types={},
        is_memory_short=is_memory_short,
        ttl_drain_timeout=ttl_drain_timeout,
    )


def key(**labels: str) -> grouping.GroupingKey:
    return grouping.grouping_key(labels)


def family(
    name: str,
    *metrics: families.Metric,
    type: families.MetricType = families.MetricType.GAUGE,
    help: str | None = None,
) -> Families:
    return {name: families.Family(name, type=type, help=help, metrics=list(metrics))}


def number(value: float, **labels: str) -> families.Metric:
    return families.Metric(tuple(sorted(labels.items())), value)


def record(store: interface.Store, key: grouping.GroupingKey) -> control_api.GroupRecord:
    """Return a group as the operator sees it."""
    return next(group for group in store.changes(epoch=None, since=0, limit=100).groups if group.key == key)
