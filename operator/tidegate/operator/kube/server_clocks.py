"""The API server's clock, estimated from its responses.

Kubernetes reports start and end times of Jobs by the API server's clock; the gateway reports push times by the clock of
its node. The two may differ by minutes, and then a Job's push would look earlier or later than the Job itself. So all
times are converted to the API server's clock before they are compared.
"""

from __future__ import annotations

import email.utils

from tidegate.aio import clocks

_DATE_SECONDS = 1.0
"""``Date`` headers have whole seconds: the real time is up to one second later."""


class ServerClock:
    """Estimates the offset of the API server's clock. Before the first response, the local clock is used.

    Each response bounds the offset, because its date lies between the request and the response. All responses together
    are far more precise than a second. If they contradict each other, a clock was set, and the last response counts.
    """

    def __init__(self, clock: clocks.Clock) -> None:
        self._clock = clock
        self._bounds: tuple[float, float] | None = None

    def now(self) -> float:
        """The current time in Unix seconds on the API server's clock."""
        if self._bounds is None:
            return self._clock.wall()
        low, high = self._bounds
        return self._clock.monotonic() + (low + high) / 2

    def monotonic(self) -> float:
        """The local monotonic time, for :meth:`observe`."""
        return self._clock.monotonic()

    def observe(self, date: str | None, *, requested_at: float) -> None:
        """Use the ``Date`` header of a response whose request was sent at ``requested_at``, in monotonic seconds."""
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
        """Convert a time of the gateway, whose clock is at ``gateway_now``, to the API server's clock."""
        return self.now() - (gateway_now - gateway_time)
