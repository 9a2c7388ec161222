"""Push rates: pushes of a group in each half hour of the last day, for people. They end with the process."""

from __future__ import annotations

SLOT_SECONDS = 1800
"""A missed run of an hourly CronJob is a visible gap, and a day has few enough slots to draw them in a row."""

SLOTS = 48

MAX_COUNT = 255
"""A slot is a byte. More pushes in half an hour are shown as this number."""


class PushRate:
    """Counts pushes in slots of time. It takes about 200 bytes, however many pushes it counts."""

    __slots__ = ("_counts", "_newest")

    def __init__(self) -> None:
        self._counts = bytearray(SLOTS)
        self._newest = 0

    def add(self, at: float) -> None:
        """Count a push at these Unix seconds."""
        # Every push calls this, so it does as little as possible.
        slot = int(at) // SLOT_SECONDS
        if slot != self._newest:
            self._move(slot)
        place = slot % SLOTS
        if self._counts[place] < MAX_COUNT:
            self._counts[place] += 1

    def counts(self, *, now: float) -> list[int]:
        """Return the pushes in each slot, oldest first; the last slot is the current one."""
        last = int(now) // SLOT_SECONDS
        return [self._counts[slot % SLOTS] if self._has_slot(slot) else 0 for slot in range(last - SLOTS + 1, last + 1)]

    def _has_slot(self, slot: int) -> bool:
        return self._newest - SLOTS < slot <= self._newest

    def _move(self, slot: int) -> None:
        """Move on to a newer slot. If the clock was set back, all counts are dropped."""
        if slot < self._newest or slot - self._newest >= SLOTS:
            self._counts = bytearray(SLOTS)
        else:
            for skipped in range(self._newest + 1, slot + 1):
                self._counts[skipped % SLOTS] = 0
        self._newest = slot


def with_pushes(*pushes: float) -> PushRate:
    """Return a push rate that has counted these pushes, in Unix seconds."""
    push_rate = PushRate()
    for at in pushes:
        push_rate.add(at)
    return push_rate


def single_push(at: float, *, now: float) -> list[int]:
    """Return :meth:`PushRate.counts` of a group that was pushed once.

    :param at: Unix seconds of that push, 0.0 for never.
    """
    age = int(now) // SLOT_SECONDS - int(at) // SLOT_SECONDS
    return [1 if at and SLOTS - 1 - place == age else 0 for place in range(SLOTS)]
