"""The series of one family over all groups: sorted, rendered, and joined in pages that are kept.

A scrape wants every line in order; a push changes a few of them. So the lines lie in sorted pages of at most
``PAGE_SIZE`` series, and each page keeps its joined text until one of its lines changes. A change costs two binary
searches, a scrape joins the pages that changed since the last one and hands out the rest as they are.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping

from tidegate.exposition import pages
from tidegate.model import families

PAGE_SIZE = 512
"""Series a page, at most. Joining one page takes some ten microseconds, and a store of a million series has a few
thousand pages, so both the dirty part and the list of pages stay small."""


class _Page:
    __slots__ = ("keys", "lines", "rendered")

    def __init__(self, keys: list[str], lines: list[bytes]) -> None:
        self.keys = keys
        self.lines = lines
        self.rendered: pages.Page | None = None

    def render(self, specials: Mapping[str, families.Metric]) -> pages.Page:
        if self.rendered is not None:
            return self.rendered
        if not specials:
            self.rendered = pages.Page(b"".join(self.lines))
        else:
            self.rendered = pages.join(
                [(line, specials.get(key)) for key, line in zip(self.keys, self.lines, strict=True)]
            )
        return self.rendered


class SeriesPages:
    """A sorted map from series key to the rendered lines of that series.

    Keys order as the lines must stand in an exposition (:func:`tidegate.exposition.order.series_key`).

    :ivar specials: the metrics of those series whose lines do not say all, by key. Change it before their lines.
    """

    __slots__ = ("_firsts", "_pages", "specials")

    def __init__(self) -> None:
        self._firsts: list[str] = []
        self._pages: list[_Page] = []
        self.specials: dict[str, families.Metric] = {}

    def __contains__(self, key: str) -> bool:
        return self._find(key) is not None

    def __getitem__(self, key: str) -> bytes:
        found = self._find(key)
        if found is None:
            raise KeyError(key)
        page, place = found
        return page.lines[place]

    def __setitem__(self, key: str, lines: bytes) -> None:
        if not self._pages:
            self._firsts.append(key)
            self._pages.append(_Page([key], [lines]))
            return
        index = max(0, bisect.bisect_right(self._firsts, key) - 1)
        page = self._pages[index]
        place = bisect.bisect_left(page.keys, key)
        page.rendered = None
        if place < len(page.keys) and page.keys[place] == key:
            page.lines[place] = lines
            return
        page.keys.insert(place, key)
        page.lines.insert(place, lines)
        self._firsts[index] = page.keys[0]
        if len(page.keys) > PAGE_SIZE:
            self._split(index)

    def __delitem__(self, key: str) -> None:
        found = self._find(key)
        if found is None:
            raise KeyError(key)
        page, place = found
        index = bisect.bisect_right(self._firsts, key) - 1
        page.rendered = None
        del page.keys[place]
        del page.lines[place]
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

    def render(self) -> list[pages.Page]:
        """All pages, in order. The list is the caller's; later changes do not reach into it."""
        return [page.rendered or page.render(self.specials) for page in self._pages]

    def _find(self, key: str) -> tuple[_Page, int] | None:
        index = bisect.bisect_right(self._firsts, key) - 1
        if index < 0:
            return None
        page = self._pages[index]
        place = bisect.bisect_left(page.keys, key)
        return (page, place) if place < len(page.keys) and page.keys[place] == key else None

    def _split(self, index: int) -> None:
        page = self._pages[index]
        half = len(page.keys) // 2
        tail = _Page(page.keys[half:], page.lines[half:])
        del page.keys[half:]
        del page.lines[half:]
        self._pages.insert(index + 1, tail)
        self._firsts.insert(index + 1, tail.keys[0])

    def _merge(self, index: int) -> None:
        """Join a page with its successor where both are small, so that deletes do not leave a trail of slivers."""
        if not 0 <= index < len(self._pages) - 1:
            return
        page, after = self._pages[index], self._pages[index + 1]
        if len(page.keys) + len(after.keys) > PAGE_SIZE // 2:
            return
        page.keys.extend(after.keys)
        page.lines.extend(after.lines)
        del self._pages[index + 1]
        del self._firsts[index + 1]
