"""Parse one line of the text format, in every accepted syntax, and locate errors.

One regular expression in :mod:`tidegate.exposition.text.parser` parses ordinary lines. This module parses the lines
that it does not match, and the lines with an error.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple, TypeAlias

from tidegate.exposition.text import numbers

Pairs: TypeAlias = list[tuple[str, str]]
"""Label names and values in the order of the line; a name may occur twice."""

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*+"
LABEL_NAME = r"[a-zA-Z_][a-zA-Z0-9_]*+"
NOT_UTF8 = "\udc80-\udcff"
"""Characters for bytes that are not UTF-8 (``surrogateescape``); for use in a character class."""

UNEXPECTED_END = "unexpected end of input stream"
NAMES_HINT = ": start the gateway with --push.enable-utf8-names to allow such names, or rename it"
INSTEAD_OF_OPENMETRICS = (
    "push the Prometheus text format instead of OpenMetrics: in Node.js registry.setContentType("
    "Registry.PROMETHEUS_CONTENT_TYPE), in Python prometheus_client.generate_latest, in Go the push package's default"
)
_EXEMPLAR = f"this is an exemplar of OpenMetrics, which the text format does not have; {INSTEAD_OF_OPENMETRICS}"

_NAME = re.compile(NAME)
_LABEL_NAME = re.compile(LABEL_NAME)
_BLANKS = re.compile(r"[ \t]*+")
_WORD = re.compile(r"[^ \t\n]*+")
_REST = re.compile(r"[^\n]*+")
_QUOTED = re.compile(r'"((?:[^"\\\n]++|\\[\\"n])*+)')
_ESCAPED = re.compile(r"((?:[^\\\n]++|\\[\\\"n])*+)")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"\\": "\\", '"': '"', "n": "\n"}
_NOT_UTF8_CHARACTER = re.compile(f"[{NOT_UTF8}]")
_TIMESTAMP = re.compile(r"([+-]?)0*([0-9]{1,19})")
_EXEMPLAR_START = re.compile(r"[ \t]++#")
_TIMESTAMP_LIMIT = 2**63


class LineError(Exception):
    """An error in a line.

    :param reason: the text for the client.
    :param offset: place of the error in a line that cannot be parsed, in characters from its start.
    :param part: index of the wrong part in ``starts``, if the line can be parsed.
    """

    def __init__(self, reason: str, *, offset: int = 0, part: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset
        self.part = part


class Comment(NamedTuple):
    """A HELP or TYPE line. ``text`` is ``None`` if nothing follows the name."""

    keyword: str
    name: str
    text: str | None
    starts: tuple[int, int]
    """Start of the name and of the text, in characters of the line from 0."""


class Sample(NamedTuple):
    """A line with a value."""

    name: str
    pairs: Pairs
    value: float
    timestamp_ms: int | None
    starts: tuple[int, ...]
    """Start of the name, of each label value and of the value, in characters of the line from 0."""


def scan(line: str, *, utf8_names: bool = False) -> Comment | Sample | None:
    """Parse a line; return ``None`` for a blank line or a comment that is neither HELP nor TYPE.

    :param line: one line with its line feed, which only the last line of a body may lack.
    :param utf8_names: whether quoted names may be any UTF-8.
    :raises LineError: the line is not valid.
    """
    cursor = _Cursor(line, utf8_names=utf8_names)
    match cursor.next_after_blanks():
        case "" | "\n":
            return None
        case "#":
            return _scan_comment(cursor)
        case _:
            return _scan_sample(cursor)


class _Cursor:
    """A cursor over a line. Reading moves it."""

    def __init__(self, line: str, *, utf8_names: bool) -> None:
        self.line = line
        self.at = 0
        self.utf8_names = utf8_names

    @property
    def next(self) -> str:
        """The next character; empty at the end of a line without line feed."""
        return self.line[self.at : self.at + 1]

    def next_after_blanks(self) -> str:
        self.take(_BLANKS)
        return self.next

    def take(self, pattern: re.Pattern[str]) -> str:
        """Return the text that the pattern matches here, or an empty text."""
        match = pattern.match(self.line, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match[0]

    def error(self, reason: str, *, at: int | None = None) -> LineError:
        """Return an error here, or at ``at``. At the end of the input the error is that end."""
        if self.at >= len(self.line):
            return LineError(UNEXPECTED_END, offset=len(self.line))
        return LineError(reason, offset=self.at if at is None else at)

    def expect_end(self, reason: str) -> None:
        if self.next != "\n":
            raise self.error(reason)

    def name(self, pattern: re.Pattern[str]) -> str:
        """Read a name, bare or quoted; as in Pushgateway, the quotes may start within the name."""
        bare = self.take(pattern)
        return bare + self.quoted(what="name") if self.next == '"' else bare

    def quoted(self, *, what: str) -> str:
        """Read the quoted text that starts here."""
        text = self.take(_QUOTED)[1:]
        if self.next == "\\" and self.at + 1 < len(self.line):
            raise self.error(f"invalid escape sequence {shown(self.line[self.at : self.at + 2])}")
        if self.next != '"':
            self.at += self.next == "\\"
            raise self.error(f"{what} {shown(text)} contains unescaped new-line")
        self.at += 1
        return _unescape(text)


def _scan_comment(cursor: _Cursor) -> Comment | None:
    cursor.at += 1
    cursor.take(_BLANKS)
    keyword = cursor.take(_WORD)
    if keyword not in ("HELP", "TYPE") or cursor.next_after_blanks() == "\n":
        cursor.take(_REST)
        cursor.expect_end(UNEXPECTED_END)
        return None
    name_start = cursor.at
    name = cursor.name(_NAME)
    if cursor.next == "\n":
        return None
    if cursor.next not in (" ", "\t"):
        raise cursor.error("invalid metric name in comment")
    _check_metric_name(cursor, name, at=name_start)
    has_text = cursor.next_after_blanks() != "\n"
    text_start = cursor.at
    text = _help_text(cursor) if keyword == "HELP" else cursor.take(_REST)
    cursor.expect_end(UNEXPECTED_END)
    return Comment(keyword, name, text if has_text else None, (name_start, text_start))


def _help_text(cursor: _Cursor) -> str:
    text = cursor.take(_ESCAPED)
    if cursor.next == "\\":
        raise cursor.error(f"invalid escape sequence {shown(cursor.line[cursor.at : cursor.at + 2])}")
    return _unescape(text)


def _scan_sample(cursor: _Cursor) -> Sample:
    starts = [cursor.at]
    name = cursor.name(_NAME)
    if name:
        _check_metric_name(cursor, name, at=starts[0])
        cursor.take(_BLANKS)
    elif cursor.next != "{":
        raise cursor.error("invalid metric name", at=starts[0])
    pairs: Pairs = []
    if cursor.next == "{":
        name = _scan_braces(cursor, name, pairs, starts)
        cursor.take(_BLANKS)
    starts.append(cursor.at)
    text = cursor.take(_WORD)
    if not cursor.next:
        raise cursor.error(UNEXPECTED_END)
    try:
        value = numbers.parse_float(text)
    except ValueError:
        raise cursor.error(f"expected float as value, got {shown(text)}", at=starts[-1]) from None
    timestamp_ms = None if cursor.next == "\n" else _scan_timestamp(cursor)
    return Sample(name, pairs, value, timestamp_ms, tuple(starts))


def _scan_braces(cursor: _Cursor, name: str, pairs: Pairs, starts: list[int]) -> str:
    """Read from the opening brace to after the closing one, into ``pairs`` and ``starts``.

    :param name: the metric name before the brace; if it is empty, the name must be in the braces.
    :returns: the metric name.
    """
    name_is_within = not name
    separator = ","
    while separator == ",":
        cursor.at += 1
        if cursor.next_after_blanks() == "}":
            break
        start = cursor.at
        label = cursor.name(_LABEL_NAME)
        if not label:
            raise cursor.error(f"invalid label name for metric {shown(name)}")
        if cursor.next_after_blanks() == "=":
            _check_label_name(cursor, label, at=start)
            pairs.append((label, _scan_label_value(cursor, starts)))
        elif not name_is_within:
            raise cursor.error(f"expected '=' after label name, found {shown(cursor.next)}")
        elif name:
            raise cursor.error(f"multiple metric names for metric {shown(name)}", at=start)
        else:
            name, starts[0] = label, start
            _check_metric_name(cursor, name, at=start)
        separator = cursor.next_after_blanks()
        if separator not in (",", "}"):
            raise cursor.error("expected ',' or '}' after " + ("label value" if pairs else "metric name"))
    if not name:
        raise cursor.error("invalid metric name")
    cursor.at += 1
    return name


def _scan_label_value(cursor: _Cursor, starts: list[int]) -> str:
    cursor.at += 1
    if cursor.next_after_blanks() != '"':
        raise cursor.error(f"expected '\"' at start of label value, found {shown(cursor.next)}")
    starts.append(cursor.at)
    value = cursor.quoted(what="label value")
    if _NOT_UTF8_CHARACTER.search(value):
        raise LineError(f"invalid label value {shown(value)}: not UTF-8", offset=starts[-1])
    return value


def _scan_timestamp(cursor: _Cursor) -> int:
    if cursor.next_after_blanks() == "#":
        raise cursor.error(_EXEMPLAR)
    start = cursor.at
    text = cursor.take(_WORD)
    if not cursor.next:
        raise cursor.error(UNEXPECTED_END)
    match = _TIMESTAMP.fullmatch(text)
    timestamp_ms = int(match[1] + match[2]) if match else _TIMESTAMP_LIMIT
    if not -_TIMESTAMP_LIMIT <= timestamp_ms < _TIMESTAMP_LIMIT:
        raise LineError(f"expected integer as timestamp, got {shown(text)}", offset=start)
    if _EXEMPLAR_START.match(cursor.line, cursor.at):
        raise cursor.error(_EXEMPLAR)
    cursor.expect_end("spurious string after timestamp")
    return timestamp_ms


def _check_metric_name(cursor: _Cursor, name: str, *, at: int) -> None:
    if _NAME.fullmatch(name) is None and not _is_utf8_name(cursor, name):
        raise cursor.error(f"invalid metric name {shown(name)}{_hint(cursor, name)}", at=at)


def _check_label_name(cursor: _Cursor, name: str, *, at: int) -> None:
    if name == "__name__":
        raise cursor.error("label name '__name__' is reserved", at=at)
    if _LABEL_NAME.fullmatch(name) is None and not _is_utf8_name(cursor, name):
        raise cursor.error(f"invalid label name {shown(name)}{_hint(cursor, name)}", at=at)


def _is_utf8_name(cursor: _Cursor, name: str) -> bool:
    return cursor.utf8_names and bool(name) and _NOT_UTF8_CHARACTER.search(name) is None


def _hint(cursor: _Cursor, name: str) -> str:
    """Return a hint that would make this name valid, if there is one."""
    return "" if cursor.utf8_names or not name or _NOT_UTF8_CHARACTER.search(name) else NAMES_HINT


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: _ESCAPES[match[1]], text) if "\\" in text else text


_SHOWN_CHARACTERS = 60


def shown(text: str) -> str:
    """Return ``text`` for an error: in quotes, printable, valid UTF-8, and shortened if it is long."""
    cut = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."
    quoted = json.dumps(as_utf8(cut), ensure_ascii=False)
    return "".join([char if char.isprintable() else f"\\u{ord(char):04x}" for char in quoted])


def named(name: str) -> str:
    """Return a name for an error: unchanged if it is plain and short, otherwise :func:`shown`."""
    return name if _NAME.fullmatch(name) and len(name) <= _SHOWN_CHARACTERS else shown(name)


def as_utf8(text: str) -> str:
    """Return ``text`` with the replacement character for each byte that was not UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
