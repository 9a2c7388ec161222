"""The canonical text of a body, as a scrape of this body alone would show it."""

from __future__ import annotations

from collections.abc import Iterable

from tidegate.exposition.text import renderer
from tidegate.model import families


def write(parsed: Iterable[families.Family]) -> bytes:
    """The families in the order given."""
    written = []
    for family in parsed:
        written.append(renderer.header(family.name, type=family.type, help=family.help))
        written += [
            renderer.metric(family.name, type=family.type, labels=metric.labels, value=metric.value)
            for metric in family.metrics
        ]
    return b"".join(written)
