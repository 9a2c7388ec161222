"""Exponential backoff with jitter."""

from __future__ import annotations

import random


class Backoff:
    """Pauses that double from ``first`` to ``limit`` seconds, each drawn at random from its upper half.

    The jitter keeps clients that failed at the same time from retrying at the same time.
    """

    def __init__(self, *, first: float, limit: float, draw: random.Random | None = None) -> None:
        self._first = first
        self._limit = limit
        self._draw = draw if draw is not None else random.Random()
        self._next = first

    def next(self) -> float:
        """The next pause, in seconds."""
        longest = min(self._next, self._limit)
        self._next = longest * 2
        return self._draw.uniform(longest / 2, longest)

    def reset(self) -> None:
        """Start with the shortest pause again, after a success."""
        self._next = self._first
