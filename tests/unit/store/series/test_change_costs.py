"""The cost of a change follows the size of the change: lookups are counted, not timed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from tests.support.store import proof_builders, store_builders
from tidegate import settings
from tidegate.aio import clocks
from tidegate.exposition.text import metric_order
from tidegate.model import families, lifecycle
from tidegate.store import group_states, group_store, prepared_pushes
from tidegate.store.series import consistency, family_tables

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Counted(dict[_Key, _Value]):
    """A mapping that counts how often it is asked, and refuses to be walked through."""

    def __init__(self, items: dict[_Key, _Value]) -> None:
        super().__init__(items)
        self.asked = 0

    def __getitem__(self, name: _Key) -> _Value:
        self.asked += 1
        return super().__getitem__(name)

    def get(self, name: _Key, default: _Value | None = None) -> _Value | None:  # type: ignore[override]
        self.asked += 1
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self.asked += 1
        return super().__contains__(name)

    def __iter__(self) -> Iterator[_Key]:
        raise AssertionError("a check went through all families")

    keys = values = items = None  # type: ignore[assignment]


def _table(name: str, *, series: int) -> family_tables.FamilyTable:
    table = family_tables.FamilyTable(name, families.MetricType.GAUGE)
    for number in range(series):
        table.join(None, families.MetricType.GAUGE)
        table.series[f"series {number:07}"] = b"line\n"
    return table


@pytest.mark.parametrize("own", ["x", "new"], ids=["a family that others have", "a new family"])
def test_check_looks_up_the_same_number_of_families_however_many_exist(own: str) -> None:
    asked = set()
    for number_of_families, series in ((10, 10), (1_000, 1_000)):
        present = Counted({"x": _table("x", series=series)})
        for number in range(number_of_families):
            present[f"family{number}"] = _table(f"family{number}", series=1)
        own_types = Counted({f"own{number}": families.MetricType.GAUGE for number in range(number_of_families)})
        pushed = prepared_pushes.prepare(
            store_builders.key(job="a"),
            store_builders.family(own, store_builders.number(1)),
            limit_settings=settings.LimitSettings(),
        )
        tables = consistency.Tables(present, own_types=own_types, group_keys={}, groups={})
        consistency.check(pushed, tables=tables, replace=True)
        asked.add(present.asked + own_types.asked)
    assert len(asked) == 1


@pytest.mark.parametrize("is_found", [True, False], ids=["it has it", "another one has it"])
def test_search_for_the_group_of_a_series_looks_up_the_same_number_of_groups_however_many_exist(is_found: bool) -> None:
    asked = set()
    for number_of_groups in (10, 1_000):
        groups = Counted(
            {store_builders.key(job=f"job{number}"): _group(f"job{number}") for number in range(number_of_groups)}
        )
        labels = (("a", "1"), ("b", "2"), ("instance", ""), ("job", "job7"))
        name = "x" if is_found else "y"
        assert (consistency.holder(name, metric_order.series_key(labels), groups=groups) is not None) is is_found
        asked.add(groups.asked)
    assert len(asked) == 1


def _group(job: str) -> group_states.Group:
    labels = (("a", "1"), ("b", "2"), ("instance", ""), ("job", job))
    held = group_states.FamilyEntry(None, group_states.PushOrigin(0.0), (metric_order.series_key(labels),), 1)
    return group_states.Group(
        key=store_builders.key(job=job), life=lifecycle.Life(pushed_revision=1), families={"x": held}
    )


@pytest.fixture
def filled() -> group_store.GroupStore:
    store = store_builders.store()
    for number in range(3_000):
        pushed = {
            **store_builders.family("x", store_builders.number(1)),
            **store_builders.family(f"y{number % 50}", store_builders.number(1)),
        }
        store_builders.done(store.push(store_builders.key(job=f"job{number:04}"), pushed, replace=True))
    return store


def test_push_renders_only_the_pages_of_its_series_again(filled: group_store.GroupStore) -> None:
    before = {id(page) for family in store_builders.done(filled.snapshot()).families for page in family.pages}
    kept = store_builders.done(filled.snapshot())
    store_builders.done(
        filled.push(
            store_builders.key(job="job1500"), store_builders.family("x", store_builders.number(2)), replace=False
        )
    )
    pages = [page for family in store_builders.done(filled.snapshot()).families for page in family.pages]
    assert len(pages) > 60
    # A page of x, and a page of push times.
    assert sum(id(page) not in before for page in pages) == 2
    assert b'job="job1500"} 1\n' in b"".join(page.text for page in kept.families[2].pages)


def test_snapshot_without_a_change_has_the_same_pages(filled: group_store.GroupStore) -> None:
    one, two = store_builders.done(filled.snapshot()), store_builders.done(filled.snapshot())
    assert all(
        first is second
        for before, after in zip(one.families, two.families, strict=True)
        for first, second in zip(before.pages, after.pages, strict=True)
    )


def test_sweep_looks_only_at_due_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = clocks.MovableClock()
    store = store_builders.store(clock=clock)
    for number in range(1_000):
        store_builders.done(store.push(store_builders.key(job=f"live{number}"), {}, replace=True))
        store_builders.done(store.push(store_builders.key(job=f"expired{number}"), {}, replace=True, ttl=1.0))
    clock.advance(1.0)
    while store_builders.done(store.sweep(proof_builders.delivered(None), now=clock.monotonic())).more:
        pass
    for number in range(1_000):
        store_builders.done(store.push(store_builders.key(job=f"later{number}"), {}, replace=True, ttl=10.0 + number))
    assert store.states() == {lifecycle.State.LIVE: 2_000, lifecycle.State.DRAINING: 1_000}
    looked = _count_looks(monkeypatch)
    clock.advance(10.0)
    assert store.next_deadline() == clock.monotonic()
    assert store_builders.done(store.sweep(proof_builders.delivered(1), now=clock.monotonic())).deleted == []
    assert len(looked) == 1
    assert store.next_deadline() == clock.monotonic() + 1


def test_sweep_of_many_groups_lets_other_tasks_run() -> None:
    clock = clocks.MovableClock()
    store = store_builders.store(clock=clock, ttl_drain_timeout=0.0)
    for number in range(1_000):
        store_builders.done(store.push(store_builders.key(job=f"expired{number}"), {}, replace=True, ttl=1.0))
    clock.advance(1.0)
    deleted, turns, more = 0, 0, True
    while more:
        swept = store_builders.done(store.sweep(proof_builders.delivered(None), now=clock.monotonic()))
        assert len(swept.deleted) <= 50
        deleted, turns, more = deleted + len(swept.deleted), turns + 1, swept.more
    assert (deleted, store.grouping_keys()) == (1_000, [])
    assert turns >= 20


def _count_looks(monkeypatch: pytest.MonkeyPatch) -> list[lifecycle.Life]:
    """The lives that are asked for a decision from now on."""
    looked: list[lifecycle.Life] = []
    for name in ("expired", "deletion_reason"):
        real = getattr(lifecycle, name)

        def decide(life: lifecycle.Life, real: Callable[..., object] = real, **known: object) -> object:
            looked.append(life)
            return real(life, **known)

        monkeypatch.setattr(lifecycle, name, decide)
    return looked
