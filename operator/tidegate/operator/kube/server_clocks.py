"""The API server's clock, as far as its answers tell.

Kubernetes says when a Job began and ended by the API server's clock; the gateway says when a group was pushed by its
node's. The two may be minutes apart, and then a Job's own push would look like one from before or after its life. So
every time that decides is brought to the API server's clock before it is compared.
"""

from __future__ import annotations

import email.utils

from tidegate.aio import clocks

_DATE_SECONDS = 1.0
"""A ``Date`` header has whole seconds: the moment lies up to one of them later."""


class ServerClock:
    """Learns how far the API server's clock is from ours. Until it answered, ours is taken for its.

    Each answer says within which bounds the difference lies: its moment was after the question and before the answer.
    What all answers say together is far finer than a second. When they contradict each other a clock was set, and the
    newest counts.
    """

    def __init__(self, clock: clocks.Clock) -> None:
        self._clock = clock
        self._bounds: tuple[float, float] | None = None

    def now(self) -> float:
        """Unix seconds on the API server's clock."""
        if self._bounds is None:
            return self._clock.wall()
        low, high = self._bounds
        return self._clock.monotonic() + (low + high) / 2

    def monotonic(self) -> float:
        """Our monotonic seconds, for :meth:`heard`."""
        return self._clock.monotonic()

    def observe(self, date: str | None, *, requested_at: float) -> None:
        """An answer had this ``Date`` header; ``asked``: our monotonic seconds at the question."""
        try:
            server_time = email.utils.parsedate_to_datetime(date or "").timestamp()
        except ValueError:
            return
        low, high = server_time - self._clock.monotonic(), server_time + _DATE_SECONDS - requested_at
        previous = self._bounds
        if previous is not None and max(low, previous[0]) <= min(high, previous[1]):
            low, high = max(low, previous[0]), min(high, previous[1])
        self._bounds = (low, high)

    def from_gateway(self, gateway_time: float, *, gateway_now: float) -> float:
        """What the API server's clock showed ``then``, a time of the gateway's, which just now is at ``now``."""
        return self.now() - (gateway_now - gateway_time)
