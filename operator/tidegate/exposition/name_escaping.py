"""Names of metrics and labels: which are plain, and what becomes of the others where a reader wants plain ones.

Any UTF-8 string may be a name (where pushes with such names are allowed). The schemes, and what each makes of a name,
are those of Prometheus' content negotiation (``escaping=`` in an Accept header).
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
    """What a reader takes; the value is the word of the Accept header."""

    ALLOW_UTF8 = "allow-utf-8"
    UNDERSCORES = "underscores"
    DOTS = "dots"
    VALUES = "values"


def is_plain(name: str) -> bool:
    """Whether this metric name needs no quotes."""
    return _PLAIN.fullmatch(name) is not None


def is_plain_label(name: str) -> bool:
    """Whether this label name needs no quotes. Unlike in a metric name, a colon does."""
    return _PLAIN_LABEL.fullmatch(name) is not None


def escape(name: str, escaping: Escaping, *, label: bool = False) -> str:
    """The name as it is written under this scheme; a plain one stays as it is."""
    plain = _PLAIN_LABEL if label else _PLAIN
    if escaping is Escaping.ALLOW_UTF8 or plain.fullmatch(name):
        return name
    match escaping:
        case Escaping.UNDERSCORES:
            return "".join(_kept(name, place, label=label) or "_" for place in range(len(name)))
        case Escaping.DOTS:
            return "".join(_dotted(name, place, label=label) for place in range(len(name)))
        case Escaping.VALUES:
            return _VALUES_PREFIX + "".join(_coded(name, place, label=label) for place in range(len(name)))


def unescape(name: str) -> str:
    """The name that ``U__…`` spells (:attr:`Escaping.VALUES`); any other is taken as it stands."""
    if not name.startswith(_VALUES_PREFIX):
        return name
    spelled, at, found = name[len(_VALUES_PREFIX) :], 0, []
    while at < len(spelled):
        match = _CODE.match(spelled, at)
        if match is None:
            return name
        if match[1] is None:
            found.append(match[2] or "_")
        else:
            code = int(match[1], 16)
            if code > _MAX_CODE or code in _SURROGATES:
                return name
            found.append(chr(code))
        at = match.end()
    return "".join(found)


def clash(label_names: Iterable[str]) -> str | None:
    """A name that two of these labels would have under some scheme; such a line no reader takes."""
    known = list(label_names)
    if all(map(is_plain_label, known)):
        return None
    for escaping in Escaping:
        seen: set[str] = set()
        for name in known:
            escaped = escape(name, escaping, label=True)
            if escaped in seen:
                return escaped
            seen.add(escaped)
    return None


def _kept(name: str, place: int, *, label: bool) -> str:
    """The character where it may stand as it is, else nothing."""
    character = name[place]
    if not character.isascii() or (place == 0 and character.isdigit()):
        return ""
    return character if character.isalnum() or character == "_" or (character == ":" and not label) else ""


def _dotted(name: str, place: int, *, label: bool) -> str:
    if name[place] == ".":
        return "_dot_"
    return "__" if name[place] == "_" else _kept(name, place, label=label) or "__"


def _coded(name: str, place: int, *, label: bool) -> str:
    if name[place] == "_":
        return "__"
    return _kept(name, place, label=label) or f"_{ord(name[place]):x}_"
