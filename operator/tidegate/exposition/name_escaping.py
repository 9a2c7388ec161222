"""Names of metrics and labels: which are plain, and how the others are escaped for scrapers that need plain names.

If pushes with such names are allowed, any UTF-8 string can be a name. The escaping schemes are those of Prometheus'
content negotiation (``escaping=`` in an Accept header).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable

from tidegate.exposition.text import line_parser

_PLAIN = re.compile(line_parser.NAME)
_PLAIN_LABEL = re.compile(line_parser.LABEL_NAME)
_VALUES_PREFIX = "U__"
_CODE = re.compile(r"__|_([0-9a-fA-F]{1,6})_|([^_]+)")
_MAX_CODE = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


class Escaping(enum.Enum):
    """The escaping schemes; the value is the word of the Accept header."""

    ALLOW_UTF8 = "allow-utf-8"
    UNDERSCORES = "underscores"
    DOTS = "dots"
    VALUES = "values"


def is_plain(name: str) -> bool:
    """Return whether a metric name needs no quotes."""
    return _PLAIN.fullmatch(name) is not None


def is_plain_label(name: str) -> bool:
    """Return whether a label name needs no quotes. A colon needs quotes, unlike in a metric name."""
    return _PLAIN_LABEL.fullmatch(name) is not None


def escape(name: str, escaping: Escaping, *, label: bool = False) -> str:
    """Escape a name. A plain name is unchanged."""
    plain = _PLAIN_LABEL if label else _PLAIN
    if escaping is Escaping.ALLOW_UTF8 or plain.fullmatch(name):
        return name
    match escaping:
        case Escaping.UNDERSCORES:
            return "".join(_plain_character(name, place, label=label) or "_" for place in range(len(name)))
        case Escaping.DOTS:
            return "".join(_dotted(name, place, label=label) for place in range(len(name)))
        case Escaping.VALUES:
            return _VALUES_PREFIX + "".join(_coded(name, place, label=label) for place in range(len(name)))


def unescape(name: str) -> str:
    """Decode a name with the prefix ``U__`` (:attr:`Escaping.VALUES`); any other name is unchanged."""
    if not name.startswith(_VALUES_PREFIX):
        return name
    escaped, at, characters = name[len(_VALUES_PREFIX) :], 0, []
    while at < len(escaped):
        match = _CODE.match(escaped, at)
        if match is None:
            return name
        if match[1] is None:
            characters.append(match[2] or "_")
        else:
            code = int(match[1], 16)
            if code > _MAX_CODE or code in _SURROGATES:
                return name
            characters.append(chr(code))
        at = match.end()
    return "".join(characters)


def clash(label_names: Iterable[str]) -> str | None:
    """Return a name that two of these labels have under some scheme, if any. Scrapers reject such a line."""
    names = list(label_names)
    if all(map(is_plain_label, names)):
        return None
    for escaping in Escaping:
        seen: set[str] = set()
        for name in names:
            escaped = escape(name, escaping, label=True)
            if escaped in seen:
                return escaped
            seen.add(escaped)
    return None


def _plain_character(name: str, place: int, *, label: bool) -> str:
    """Return the character if it is allowed in a plain name, otherwise an empty string."""
    character = name[place]
    if not character.isascii() or (place == 0 and character.isdigit()):
        return ""
    return character if character.isalnum() or character == "_" or (character == ":" and not label) else ""


def _dotted(name: str, place: int, *, label: bool) -> str:
    if name[place] == ".":
        return "_dot_"
    return "__" if name[place] == "_" else _plain_character(name, place, label=label) or "__"


def _coded(name: str, place: int, *, label: bool) -> str:
    if name[place] == "_":
        return "__"
    return _plain_character(name, place, label=label) or f"_{ord(name[place]):x}_"
