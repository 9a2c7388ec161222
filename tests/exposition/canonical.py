"""What a body says, written in the one canonical way: what a scrape of just this body would show."""

from __future__ import annotations

from collections.abc import Iterable

from tidegate.exposition import render
from tidegate.model import families


def write(parsed: Iterable[families.Family]) -> bytes:
    """The families in the order given."""
    written = []
    for family in parsed:
        written.append(render.header(family.name, type=family.type, help=family.help))
        written += [
            render.metric(family.name, type=family.type, labels=metric.labels, value=metric.value)
            for metric in family.metrics
        ]
    return b"".join(written)
