"""How often a group is pushed, in half hours of the last day: for people, and forgotten with the process."""

from __future__ import annotations

SLOT_SECONDS = 1800
"""A run that is missed of a CronJob that runs hourly is a gap, and a day is few enough bars to be drawn in a row."""

SLOTS = 48

MOST = 255
"""A slot is a byte: whoever pushes more often in half an hour pushes "very often"."""


class PushRate:
    """Counts pushes by slots of time. It takes some 200 bytes, however many pushes there are."""

    __slots__ = ("_counts", "_newest")

    def __init__(self) -> None:
        self._counts = bytearray(SLOTS)
        self._newest = 0

    def note(self, at: float) -> None:
        """A push came, at these Unix seconds."""
        # Every push comes this way: as little as can be is done here.
        slot = int(at) // SLOT_SECONDS
        if slot != self._newest:
            self._move(slot)
        place = slot % SLOTS
        if self._counts[place] < MOST:
            self._counts[place] += 1

    def counts(self, *, now: float) -> list[int]:
        """Pushes of each slot, oldest first; the last one is the slot that it is now."""
        last = int(now) // SLOT_SECONDS
        return [self._counts[slot % SLOTS] if self._holds(slot) else 0 for slot in range(last - SLOTS + 1, last + 1)]

    def _holds(self, slot: int) -> bool:
        return self._newest - SLOTS < slot <= self._newest

    def _move(self, slot: int) -> None:
        """Make room for a newer slot; where a clock was set back, all that it has yet to come to is forgotten."""
        if slot < self._newest or slot - self._newest >= SLOTS:
            self._counts = bytearray(SLOTS)
        else:
            for passed in range(self._newest + 1, slot + 1):
                self._counts[passed % SLOTS] = 0
        self._newest = slot


def with_pushes(*pushes: float) -> PushRate:
    """Return a push rate that has counted these pushes, in Unix seconds."""
    push_rate = PushRate()
    for at in pushes:
        push_rate.note(at)
    return push_rate


def single_push(at: float, *, now: float) -> list[int]:
    """What :meth:`PushRate.counts` is of a group that was pushed once; 0.0 for never."""
    age = int(now) // SLOT_SECONDS - int(at) // SLOT_SECONDS
    return [1 if at and SLOTS - 1 - place == age else 0 for place in range(SLOTS)]
