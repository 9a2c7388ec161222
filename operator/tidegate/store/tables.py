"""One table a family name: what all groups together have under it."""

from __future__ import annotations

from tidegate.exposition import encodings
from tidegate.model import families
from tidegate.store import pages


class FamilyTable:
    """A family over all groups that have it: their common type, their help texts and units, their series.

    :ivar holders: how many groups have this family.
    """

    __slots__ = ("_helps", "_units", "holders", "name", "series", "type")

    def __init__(self, name: str, type: families.MetricType) -> None:
        self.name = name
        self.type = type
        self.holders = 0
        self.series = pages.SeriesPages()
        self._helps: dict[str | None, int] = {}
        self._units: dict[str, int] = {}

    def join(
        self, help_text: str | None, type: families.MetricType, *, unit: str | None = None, holders: int = 1
    ) -> None:
        """So many groups begin to have this family. The only holder there is may also bring a new type."""
        self.holders += holders
        self._helps[help_text] = self._helps.get(help_text, 0) + holders
        if unit is not None:
            self._units[unit] = self._units.get(unit, 0) + holders
        self.type = type

    def leave(self, help_text: str | None, *, unit: str | None = None) -> None:
        """A group no longer has this family."""
        self.holders -= 1
        self._helps[help_text] -= 1
        if not self._helps[help_text]:
            del self._helps[help_text]
        if unit is not None:
            self._units[unit] -= 1
            if not self._units[unit]:
                del self._units[unit]

    @property
    def help(self) -> str | None:
        """Of several help texts the one that was there first; a text always comes before none."""
        return next((text for text in self._helps if text), next(iter(self._helps), None))

    def render(self) -> encodings.RenderedFamily:
        """The family as a scrape gets it."""
        unit = next(iter(self._units), None)
        return encodings.RenderedFamily(self.name, self.type, self.help, self.series.render(), unit)
