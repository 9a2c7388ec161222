"""Pages: some series of one family as text, with the metrics that the text format cannot express completely.

A page is rendered once and shared by all scrapes. Other formats are made from the page when they are first requested,
and cached in it (see :mod:`tidegate.exposition.encoders`).
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tidegate.exposition import gzip_chunks, name_escaping
from tidegate.exposition.text import parser
from tidegate.model import families


class Special(NamedTuple):
    """A metric that its lines do not express completely: a name is not plain, or it has an ``original``.

    ``place`` is its index among the metrics of the page; ``text[start:end]`` are its lines.
    """

    place: int
    start: int
    end: int
    metric: families.Metric


@dataclass(slots=True)
class Page:
    """The lines of some series. Immutable, but for its caches.

    :ivar first: sort key of the page among the pages of its family, and of other families with the same label sets: the
        key of its first series in the store, or empty for a page before all pages of the store.
    :ivar forms: the page in other formats, cached.
    :ivar merged: the page merged with other pages, and these pages, cached.
    :ivar facts: properties of the page, cached.
    """

    text: bytes
    specials: tuple[Special, ...] = ()
    first: str = field(default="", compare=False)
    forms: dict[object, gzip_chunks.Chunk] = field(default_factory=dict, compare=False, repr=False)
    merged: dict[object, tuple[Sequence[Page], gzip_chunks.Chunk]] = field(
        default_factory=dict, compare=False, repr=False
    )
    facts: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)


def join(rows: list[tuple[bytes, families.Metric | None]], *, first: str = "") -> Page:
    """Return the page of these metrics: the lines of each, and the metric itself if it is special."""
    specials, at = [], 0
    for place, (lines, metric) in enumerate(rows):
        if metric is not None:
            specials.append(Special(place, at, at + len(lines), metric))
        at += len(lines)
    return Page(b"".join([lines for lines, _ in rows]), tuple(specials), first)


def overlapping(page_list: Sequence[Page], others: Sequence[Page]) -> Iterator[tuple[Page, Sequence[Page]]]:
    """Yield each page with the other pages that may have the same label sets; both sequences are sorted."""
    firsts = [page.first for page in others]
    for place, page in enumerate(page_list):
        begin = max(0, bisect.bisect_right(firsts, page.first) - 1)
        after = page_list[place + 1 : place + 2]
        end = bisect.bisect_left(firsts, after[0].first) if after else len(others)
        yield page, others[begin : max(end, begin)]


def around(page: Page) -> list[bytes]:
    """Return the lines before the first special metric, between the special metrics, and after the last one."""
    ends = [0, *(special.end for special in page.specials)]
    starts = [*(special.start for special in page.specials), len(page.text)]
    return [page.text[end:start] for end, start in zip(ends, starts, strict=True)]


def metrics(page: Page, *, name: str, type: families.MetricType) -> list[families.Metric]:
    """Return the metrics of a page, in order.

    :param name: of the family.
    :param type: of the family.
    """
    escaped = name_escaping.escape(name, name_escaping.Escaping.UNDERSCORES)
    header = f"# TYPE {escaped} {type.value}\n".encode()
    family = parser.parse(b"".join([header, *around(page)])).get(escaped)
    all_metrics = family.metrics if family is not None else []
    for special in page.specials:
        all_metrics.insert(special.place, special.metric)
    return all_metrics
