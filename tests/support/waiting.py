"""Waiting for a condition: the one place in the tests that sleeps."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Seen = TypeVar("Seen")

INTERVAL = 0.05
"""Seconds between two looks: short against anything waited for, cheap against two cores."""


class WaitTimeoutError(AssertionError):
    """The condition did not come true in time; the message says what was seen last."""


def eventually(
    look: Callable[[], Seen],
    *,
    why: str,
    timeout: float = 30.0,
    interval: float = INTERVAL,
    retry_on: tuple[type[Exception], ...] = (),
) -> Seen:
    """Look until what is seen is true, and return it.

    A false value, a failed `assert` inside `look`, and the errors named in `retry_on` mean "not yet"; any other error
    goes straight up. `why` completes the sentence "waited in vain for ...". Times are in seconds.
    """
    deadline = time.monotonic() + timeout
    not_yet: tuple[type[Exception], ...] = (AssertionError, *retry_on)
    while True:
        try:
            seen = look()
            if seen:
                return seen
            last = repr(seen)
        except not_yet as error:
            last = f"{type(error).__name__}: {error}"
        if time.monotonic() >= deadline:
            raise _vain(why, timeout, last)
        time.sleep(interval)


async def eventually_async(
    look: Callable[[], Awaitable[Seen]],
    *,
    why: str,
    timeout: float = 30.0,  # noqa: ASYNC109 - the limit is of many looks, and is told with what was seen last
    interval: float = INTERVAL,
    retry_on: tuple[type[Exception], ...] = (),
) -> Seen:
    """As `eventually`, for a look that is awaited in a running loop."""
    deadline = time.monotonic() + timeout
    not_yet: tuple[type[Exception], ...] = (AssertionError, *retry_on)
    while True:
        try:
            seen = await look()
            if seen:
                return seen
            last = repr(seen)
        except not_yet as error:
            last = f"{type(error).__name__}: {error}"
        if time.monotonic() >= deadline:
            raise _vain(why, timeout, last)
        await asyncio.sleep(interval)


def _vain(why: str, timeout: float, last: str) -> WaitTimeoutError:
    return WaitTimeoutError(f"waited {timeout:g} s in vain for {why}; seen last: {last}")
