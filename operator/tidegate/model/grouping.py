"""Grouping keys: the name of a group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NewType

GroupingKey = NewType("GroupingKey", tuple[tuple[str, str], ...])
"""Label names and values that name a group, sorted by name; ``job`` is always one of them and never empty."""


_BRIEF_CHARACTERS = 200


def grouping_key(labels: Mapping[str, str]) -> GroupingKey:
    """The key for these grouping labels, the same for every order they come in."""
    return GroupingKey(tuple(sorted(labels.items())))


def labels(key: GroupingKey) -> dict[str, str]:
    """The grouping labels of a key."""
    return dict(key)


def label(key: GroupingKey, name: str) -> str | None:
    """The value of one grouping label, ``None`` where the key does not have it."""
    for found, value in key:
        if found == name:
            return value
    return None


def describe(key: GroupingKey) -> str:
    """The key as people read it, ``job`` first: ``{job="backup",instance="db1"}``."""
    ordered = sorted(key, key=lambda pair: (pair[0] != "job", pair[0]))
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in ordered) + "}"


def brief(key: GroupingKey) -> str:
    """The key for a message: as :func:`describe`, but cut where it is long, and printable."""
    start = describe(key)[: _BRIEF_CHARACTERS + 1]
    text = "".join([each if each.isprintable() else f"\\u{ord(each):04x}" for each in start])
    return text if len(text) <= _BRIEF_CHARACTERS else f"{text[:_BRIEF_CHARACTERS]}..."


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
