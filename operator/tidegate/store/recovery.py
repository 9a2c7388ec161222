"""Everything that a journal has kept, made into what a store holds in memory. Pure, and fit for another thread."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from tidegate.model import families, groups
from tidegate.store import archives, contents, holdings, interface, journals, pushes, rows


class Recovered(NamedTuple):
    """What a store begins with.

    :param revision: of the last group; each has one of its own.
    """

    contents: contents.Contents
    groups: Mapping[groups.GroupingKey, holdings.Group]
    readings: interface.KeptReadings
    revision: int


def load(kept: journals.Kept, *, own_types: Mapping[str, families.MetricType]) -> Recovered:
    """Read all rows.

    :param own_types: see :class:`tidegate.store.contents.Contents`.
    :raises journals.DamagedError: a row cannot be read.
    """
    # What is made here stays, and to look for garbage in it again and again would take as long as making it.
    gc.disable()
    try:
        loaded = contents.Contents(own_types=own_types)
        found: dict[groups.GroupingKey, holdings.Group] = {}
        loaded.load(_restored(kept.groups, found, revision=kept.revision))
        readings = [archives.read_scraper(row) for row in kept.scrapers]
    finally:
        gc.enable()
    return Recovered(loaded, found, interface.KeptReadings(readings, kept.moment), kept.revision + len(found))


def _restored(
    stored: Iterable[rows.StoredGroup], found: dict[groups.GroupingKey, holdings.Group], *, revision: int
) -> Iterator[tuple[holdings.Group, list[pushes.Part]]]:
    """The groups of these rows, each also put where they are ``found`` by their keys."""
    for number, row in enumerate(stored, 1):
        group, parts = archives.read_group(row)
        group.revision = revision + number
        found[group.key] = group
        yield group, parts
