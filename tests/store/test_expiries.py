"""The queue of what expires: what it tells is what holds, and what no longer holds is forgotten."""

from __future__ import annotations

import hypothesis
from hypothesis import strategies

from tidegate.model import groups
from tidegate.store import expiries

KEYS = [groups.grouping_key({"job": name}) for name in "abc"]


@hypothesis.given(
    strategies.lists(strategies.tuples(strategies.sampled_from(KEYS), strategies.none() | strategies.integers(0, 9)))
)
def test_the_next_moment_is_the_earliest_that_holds(changes: list[tuple[groups.GroupingKey, int | None]]) -> None:
    holds: dict[groups.GroupingKey, float | None] = {}
    queue = expiries.Expiries(holds.get)
    for key, at in changes:
        holds[key] = at
        if at is not None:
            queue.add(key, at)
        assert queue.next() == min((moment for moment in holds.values() if moment is not None), default=None)


@hypothesis.given(strategies.dictionaries(strategies.sampled_from(KEYS), strategies.integers(0, 9)))
def test_what_is_due_is_what_expires_by_now(moments: dict[groups.GroupingKey, int]) -> None:
    queue = expiries.Expiries(moments.get)
    for key, at in moments.items():
        queue.add(key, at)
    assert set(queue.due(5)) == {key for key, at in moments.items() if at <= 5}
    assert list(queue.due(5)) == []


def test_a_group_that_is_pushed_for_ever_does_not_make_it_grow_for_ever() -> None:
    holds: dict[groups.GroupingKey, float | None] = {}
    queue = expiries.Expiries(holds.get)
    for moment in range(10_000):
        holds[KEYS[0]] = moment
        queue.add(KEYS[0], moment)
    assert len(queue) < 1_000
