"""Deadlines, compared with a dictionary that is sorted for every call."""

from __future__ import annotations

import tracemalloc

import hypothesis
from hypothesis import strategies

from tidegate.store import due_groups

_MOVES = strategies.lists(
    strategies.tuples(strategies.sampled_from("abcd"), strategies.none() | strategies.integers(0, 9)), max_size=40
)


@hypothesis.given(moves=_MOVES, until=strategies.integers(0, 9))
def test_deadlines_return_due_keys_earliest_first(moves: list[tuple[str, int | None]], until: int) -> None:
    table: due_groups.Deadlines[str] = due_groups.Deadlines()
    known: dict[str, int] = {}
    for key, moment in moves:
        table.put(key, moment)
        known.pop(key, None)
        if moment is not None:
            known[key] = moment
        assert table.first() == min(known.values(), default=None)
    # Of equal moments the one that was put first comes first, as in the dictionary.
    due = sorted((key for key, moment in known.items() if moment <= until), key=lambda key: known[key])
    assert table.due(until, most=100) == due
    assert table.due(until, most=1) == due[:1]
    assert table.due(until, most=100) == due


def test_deadlines_do_not_grow_when_one_key_moves_often() -> None:
    table: due_groups.Deadlines[str] = due_groups.Deadlines()
    tracemalloc.start()
    for number in range(100_000):
        table.put("a", number)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # An entry takes more than a hundred bytes, so all of them would take more than ten megabytes.
    assert peak < 1_000_000
    assert table.due(200_000, most=10) == ["a"]
