"""Every limit holds in every store, whatever its journal, for bodies of every format."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.store import limit_cases, persistent_stores, store_builders
from tidegate import settings
from tidegate.model import errors, grouping, limits
from tidegate.store import group_store, journals

JOURNALS = ("null", "sqlite")


@pytest.fixture(params=JOURNALS)
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> journals.Journal:
    return journals.NullJournal() if request.param == "null" else persistent_stores.new_journal(tmp_path / "groups")


@pytest.fixture(params=list(limit_cases.CASES))
def case(request: pytest.FixtureRequest) -> limit_cases.Case:
    return limit_cases.CASES[request.param]


@pytest.fixture(params=list(limit_cases.FORMATS))
def format(request: pytest.FixtureRequest) -> limit_cases.Format:
    return limit_cases.FORMATS[request.param]


@pytest.fixture
async def store(journal: journals.Journal, case: limit_cases.Case) -> AsyncIterator[group_store.GroupStore]:
    is_short = case.chosen.memory is not None
    store = store_builders.store(journal=journal, limits=case.chosen, is_memory_short=lambda: is_short)
    await store.open()
    await store.restore()
    yield store
    await store.close()


async def _push(store: group_store.GroupStore, push: limit_cases.Push, format: limit_cases.Format) -> None:
    pushed = format.parse(format.encode(push.body))
    await store.push(grouping.grouping_key(push.labels), pushed, replace=False)


def test_every_limit_of_the_store_has_a_case() -> None:
    assert {case.limit for case in limit_cases.CASES.values()} == set(limits.Limit) - limit_cases.HTTP_LIMITS


async def test_pushes_up_to_a_limit_are_accepted_and_one_over_it_is_rejected_by_name(
    store: group_store.GroupStore, case: limit_cases.Case, format: limit_cases.Format
) -> None:
    for push in case.accepted:
        await _push(store, push, format)
    with pytest.raises(errors.LimitError, match=case.limit.flag) as raised:
        await _push(store, case.rejected, format)
    assert raised.value.limit is case.limit


async def test_a_push_over_a_limit_changes_nothing(
    store: group_store.GroupStore, case: limit_cases.Case, format: limit_cases.Format, tmp_path: Path
) -> None:
    for push in case.accepted:
        await _push(store, push, format)
    before, revision, change = await persistent_stores.shown(store), store.revision, store.next_change()
    with pytest.raises(errors.LimitError):
        await _push(store, case.rejected, format)
    assert await persistent_stores.shown(store) == before
    assert (store.revision, change.is_set()) == (revision, False)
    if (tmp_path / "groups").exists():
        assert await persistent_stores.shown_of_file(persistent_stores.killed(tmp_path / "groups")) == before


async def test_limits_hold_after_a_restart(tmp_path: Path) -> None:
    chosen = settings.LimitSettings(groups=1)
    async with persistent_stores.opened(tmp_path / "groups", limits=chosen) as store:
        await store.push(store_builders.key(job="a"), {}, replace=True)
    async with persistent_stores.opened(tmp_path / "groups", limits=chosen) as store:
        with pytest.raises(errors.LimitError, match=limits.Limit.GROUPS.flag):
            await store.push(store_builders.key(job="b"), {}, replace=True)


async def test_groups_that_are_over_lowered_limits_are_restored_and_may_be_pushed_again(tmp_path: Path) -> None:
    key = store_builders.key(job="a")
    async with persistent_stores.opened(tmp_path / "groups") as store:
        await store.push(
            key, store_builders.family("m", *(store_builders.number(1, n=str(n)) for n in range(9))), replace=True
        )
        await store.push(store_builders.key(job="b"), {}, replace=True)
        before = await persistent_stores.shown(store)
    async with persistent_stores.opened(
        tmp_path / "groups", limits=settings.LimitSettings(groups=1, group_series=5)
    ) as store:
        assert await persistent_stores.shown(store) == before
        with pytest.raises(errors.LimitError, match=limits.Limit.GROUP_SERIES.flag):
            await store.push(key, store_builders.family("n", store_builders.number(1)), replace=False)
        await store.push(key, store_builders.family("m", store_builders.number(1)), replace=True)
        assert store.series() == 1
