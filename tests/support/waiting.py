"""Waiting for a condition; the only place in the tests that sleeps."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Seen = TypeVar("Seen")

INTERVAL = 0.05
"""Seconds between the first two checks: short compared with every wait."""
_LONGEST_INTERVAL = 0.25
_GROWTH = 1.1
"""Each time between two checks is longer than the one before, so that a long wait costs little on two cores."""


class WaitTimeoutError(AssertionError):
    """The condition did not become true in time; the message shows the last observed value."""


def eventually(
    look: Callable[[], Seen],
    *,
    why: str,
    timeout: float = 60.0,
    interval: float | None = None,
    retry_on: tuple[type[Exception], ...] = (),
) -> Seen:
    """Call `look` until its result is true, and return the result.

    A false value, a failed `assert` inside `look`, and the errors in `retry_on` mean "not yet"; any other error is
    raised at once. `why` completes the sentence "waited in vain for ...". Times are in seconds.
    """
    deadline = time.monotonic() + timeout
    pause = INTERVAL if interval is None else interval
    retryable: tuple[type[Exception], ...] = (AssertionError, *retry_on)
    while True:
        try:
            seen = look()
            if seen:
                return seen
            last = repr(seen)
        except retryable as error:
            last = f"{type(error).__name__}: {error}"
        if time.monotonic() >= deadline:
            raise _timeout_error(why, timeout, last)
        time.sleep(pause)
        pause = pause if interval is not None else min(_GROWTH * pause, _LONGEST_INTERVAL)


async def eventually_async(
    look: Callable[[], Awaitable[Seen]],
    *,
    why: str,
    timeout: float = 60.0,  # noqa: ASYNC109 - it limits all checks together, and the error shows the last value
    interval: float | None = None,
    retry_on: tuple[type[Exception], ...] = (),
) -> Seen:
    """The same as `eventually`, for a `look` that is awaited in a running loop."""
    deadline = time.monotonic() + timeout
    pause = INTERVAL if interval is None else interval
    retryable: tuple[type[Exception], ...] = (AssertionError, *retry_on)
    while True:
        try:
            seen = await look()
            if seen:
                return seen
            last = repr(seen)
        except retryable as error:
            last = f"{type(error).__name__}: {error}"
        if time.monotonic() >= deadline:
            raise _timeout_error(why, timeout, last)
        await asyncio.sleep(pause)
        pause = pause if interval is not None else min(_GROWTH * pause, _LONGEST_INTERVAL)


def _timeout_error(why: str, timeout: float, last: str) -> WaitTimeoutError:
    return WaitTimeoutError(f"waited {timeout:g} s in vain for {why}; seen last: {last}")
