"""Patterns of grouping keys: ``job=backup,shard=*``. One grammar for annotations and for the templates of policies.

A text is split into labels before any value is put into it, so that no value can become a label of its own.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from tidegate.model import grouping

KeyPattern: TypeAlias = tuple[tuple[str, str | None], ...]
"""The labels of a grouping key, sorted by name; ``None`` stands for any value.

A pattern without such a value is equal to the grouping key that it names, and has its hash.
"""

Shape: TypeAlias = tuple[str, tuple[str, ...]]
"""The ``job`` and the names of all labels: a pattern matches only groups of its own shape."""

ANY = "*"
"""Any value, where it is the whole value in the text. A ``*`` that a template inserts is an ordinary character."""

LABEL_NAME = r"[a-zA-Z_][a-zA-Z0-9_]*"

_LABEL_NAME = re.compile(LABEL_NAME)
_QUOTES = "'\""
_OTHER_SEPARATOR = re.compile(rf"[/&\s]+(?={LABEL_NAME}=)")
"""Between labels, where an author writes the separator of a URL or of another program's selector."""


def matches(pattern: KeyPattern, key: grouping.GroupingKey) -> bool:
    """Whether a group with this key matches. ``None`` does not match an empty value, which is a missing label."""
    if len(pattern) != len(key):
        return False
    return all(
        name == key_name and (value == key_value or (value is None and key_value != ""))
        for (name, value), (key_name, key_value) in zip(pattern, key, strict=True)
    )


def shape(pattern: KeyPattern) -> Shape:
    """The shape of a pattern or of a grouping key, under which patterns are indexed."""
    return next(value or "" for name, value in pattern if name == "job"), tuple(name for name, _ in pattern)


def parse(text: str) -> KeyPattern:
    """Parse the pattern of one group, such as ``job=backup,shard=*``.

    :raises ValueError: it is not a pattern; the message says why and what to write.
    """
    return tuple(sorted((name, _value(name, value)) for name, value in split(text)))


def split(text: str) -> list[tuple[str, str]]:
    """Split the text of one group into its labels, each with the text of its value.

    The grammar is that of :func:`tidegate.model.grouping.parse_labels`; spaces around values are ignored, too.

    :raises ValueError: the text does not have this form, a name is invalid, a value is empty, or ``job`` is open.
    """
    labels = {name: value.strip() for name, value in grouping.parse_labels(text).items()}
    for name, value in labels.items():
        if not _LABEL_NAME.fullmatch(name) or name.startswith("__"):
            raise ValueError(
                f"{name!r} is not a valid label name; use letters, digits and _, not beginning with a digit or with __"
            )
        if not value:
            raise ValueError(f"label {name} has no value; write {name}=value")
    if labels["job"] == ANY:
        raise ValueError(f"label job must not be {ANY}, which would match the groups of all jobs; write job=NAME")
    return list(labels.items())


def check_literal(name: str, text: str) -> str:
    """Return the text of a literal value, or of a part of one.

    :raises ValueError: it contains ``*``.
    """
    if ANY in text:
        raise ValueError(f"label {name}: {ANY} matches any value and must be the whole value")
    return text


def _value(name: str, text: str) -> str | None:
    if "{{" in text:
        raise ValueError(f"label {name}: annotations are not templates; use {{{{…}}}} only in the groups of a policy")
    if text[0] in _QUOTES and text[0] == text[-1] and len(text) > 1:
        raise ValueError(f"label {name}: values are not quoted; write {name}={text[1:-1]}")
    if name == "job" and _OTHER_SEPARATOR.search(text):
        separated = _OTHER_SEPARATOR.sub(",", text)
        raise ValueError(f"label job: {text!r} looks like several labels; separate them by commas: job={separated}")
    return None if text == ANY else check_literal(name, text)
