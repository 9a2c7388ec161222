"""Which groups are to be looked at next, so that nobody has to look at all of them."""

from __future__ import annotations

from tidegate.model import grouping, lifecycle
from tidegate.store import deadlines


class Schedule:
    """What the lives of the groups wait for: the end of a ttl, a deadline, a scrape.

    It finds them; :mod:`tidegate.model.lifecycle` decides.
    """

    def __init__(self) -> None:
        self._expiries: deadlines.Timetable[grouping.GroupingKey] = deadlines.Timetable()
        self._deadlines: deadlines.Timetable[grouping.GroupingKey] = deadlines.Timetable()
        self._scrapes: deadlines.Timetable[grouping.GroupingKey] = deadlines.Timetable()

    def note(self, key: grouping.GroupingKey, life: lifecycle.Life | None) -> None:
        """The life of a group is now this; ``None``: the group is gone."""
        drain = None if life is None else lifecycle.confirmed_drain(life)
        self._expiries.put(key, None if life is None else lifecycle.ttl_deadline(life))
        self._deadlines.put(key, None if drain is None else drain.deadline)
        self._scrapes.put(key, None if drain is None else drain.pushed_revision)

    def next_deadline(self) -> float | None:
        """When a group is to be looked at though nothing happens to it."""
        moments = [first for table in (self._expiries, self._deadlines) if (first := table.first()) is not None]
        return min(moments, default=None)

    def expiring(self, *, now: float, most: int) -> list[grouping.GroupingKey]:
        """The groups whose ttl is over, at most so many."""
        return self._expiries.due(now, most=most)

    def ending(self, *, read_revision: int | None, now: float, most: int) -> list[grouping.GroupingKey]:
        """The groups that have been read, oldest push first, and those whose deadline is over; at most so many."""
        read = [] if read_revision is None else self._scrapes.due(read_revision, most=most)
        return list(dict.fromkeys([*read, *self._deadlines.due(now, most=most)]))[:most]
