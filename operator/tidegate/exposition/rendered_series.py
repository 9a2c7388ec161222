"""Some series of one family as they are kept: their lines in the text format, and what text cannot say of some.

A page is rendered once and handed to every reader. Whoever wants another format gets it made from the page at the
first time and from then on as it is (see :mod:`tidegate.exposition.encoders`).
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tidegate.exposition import compressed_chunks, name_escaping
from tidegate.exposition.text import parser
from tidegate.model import families


class Special(NamedTuple):
    """A metric that its lines do not say all of: its name or a label's is not plain, or it has an ``original``.

    ``place`` counts the metrics of the page from 0; ``text[start:end]`` are its lines.
    """

    place: int
    start: int
    end: int
    metric: families.Metric


@dataclass(slots=True)
class Page:
    """Immutable, but for what was made of it already, by whoever makes it.

    :ivar first: sorts it among the pages of its family, and those among each other that have the same label sets: the
        key of its first series in the store, or empty for a page that comes before all of the store's.
    :ivar forms: the page in other formats.
    :ivar merged: forms that other pages are merged into, and those pages.
    :ivar facts: what was found out about it.
    """

    text: bytes
    specials: tuple[Special, ...] = ()
    first: str = field(default="", compare=False)
    forms: dict[object, compressed_chunks.Piece] = field(default_factory=dict, compare=False, repr=False)
    merged: dict[object, tuple[Sequence[Page], compressed_chunks.Piece]] = field(
        default_factory=dict, compare=False, repr=False
    )
    facts: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)


def join(rows: list[tuple[bytes, families.Metric | None]], *, first: str = "") -> Page:
    """The page of these metrics: the lines of each, and the metric itself where it is special."""
    specials, at = [], 0
    for place, (lines, metric) in enumerate(rows):
        if metric is not None:
            specials.append(Special(place, at, at + len(lines), metric))
        at += len(lines)
    return Page(b"".join([lines for lines, _ in rows]), tuple(specials), first)


def overlapping(page_list: Sequence[Page], others: Sequence[Page]) -> Iterator[tuple[Page, Sequence[Page]]]:
    """Each page with those of the others that may have the same label sets; both are sorted."""
    firsts = [page.first for page in others]
    for place, page in enumerate(page_list):
        begin = max(0, bisect.bisect_right(firsts, page.first) - 1)
        after = page_list[place + 1 : place + 2]
        end = bisect.bisect_left(firsts, after[0].first) if after else len(others)
        yield page, others[begin : max(end, begin)]


def around(page: Page) -> list[bytes]:
    """The lines before the first special metric, between each two, and after the last."""
    ends = [0, *(special.end for special in page.specials)]
    starts = [*(special.start for special in page.specials), len(page.text)]
    return [page.text[end:start] for end, start in zip(ends, starts, strict=True)]


def metrics(page: Page, *, name: str, type: families.MetricType) -> list[families.Metric]:
    """The metrics of a page, in order.

    :param name: of the family; ``type`` likewise.
    """
    shown = name_escaping.escape(name, name_escaping.Escaping.UNDERSCORES)
    header = f"# TYPE {shown} {type.value}\n".encode()
    family = parser.parse(b"".join([header, *around(page)])).get(shown)
    found = family.metrics if family is not None else []
    for special in page.specials:
        found.insert(special.place, special.metric)
    return found
