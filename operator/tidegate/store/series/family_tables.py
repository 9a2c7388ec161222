"""One table a family name: what all groups together have under it."""

from __future__ import annotations

import bisect

from tidegate.exposition import encoders
from tidegate.model import families
from tidegate.store.series import series_pages


class _Texts:
    """Texts, each with the number of groups that have it. The choice among them does not depend on the order in which
    they came, so that a store shows the same one after a restart."""

    __slots__ = ("_holders", "_sorted")

    def __init__(self) -> None:
        self._holders: dict[str, int] = {}
        self._sorted: list[str] = []

    def add(self, text: str, *, holders: int) -> None:
        """So many more groups have this text."""
        if text not in self._holders:
            self._holders[text] = 0
            bisect.insort(self._sorted, text)
        self._holders[text] += holders

    def remove(self, text: str) -> None:
        """One group fewer has this text."""
        self._holders[text] -= 1
        if not self._holders[text]:
            del self._holders[text]
            del self._sorted[bisect.bisect_left(self._sorted, text)]

    @property
    def first(self) -> str | None:
        """The first in order; an empty one only where there is no other."""
        return next((text for text in self._sorted[:2] if text), self._sorted[0] if self._sorted else None)


class FamilyTable:
    """A family over all groups that have it: their common type, their help texts and units, their series.

    :ivar holders: how many groups have this family.
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
        """So many groups begin to have this family. The only holder there is may also bring a new type."""
        self.holders += holders
        if help_text is not None:
            self._helps.add(help_text, holders=holders)
        if unit is not None:
            self._units.add(unit, holders=holders)
        self.type = type

    def leave(self, help_text: str | None, *, unit: str | None = None) -> None:
        """A group no longer has this family."""
        self.holders -= 1
        if help_text is not None:
            self._helps.remove(help_text)
        if unit is not None:
            self._units.remove(unit)

    @property
    def help(self) -> str | None:
        """Of several help texts the first in order; a text always comes before none."""
        return self._helps.first

    def render(self) -> encoders.RenderedFamily:
        """The family as a scrape gets it."""
        return encoders.RenderedFamily(self.name, self.type, self.help, self.series.render(), self._units.first)
