"""A limit on simultaneous retirements: it trips, waits for another list, and then admits a few per cycle."""

from __future__ import annotations

import hypothesis
from hypothesis import strategies

from tidegate.operator.planning import circuit_breaker

MOST, CYCLE = 10, 30.0


def _breaker() -> circuit_breaker.CircuitBreaker:
    return circuit_breaker.CircuitBreaker(limit=MOST, cycle=CYCLE)


def test_retirements_below_the_limit_are_admitted() -> None:
    breaker = _breaker()
    assert [breaker.admit(requested, last_list_started=0.0, now=1.0) for requested in (4, 6)] == [4, 6]
    assert not breaker.is_tripped


def test_retirements_of_one_cycle_count_together() -> None:
    breaker = _breaker()
    assert [breaker.admit(6, last_list_started=0.0, now=1.0) for _ in range(2)] == [6, 0]
    assert breaker.is_tripped


def test_retirements_over_the_limit_wait_for_a_later_list() -> None:
    breaker = _breaker()
    assert breaker.admit(11, last_list_started=0.0, now=5.0) == 0
    assert breaker.is_tripped
    assert breaker.admit(11, last_list_started=4.0, now=6.0) == 0
    assert breaker.admit(11, last_list_started=5.5, now=7.0) == MOST


def test_tripped_breaker_admits_the_limit_per_cycle_until_it_closes() -> None:
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
    requests=strategies.lists(
        strategies.tuples(strategies.integers(0, 40), strategies.floats(0, 60), strategies.booleans())
    )
)
def test_no_cycle_exceeds_twice_the_limit(requests: list[tuple[int, float, bool]]) -> None:
    breaker, now, listed = _breaker(), 0.0, 0.0
    admitted: list[tuple[float, int]] = []
    for requested, pause, is_listed in requests:
        now += pause
        listed = now if is_listed else listed
        admitted_count = breaker.admit(requested, last_list_started=listed, now=now)
        assert 0 <= admitted_count <= requested
        admitted.append((now, admitted_count))
    for start, _ in admitted:
        within = [count for at, count in admitted if start <= at < start + CYCLE]
        assert sum(within) <= 2 * MOST, "at most the limit at the end of a cycle and at the start of the next"
