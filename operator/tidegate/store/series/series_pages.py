"""The series of one family of all groups: rendered, sorted, and joined in pages.

A scrape needs all lines in order; a push changes a few of them. So the lines are in sorted pages of at most
``PAGE_SIZE`` series, and each page is one text. A change costs two binary searches and a copy of its page; a scrape
returns the pages as they are.
"""

from __future__ import annotations

import array
import bisect
import itertools
from collections.abc import Iterator, Mapping, Sequence

from tidegate.exposition import rendered_series
from tidegate.model import families

PAGE_SIZE = 128
"""Maximum number of series of a page. Copying or compressing a page takes about ten microseconds. Smaller pages
compress worse (64 series: 8.0 to 1, 128: 8.5, 512: 8.8). With larger pages a few changed groups touch nearly all."""

_SIZE = "I"
"""The array type of the lengths of the lines of a series: four bytes."""


class _Page:
    """At most ``PAGE_SIZE`` series: their keys, the lengths of their lines, and the lines as one text."""

    __slots__ = ("keys", "rendered", "sizes", "text")

    def __init__(self, keys: list[str], sizes: array.array[int], text: bytes) -> None:
        self.keys = keys
        self.sizes = sizes
        self.text = text
        self.rendered: rendered_series.Page | None = None

    def lines(self, place: int) -> bytes:
        start = sum(self.sizes[:place])
        return self.text[start : start + self.sizes[place]]

    def replace(self, place: int, lines: bytes) -> None:
        start = sum(self.sizes[:place])
        end = start + self.sizes[place]
        self.sizes[place] = len(lines)
        self._splice(start, lines, end)

    def insert(self, place: int, key: str, lines: bytes) -> None:
        start = sum(self.sizes[:place])
        self.keys.insert(place, key)
        self.sizes.insert(place, len(lines))
        self._splice(start, lines, start)

    def delete(self, place: int) -> None:
        self.replace(place, b"")
        del self.keys[place]
        del self.sizes[place]

    def renumber(self, place: int, numbers: Sequence[bytes]) -> None:
        start = sum(self.sizes[:place])
        end = start + self.sizes[place]
        if len(numbers) == 1:
            number, number_end = numbers[0], end - 1
            number_start = self.text.rindex(b" ", start, end) + 1
            if self.text[number_start:number_end] != number:
                self.sizes[place] += len(number) - (number_end - number_start)
                self._splice(number_start, number, number_end)
            return
        heads = [line.rpartition(b" ")[0] for line in self.text[start:end].split(b"\n")[:-1]]
        lines = b"".join([b"%b %b\n" % pair for pair in zip(heads, numbers, strict=True)])
        if self.text[start:end] != lines:
            self.sizes[place] = len(lines)
            self._splice(start, lines, end)

    def cut(self, place: int) -> _Page:
        """Move the series from this place on to a new page, and return it."""
        start = sum(self.sizes[:place])
        tail = _Page(self.keys[place:], self.sizes[place:], self.text[start:])
        del self.keys[place:]
        del self.sizes[place:]
        self._splice(start, b"", len(self.text))
        return tail

    def append(self, after: _Page) -> None:
        """Append the series of the next page."""
        self.keys.extend(after.keys)
        self.sizes.extend(after.sizes)
        self._splice(len(self.text), after.text, len(self.text))

    def render(self, specials: Mapping[str, families.Metric]) -> rendered_series.Page:
        if not specials:
            self.rendered = rendered_series.Page(self.text, first=self.keys[0])
        else:
            rows = [(self.lines(place), specials.get(key)) for place, key in enumerate(self.keys)]
            self.rendered = rendered_series.join(rows, first=self.keys[0])
        return self.rendered

    def _splice(self, start: int, lines: bytes, end: int) -> None:
        text = self.text
        self.text = b"".join((text[:start], lines, text[end:]))
        self.rendered = None


