"""Restore the in-memory state of a store from its journal. Pure, and safe to run in another thread."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from tidegate.model import families, grouping
from tidegate.store import group_states, interface, journals, prepared_pushes, row_codec, rows
from tidegate.store.series import series_index


class RestoredState(NamedTuple):
    """The state that a store starts with.

    :param revision: of the last group; each group has a revision of its own.
    """

    series: series_index.SeriesIndex
    groups: Mapping[grouping.GroupingKey, group_states.Group]
    readers: interface.RestoredReaders
    revision: int


def load(contents: journals.JournalContents, *, own_types: Mapping[str, families.MetricType]) -> RestoredState:
    """Read all rows of a journal.

    :param own_types: see :class:`tidegate.store.series.series_index.SeriesIndex`.
    :raises journals.DamagedError: a row cannot be read.
    """
    # The objects made here stay alive, and collecting garbage among them would take as long as making them.
    gc.disable()
    try:
        index = series_index.SeriesIndex(own_types=own_types)
        groups: dict[grouping.GroupingKey, group_states.Group] = {}
        index.load(_read_groups(contents.groups, groups, revision=contents.revision))
        progress = [row_codec.read_reader(row) for row in contents.readers]
    finally:
        gc.enable()
    readers = interface.RestoredReaders(progress, contents.last_alive)
    return RestoredState(index, groups, readers, contents.revision + len(groups))


def _read_groups(
    stored: Iterable[rows.StoredGroup], groups: dict[grouping.GroupingKey, group_states.Group], *, revision: int
) -> Iterator[tuple[group_states.Group, list[prepared_pushes.StoredPush]]]:
    """Yield the groups of these rows, and add each to ``groups``."""
    for number, row in enumerate(stored, 1):
        group, pushes = row_codec.read_group(row)
        group.revision = revision + number
        groups[group.key] = group
        yield group, pushes
