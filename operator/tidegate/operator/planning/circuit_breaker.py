"""A cap on how many groups are retired at once, for the night on which what is known of the cluster is wrong.

A wrong selector, a list that looks complete and is not, a mistake of ours: each would look like the end of very many
Jobs at once. Then the breaker trips: nothing is retired until a list that began later says the same, and from then on
only so many groups a cycle, until fewer than that are wanted.
"""

from __future__ import annotations


class Breaker:
    """Decides how many groups may be retired now. Pure but for what it remembers; steady seconds are passed in.

    :param most: groups in a cycle.
    :param cycle: seconds; that of a resync.
    :ivar is_tripped: whether it holds back, or did in this cycle.
    """

    def __init__(self, *, most: int, cycle: float) -> None:
        self._most = most
        self._cycle = cycle
        self._began = float("-inf")
        self._admitted = 0
        self._overrun = False
        self._confirmed_by = float("-inf")
        self.is_tripped = False

    def admit(self, wanted: int, *, listed: float, now: float) -> int:
        """How many of the groups that are wanted to be retired may be.

        :param listed: when the last complete list of all objects began.
        """
        if now - self._began >= self._cycle:
            self._end_cycle(now)
        if self._admitted + wanted > self._most:
            self._overrun = True
            if not self.is_tripped:
                self.is_tripped = True
                self._confirmed_by = now
        if not self.is_tripped:
            admitted = wanted
        elif listed <= self._confirmed_by:
            admitted = 0
        else:
            admitted = min(wanted, self._most - self._admitted)
        self._admitted += admitted
        return admitted

    def _end_cycle(self, now: float) -> None:
        if not self._overrun:
            self.is_tripped = False
        self._began, self._admitted, self._overrun = now, 0, False
