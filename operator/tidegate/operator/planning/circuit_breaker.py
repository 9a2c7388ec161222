"""A circuit breaker: limits how many groups start to drain at once, in case the cache of the cluster is wrong.

A wrong selector, an incomplete list or a bug would look as if very many Jobs had finished at once. The breaker then
trips: no group starts to drain until a list that started later confirms it. After that, at most ``limit`` groups per
cycle start to drain, until a cycle needs no more than that and the breaker is reset.
"""

from __future__ import annotations


class CircuitBreaker:
    """Decides how many groups may start to drain now. Callers pass monotonic seconds.

    :param limit: groups per cycle.
    :param cycle: the length of a cycle in seconds: the resync period.
    :ivar is_tripped: whether the breaker is tripped, or was in this cycle.
    """

    def __init__(self, *, limit: int, cycle: float) -> None:
        self._limit = limit
        self._cycle = cycle
        self._cycle_started = float("-inf")
        self._admitted = 0
        self._limit_exceeded = False
        self._tripped_at = float("-inf")
        self.is_tripped = False

    def admit(self, wanted: int, *, last_list_started: float, now: float) -> int:
        """Return how many of ``wanted`` groups may start to drain.

        :param last_list_started: when the last complete list of all objects started.
        """
        if now - self._cycle_started >= self._cycle:
            self._end_cycle(now)
        if self._admitted + wanted > self._limit:
            self._limit_exceeded = True
            if not self.is_tripped:
                self.is_tripped = True
                self._tripped_at = now
        if not self.is_tripped:
            admitted = wanted
        elif last_list_started <= self._tripped_at:
            admitted = 0
        else:
            admitted = min(wanted, self._limit - self._admitted)
        self._admitted += admitted
        return admitted

    def _end_cycle(self, now: float) -> None:
        if not self._limit_exceeded:
            self.is_tripped = False
        self._cycle_started, self._admitted, self._limit_exceeded = now, 0, False
