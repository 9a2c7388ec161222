"""Mappings of a YAML configuration file, with errors that name the key and do not quote values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml

_Value = TypeVar("_Value")
_KINDS: Mapping[type, str] = {
    str: "a string",
    int: "an integer",
    bool: "true or false",
    list: "a list",
    dict: "a mapping",
}
_PLAIN = re.compile(r"[A-Za-z0-9_.@-]{1,64}\Z")


def load(text: str, *, error: Callable[[str], Exception]) -> Keys:
    """The mapping of a whole file. An empty file is an empty mapping.

    :param error: makes the exception for an invalid file from a message.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as invalid:
        # SECURITY: the error quotes lines of the file, and those may hold hashes and keys.
        mark = getattr(invalid, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        raise error(f"invalid YAML{where}") from None
    return Keys({} if document is None else document, place="", error=error)


class Keys:
    """A mapping of the file. Each ``take`` removes a key, so that unknown keys are left over."""

    def __init__(self, mapping: Any, *, place: str, error: Callable[[str], Exception]) -> None:
        if not isinstance(mapping, dict):
            raise error(f"{place or 'the file'} must be a mapping")
        self._error = error
        self._left = dict(mapping)
        self._place = f"{place}." if place else ""

    def take(self, key: str, kind: type[_Value], *, default: _Value) -> _Value:
        """Take the value with this key."""
        value = self._left.pop(key, None)
        if value is None:
            return default
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            # SECURITY: the value is not quoted, because it may be a hash or a key in the wrong place.
            raise self._error(f"{self._place}{key} must be {_KINDS[kind]}")
        return value

    def keys(self, key: str) -> Keys | None:
        """Take the mapping with this key; ``None`` if it is missing."""
        if self._left.get(key) is None:
            self._left.pop(key, None)
            return None
        return Keys(self._left.pop(key), place=self._place + key, error=self._error)

    def mappings(self, key: str) -> list[Keys]:
        """Take a list of mappings."""
        values = self.take(key, list, default=[])
        return [
            Keys(value, place=f"{self._place}{key}[{number}]", error=self._error) for number, value in enumerate(values)
        ]

    def strings(self, key: str) -> tuple[str, ...]:
        """Take a list of strings."""
        values = self.take(key, list, default=[])
        if not all(isinstance(value, str) for value in values):
            raise self._error(f"{self._place}{key} must be a list of strings")
        return tuple(values)

    def one_of(self, key: str, known: Sequence[str], default: str) -> str:
        """Take one of these words."""
        value = self.take(key, str, default=default) or default
        if value not in known:
            raise self._error(f"{self._place}{key} is {value!r}; it must be one of {', '.join(known)}")
        return value

    def file_or_inline(self, file_key: str, text_key: str, folder: Path) -> Path | str | None:
        """Take a file or its content."""
        file, text = self.take(file_key, str, default=""), self.take(text_key, str, default="")
        if "\n" in file:
            raise self._error(f"{self._place}{file_key} must be a path; for inline PEM use {text_key}")
        if file and text:
            raise self._error(f"{self._place}{file_key} and {text_key} are mutually exclusive; remove one")
        return folder / file if file else text or None

    def expect_empty(self) -> None:
        """Raise the error if a key is left that was not taken."""
        if self._left:
            raise self._error(f"{self._place}{displayed(next(iter(self._left)))} is not a known key")


def displayed(key: object) -> str:
    """A key of the file for a message.

    SECURITY: if the space after a colon is missing, the key contains its value; such a key is not quoted.
    """
    return key if isinstance(key, str) and _PLAIN.match(key) else "a key with unexpected characters"
