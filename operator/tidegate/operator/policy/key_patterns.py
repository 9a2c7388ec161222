"""Grouping keys as people write them: ``job=backup,shard=*``. One grammar for annotations and for policies' templates.

A text is cut into labels before anything is put into it, so that no value can ever make another label of it.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from tidegate.model import grouping

KeyPattern: TypeAlias = tuple[tuple[str, str | None], ...]
"""A grouping key of which values may be open: exactly these labels, sorted by name, where ``None`` is any value.

One without an open value is equal to the grouping key that it names, and has its hash.
"""

Shape: TypeAlias = tuple[str, tuple[str, ...]]
"""The ``job`` and the names of all labels: a pattern matches only groups of its own shape."""

ANY = "*"
"""As a whole value, and nowhere else: any value. In the text alone; a ``*`` that is put into it is itself."""

LABEL_NAME = r"[a-zA-Z_][a-zA-Z0-9_]*"

_LABEL_NAME = re.compile(LABEL_NAME)
_QUOTES = "'\""
_MORE_LABELS = re.compile(rf"[/&\s]+(?={LABEL_NAME}=)")
"""Between labels where people forget that a comma stands there: as in a URL, or in a selector of another program."""


def matches(pattern: KeyPattern, key: grouping.GroupingKey) -> bool:
    """Whether a group of this key is meant. Any value is any but the empty one, which to Prometheus is none."""
    if len(pattern) != len(key):
        return False
    return all(
        name == found and (value == wanted or (wanted is None and value != ""))
        for (name, wanted), (found, value) in zip(pattern, key, strict=True)
    )


def shape(pattern: KeyPattern) -> Shape:
    """The shape of a pattern, or of a grouping key; by it those are found that may match."""
    return next(value or "" for name, value in pattern if name == "job"), tuple(name for name, _ in pattern)


def parse(text: str) -> KeyPattern:
    """The pattern that one group of a text is, such as ``job=backup,shard=*``; ``ValueError`` says what is wrong."""
    return tuple(sorted((name, _value(name, value)) for name, value in split(text)))


def split(text: str) -> list[tuple[str, str]]:
    """The labels of one group of a text, each with the text of its value; ``ValueError`` says what is wrong.

    A value reaches to the next ``,`` and may contain ``=``; there is no way to quote. Spaces around names and values do
    not count.
    """
    labels: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise ValueError(f"{part.strip()!r} is no label such as job=backup")
        if not _LABEL_NAME.fullmatch(name) or name.startswith("__"):
            raise ValueError(f"{name!r} is no label name")
        if not value:
            raise ValueError(f"label {name} has no value")
        if name in labels:
            raise ValueError(f"label {name} stands twice in one group")
        labels[name] = value
    if "job" not in labels:
        raise ValueError(f"{text.strip()!r} has no job label, so it names no group")
    if labels["job"] == ANY:
        raise ValueError(f"label job cannot be {ANY}: that would be the groups of everybody")
    return list(labels.items())


def literal(name: str, text: str) -> str:
    """A text of a value, or a part of one, that stands for itself; ``ValueError`` where it may be meant otherwise."""
    if ANY in text:
        raise ValueError(f"label {name}: {ANY} stands for any value, and only as the whole of it")
    return text


def _value(name: str, text: str) -> str | None:
    if "{{" in text:
        raise ValueError(f"label {name}: an annotation is taken as it stands; {{{{…}}}} is for the groups of a policy")
    if text[0] in _QUOTES and text[0] == text[-1] and len(text) > 1:
        raise ValueError(f"label {name}: there is no need to quote; write {name}={text[1:-1]}")
    if name == "job" and _MORE_LABELS.search(text):
        plain = _MORE_LABELS.sub(",", text)
        raise ValueError(f"label job: {text!r} looks like several labels; put commas between them: job={plain}")
    return None if text == ANY else literal(name, text)
