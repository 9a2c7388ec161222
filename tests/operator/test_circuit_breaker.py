"""A cap on what is retired at once: it trips, waits for another list, then lets through little by little."""

from __future__ import annotations

import hypothesis
from hypothesis import strategies

from tidegate.operator.planning import circuit_breaker

MOST, CYCLE = 10, 30.0


def _breaker() -> circuit_breaker.CircuitBreaker:
    return circuit_breaker.CircuitBreaker(limit=MOST, cycle=CYCLE)


def test_what_is_usual_goes_through() -> None:
    breaker = _breaker()
    assert [breaker.admit(wanted, last_list_started=0.0, now=1.0) for wanted in (4, 6)] == [4, 6]
    assert not breaker.is_tripped


def test_more_in_a_cycle_than_the_cap_is_held_back_until_a_later_list_says_the_same() -> None:
    breaker = _breaker()
    assert breaker.admit(11, last_list_started=0.0, now=5.0) == 0
    assert breaker.is_tripped
    assert breaker.admit(11, last_list_started=4.0, now=6.0) == 0
    assert breaker.admit(11, last_list_started=5.5, now=7.0) == MOST


def test_after_that_only_so_many_go_a_cycle_until_fewer_are_wanted() -> None:
    breaker = _breaker()
    breaker.admit(25, last_list_started=0.0, now=5.0)
    assert breaker.admit(25, last_list_started=6.0, now=7.0) == 10
    assert breaker.admit(15, last_list_started=6.0, now=8.0) == 0
    assert breaker.admit(15, last_list_started=36.0, now=38.0) == 10
    assert breaker.admit(5, last_list_started=67.0, now=69.0) == 5
    assert breaker.is_tripped
    assert breaker.admit(0, last_list_started=98.0, now=100.0) == 0
    assert not breaker.is_tripped


@hypothesis.given(
    asked=strategies.lists(
        strategies.tuples(strategies.integers(0, 40), strategies.floats(0, 60), strategies.booleans())
    )
)
def test_never_more_than_the_cap_goes_in_any_cycle(asked: list[tuple[int, float, bool]]) -> None:
    breaker, now, listed = _breaker(), 0.0, 0.0
    admitted: list[tuple[float, int]] = []
    for wanted, pause, is_listed in asked:
        now += pause
        listed = now if is_listed else listed
        found = breaker.admit(wanted, last_list_started=listed, now=now)
        assert 0 <= found <= wanted
        admitted.append((now, found))
    for start, _ in admitted:
        within = [count for at, count in admitted if start <= at < start + CYCLE]
        assert sum(within) <= 2 * MOST, "a cycle's worth at the end of one, and one at the beginning of the next"
