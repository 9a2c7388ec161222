"""Pauses of a backoff grow and are random."""

from __future__ import annotations

import random

from tidegate.aio import backoffs


def test_pauses_double_up_to_the_limit_and_are_random_in_their_upper_half() -> None:
    backoff = backoffs.Backoff(first=1.0, limit=5.0, draw=random.Random(1))
    longest = (1.0, 2.0, 4.0, 5.0, 5.0)
    pauses = [backoff.next() for _ in longest]
    assert all(limit / 2 <= pause <= limit for pause, limit in zip(pauses, longest, strict=True)), pauses
    assert len(set(pauses)) == len(pauses)


def test_after_success_the_shortest_pause_comes_first_again() -> None:
    backoff = backoffs.Backoff(first=1.0, limit=30.0)
    for _ in range(5):
        backoff.next()
    backoff.reset()
    assert backoff.next() <= 1.0
