"""One table for each family name, with the series of all groups."""

from __future__ import annotations

import bisect

from tidegate.exposition import encoders
from tidegate.model import families
from tidegate.store.series import series_pages


class _Texts:
    """The texts of a family, each with the number of groups that have it.

    Which text is shown does not depend on the order of the pushes, so a store shows the same text after a restart.
    """

    __slots__ = ("_holders", "_sorted")

    def __init__(self) -> None:
        self._holders: dict[str, int] = {}
        self._sorted: list[str] = []

    def add(self, text: str, *, holders: int) -> None:
        """Add this number of groups with this text."""
        if text not in self._holders:
            self._holders[text] = 0
            bisect.insort(self._sorted, text)
        self._holders[text] += holders

    def remove(self, text: str) -> None:
        """Remove one group with this text."""
        self._holders[text] -= 1
        if not self._holders[text]:
            del self._holders[text]
            del self._sorted[bisect.bisect_left(self._sorted, text)]

    @property
    def first(self) -> str | None:
        """The first text in sorted order; an empty text only if there is no other."""
        return next((text for text in self._sorted[:2] if text), self._sorted[0] if self._sorted else None)


class FamilyTable:
    """A family of all groups that have it: its type, its help texts and units, its series.

    :ivar holders: number of groups that have this family.
    """

    __slots__ = ("_helps", "_units", "holders", "name", "series", "type")

    def __init__(self, name: str, type: families.MetricType) -> None:
        self.name = name
        self.type = type
        self.holders = 0
        self.series = series_pages.SeriesPages()
        self._helps = _Texts()
        self._units = _Texts()

    def join(
        self, help_text: str | None, type: families.MetricType, *, unit: str | None = None, holders: int = 1
    ) -> None:
        """Add groups that have this family. A group that is the only holder may change the type."""
        self.holders += holders
        if help_text is not None:
            self._helps.add(help_text, holders=holders)
        if unit is not None:
            self._units.add(unit, holders=holders)
        self.type = type

    def leave(self, help_text: str | None, *, unit: str | None = None) -> None:
        """Remove a group that no longer has this family."""
        self.holders -= 1
        if help_text is not None:
            self._helps.remove(help_text)
        if unit is not None:
            self._units.remove(unit)

    @property
    def help(self) -> str | None:
        """The first of the help texts in sorted order; ``None`` if no group has one."""
        return self._helps.first

    def render(self) -> encoders.RenderedFamily:
        """Return the family as a scrape exposes it."""
        return encoders.RenderedFamily(self.name, self.type, self.help, self.series.render(), self._units.first)
