"""A snapshot has every push up to its revision, while other pushes arrive."""

from __future__ import annotations

import re
from collections.abc import Coroutine

from tests.support.store import store_builders
from tidegate.exposition.text import parser, repeated_bodies
from tidegate.store import group_store, interface

GROUPS = 400
"""More than are settled at once."""

_LINE = re.compile(rb'^x\{.*job="(\d+)"\} (\d+)$', re.MULTILINE)


def _push(store: group_store.GroupStore, group: int, number: int) -> None:
    key, body = store_builders.key(job=str(group)), b"x %d\n" % number
    split_body = repeated_bodies.split(body)
    assert split_body is not None
    if not store_builders.done(store.repeat(key, split_body, replace=True)):
        store_builders.done(store.push(key, parser.parse(body), replace=True, split_body=split_body))


def _filled() -> group_store.GroupStore:
    """Every group has been pushed often enough for its values to wait for a snapshot."""
    store = store_builders.store()
    for number in range(3):
        for group in range(GROUPS):
            _push(store, group, number)
    return store


def _values(snapshot: interface.Snapshot) -> dict[int, int]:
    [family] = [family for family in snapshot.families if family.name == "x"]
    return {int(job): int(value) for page in family.pages for job, value in _LINE.findall(page.text)}


def _step(work: Coroutine[object, None, interface.Snapshot]) -> interface.Snapshot | None:
    """Go on with it until it lets others run; the snapshot once it is there."""
    try:
        work.send(None)
    except StopIteration as ended:
        found: interface.Snapshot = ended.value
        return found
    return None


def test_snapshot_has_pending_values() -> None:
    store = _filled()
    work, snapshot = store.snapshot(), None
    while snapshot is None:
        snapshot = _step(work)
    assert _values(snapshot) == dict.fromkeys(range(GROUPS), 2)
    assert snapshot.revision == store.revision


def test_snapshot_ends_however_many_pushes_arrive_meanwhile() -> None:
    store = _filled()
    before = store.revision
    work, snapshot, turns = store.snapshot(), None, 0
    while snapshot is None:
        snapshot, turns = _step(work), turns + 1
        for group in range(GROUPS):
            _push(store, group, 100 + turns)
    assert turns < 2 * GROUPS / group_store._SETTLED_AT_ONCE
    assert snapshot.revision == before
    assert min(_values(snapshot).values()) >= 2


def test_snapshot_has_every_push_up_to_its_revision() -> None:
    store = _filled()
    pushed: dict[int, int] = {}
    work, snapshot, turn = store.snapshot(), None, 0
    while snapshot is None:
        snapshot, turn = _step(work), turn + 1
        for group in (turn, GROUPS - turn):
            _push(store, group, 100 + turn)
            pushed.setdefault(group, store.revision)
    values = _values(snapshot)
    assert all(values[group] >= 100 for group, revision in pushed.items() if revision <= snapshot.revision)


def test_group_deleted_during_a_snapshot_is_not_rendered() -> None:
    store = _filled()
    work = store.snapshot()
    assert _step(work) is None
    for group in range(GROUPS):
        store_builders.done(store.delete(store_builders.key(job=str(group))))
    snapshot = None
    while snapshot is None:
        snapshot = _step(work)
    assert snapshot.families == []
