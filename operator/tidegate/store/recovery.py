"""Everything that a journal has kept, made into what a store holds in memory. Pure, and fit for another thread."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from tidegate.model import families, grouping
from tidegate.store import group_states, interface, journals, prepared_pushes
from tidegate.store.series import series_index
from tidegate.store.sqlite import row_codec, rows


class Recovered(NamedTuple):
    """What a store begins with.

    :param revision: of the last group; each has one of its own.
    """

    contents: series_index.Contents
    groups: Mapping[grouping.GroupingKey, group_states.Group]
    readings: interface.RestoredScrapers
    revision: int


def load(kept: journals.Kept, *, own_types: Mapping[str, families.MetricType]) -> Recovered:
    """Read all rows.

    :param own_types: see :class:`tidegate.store.series.series_index.Contents`.
    :raises journals.DamagedError: a row cannot be read.
    """
    # What is made here stays, and to look for garbage in it again and again would take as long as making it.
    gc.disable()
    try:
        loaded = series_index.Contents(own_types=own_types)
        found: dict[grouping.GroupingKey, group_states.Group] = {}
        loaded.load(_restored(kept.groups, found, revision=kept.revision))
        readings = [row_codec.read_scraper(row) for row in kept.scrapers]
    finally:
        gc.enable()
    return Recovered(loaded, found, interface.RestoredScrapers(readings, kept.moment), kept.revision + len(found))


def _restored(
    stored: Iterable[rows.StoredGroup], found: dict[grouping.GroupingKey, group_states.Group], *, revision: int
) -> Iterator[tuple[group_states.Group, list[prepared_pushes.Part]]]:
    """The groups of these rows, each also put where they are ``found`` by their keys."""
    for number, row in enumerate(stored, 1):
        group, parts = row_codec.read_group(row)
        group.revision = revision + number
        found[group.key] = group
        yield group, parts