class SeriesPages:
    """A sorted map from series key to the rendered lines of that series.

    Keys sort as the lines must be ordered in an exposition (:func:`tidegate.exposition.text.metric_order.series_key`).

    :ivar specials: the metrics whose lines do not express everything, by key. Change it before their lines.
    """

    __slots__ = ("_firsts", "_pages", "specials")

    def __init__(self) -> None:
        self._firsts: list[str] = []
        self._pages: list[_Page] = []
        self.specials: dict[str, families.Metric] = {}

    def load(self, series: Iterator[tuple[str, bytes | memoryview]]) -> None:
        """Load many series at once into an empty map.

        :param series: sorted by key, without duplicates.
        """
        while page := tuple(itertools.islice(series, PAGE_SIZE)):
            keys, lines = zip(*page, strict=True)
            self._firsts.append(keys[0])
            self._pages.append(_Page(list(keys), array.array(_SIZE, map(len, lines)), b"".join(lines)))

    def __contains__(self, key: str) -> bool:
        return self._find(key) is not None

    def __getitem__(self, key: str) -> bytes:
        page, place = self._locate(key)
        return page.lines(place)

    def __setitem__(self, key: str, lines: bytes) -> None:
        if not self._pages:
            self._firsts.append(key)
            self._pages.append(_Page([key], array.array(_SIZE, (len(lines),)), lines))
            return
        index = max(0, bisect.bisect_right(self._firsts, key) - 1)
        page = self._pages[index]
        place = bisect.bisect_left(page.keys, key)
        if place < len(page.keys) and page.keys[place] == key:
            page.replace(place, lines)
            return
        page.insert(place, key, lines)
        self._firsts[index] = page.keys[0]
        if len(page.keys) > PAGE_SIZE:
            self._split(index)

    def renumber(self, key: str, numbers: Sequence[bytes]) -> None:
        """Replace the numbers at the ends of the lines of an existing series.

        :param numbers: one for each line.
        """
        page, place = self._locate(key)
        page.renumber(place, numbers)

    def __delitem__(self, key: str) -> None:
        page, place = self._locate(key)
        index = bisect.bisect_right(self._firsts, key) - 1
        page.delete(place)
        if page.keys:
            self._firsts[index] = page.keys[0]
            self._merge(index)
            self._merge(index - 1)
        else:
            del self._pages[index]
            del self._firsts[index]

    def __len__(self) -> int:
        return sum(len(page.keys) for page in self._pages)

    def __iter__(self) -> Iterator[str]:
        for page in self._pages:
            yield from page.keys

    def render(self) -> list[rendered_series.Page]:
        """Return all pages, in order. Later changes do not alter the list."""
        return [page.rendered or page.render(self.specials) for page in self._pages]

    def _locate(self, key: str) -> tuple[_Page, int]:
        location = self._find(key)
        if location is None:
            raise KeyError(key)
        return location

    def _find(self, key: str) -> tuple[_Page, int] | None:
        index = bisect.bisect_right(self._firsts, key) - 1
        if index < 0:
            return None
        page = self._pages[index]
        place = bisect.bisect_left(page.keys, key)
        return (page, place) if place < len(page.keys) and page.keys[place] == key else None

    def _split(self, index: int) -> None:
        page = self._pages[index]
        # Appending leaves nearly full pages behind; inserting anywhere else leaves halves.
        last = index == len(self._pages) - 1
        tail = page.cut(PAGE_SIZE * 7 // 8 if last else len(page.keys) // 2)
        self._pages.insert(index + 1, tail)
        self._firsts.insert(index + 1, tail.keys[0])

    def _merge(self, index: int) -> None:
        """Join a page with the next one if both are small, so that deletions do not leave many tiny pages."""
        if not 0 <= index < len(self._pages) - 1:
            return
        page, after = self._pages[index], self._pages[index + 1]
        if len(page.keys) + len(after.keys) > PAGE_SIZE // 2:
            return
        page.append(after)
        del self._pages[index + 1]
        del self._firsts[index + 1]
