"""Grouping keys: the labels that identify a group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NewType

GroupingKey = NewType("GroupingKey", tuple[tuple[str, str], ...])
"""Label names and values that identify a group, sorted by name; ``job`` is always present and never empty."""


_BRIEF_CHARACTERS = 200


def grouping_key(labels: Mapping[str, str]) -> GroupingKey:
    """Return the grouping key of these labels; their order does not matter."""
    return GroupingKey(tuple(sorted(labels.items())))


def parse_labels(text: str) -> dict[str, str]:
    """Parse labels such as ``job=backup,instance=db1``.

    A value extends to the next ``,`` and may contain ``=``. There are no quotes. Spaces around names are ignored.

    :raises ValueError: the text does not have this form, or has no ``job``.
    """
    parsed: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or not name:
            raise ValueError(f"{part.strip()!r} is not a label; write name=value, such as job=backup")
        if name in parsed:
            raise ValueError(f"label {name} occurs twice; remove one of them")
        parsed[name] = value
    if "job" not in parsed:
        raise ValueError(f"{text.strip()!r} has no job label; add job=NAME")
    return parsed


def labels(key: GroupingKey) -> dict[str, str]:
    """Return the grouping labels of a key."""
    return dict(key)


def label(key: GroupingKey, name: str) -> str | None:
    """Return the value of one grouping label, ``None`` if the key does not have it."""
    for own_name, value in key:
        if own_name == name:
            return value
    return None


def describe(key: GroupingKey) -> str:
    """Return the key as text, ``job`` first: ``{job="backup",instance="db1"}``."""
    ordered = sorted(key, key=lambda pair: (pair[0] != "job", pair[0]))
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in ordered) + "}"


def brief(key: GroupingKey) -> str:
    """Return the key for an error: as :func:`describe`, but printable, and shortened if it is long."""
    start = describe(key)[: _BRIEF_CHARACTERS + 1]
    text = "".join([char if char.isprintable() else f"\\u{ord(char):04x}" for char in start])
    return text if len(text) <= _BRIEF_CHARACTERS else f"{text[:_BRIEF_CHARACTERS]}..."


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
