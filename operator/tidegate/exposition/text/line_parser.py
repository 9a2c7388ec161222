"""One line of the text format, read with care: every spelling that is accepted, and what is wrong with the others.

The ordinary spellings are read by one regular expression in :mod:`tidegate.exposition.text.parser`; the lines it does
not know come here, and so do those whose fault has to be located.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple, TypeAlias

from tidegate.exposition.text import numbers

Pairs: TypeAlias = list[tuple[str, str]]
"""Label names and values in the order of the line; a name may be there twice."""

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*+"
LABEL_NAME = r"[a-zA-Z_][a-zA-Z0-9_]*+"
NOT_UTF8 = "\udc80-\udcff"
"""Characters that stand for bytes that are no UTF-8 (``surrogateescape``); for use within a character class."""

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
_BROKEN = re.compile(f"[{NOT_UTF8}]")
_TIMESTAMP = re.compile(r"([+-]?)0*([0-9]{1,19})")
_NOTE = re.compile(r"[ \t]++#")
_TIMESTAMP_BOUND = 2**63


class LineError(Exception):
    """What is wrong with a line.

    :param reason: fit to be shown to the client.
    :param offset: where a line that cannot be read is at fault, in characters from its start.
    :param part: which part of a line that can be read is at fault, as an index of its ``starts``.
    """

    def __init__(self, reason: str, *, offset: int = 0, part: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset
        self.part = part


class Comment(NamedTuple):
    """A HELP or TYPE line. ``text`` is ``None`` where nothing follows the name."""

    keyword: str
    name: str
    text: str | None
    starts: tuple[int, int]
    """Where the name and the text start, in characters of the line from 0."""


class Sample(NamedTuple):
    """A line with a value."""

    name: str
    pairs: Pairs
    value: float
    timestamp_ms: int | None
    starts: tuple[int, ...]
    """Where the name, each label value and the value start, in characters of the line from 0."""


def scan(line: str, *, utf8_names: bool = False) -> Comment | Sample | None:
    """What the line says; ``None`` where it says nothing (blank, or a comment that is neither HELP nor TYPE).

    :param line: one line with its line feed, which only the last line of a body may lack.
    :param utf8_names: whether names in quotes may be any UTF-8.
    :raises LineError: the line is not in the text format.
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
    """A place in a line. Reading moves it; what cannot be read is a fault at the place."""

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
        """What the pattern matches here, or nothing."""
        match = pattern.match(self.line, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match[0]

    def fault(self, reason: str, *, at: int | None = None) -> LineError:
        """The fault here, or ``at``. Where the input is over, that is the fault."""
        if self.at >= len(self.line):
            return LineError(UNEXPECTED_END, offset=len(self.line))
        return LineError(reason, offset=self.at if at is None else at)

    def expect_end(self, reason: str) -> None:
        if self.next != "\n":
            raise self.fault(reason)

    def name(self, pattern: re.Pattern[str]) -> str:
        """A name, bare or in quotes (or half and half: the quotes may begin within it, as in Pushgateway)."""
        bare = self.take(pattern)
        return bare + self.quoted(what="name") if self.next == '"' else bare

    def quoted(self, *, what: str) -> str:
        """The text in the quotes that open here."""
        text = self.take(_QUOTED)[1:]
        if self.next == "\\" and self.at + 1 < len(self.line):
            raise self.fault(f"invalid escape sequence {shown(self.line[self.at : self.at + 2])}")
        if self.next != '"':
            self.at += self.next == "\\"
            raise self.fault(f"{what} {shown(text)} contains unescaped new-line")
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
        raise cursor.fault("invalid metric name in comment")
    _check_metric_name(cursor, name, at=name_start)
    has_text = cursor.next_after_blanks() != "\n"
    text_start = cursor.at
    text = _help_text(cursor) if keyword == "HELP" else cursor.take(_REST)
    cursor.expect_end(UNEXPECTED_END)
    return Comment(keyword, name, text if has_text else None, (name_start, text_start))


def _help_text(cursor: _Cursor) -> str:
    text = cursor.take(_ESCAPED)
    if cursor.next == "\\":
        raise cursor.fault(f"invalid escape sequence {shown(cursor.line[cursor.at : cursor.at + 2])}")
    return _unescape(text)


def _scan_sample(cursor: _Cursor) -> Sample:
    starts = [cursor.at]
    name = cursor.name(_NAME)
    if name:
        _check_metric_name(cursor, name, at=starts[0])
        cursor.take(_BLANKS)
    elif cursor.next != "{":
        raise cursor.fault("invalid metric name", at=starts[0])
    pairs: Pairs = []
    if cursor.next == "{":
        name = _scan_braces(cursor, name, pairs, starts)
        cursor.take(_BLANKS)
    starts.append(cursor.at)
    text = cursor.take(_WORD)
    if not cursor.next:
        raise cursor.fault(UNEXPECTED_END)
    try:
        value = numbers.parse_float(text)
    except ValueError:
        raise cursor.fault(f"expected float as value, got {shown(text)}", at=starts[-1]) from None
    timestamp_ms = None if cursor.next == "\n" else _scan_timestamp(cursor)
    return Sample(name, pairs, value, timestamp_ms, tuple(starts))


def _scan_braces(cursor: _Cursor, name: str, pairs: Pairs, starts: list[int]) -> str:
    """Read from the opening brace to behind the closing one, into ``pairs`` and ``starts``.

    :param name: the metric name before the brace; where there is none it has to be within.
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
            raise cursor.fault(f"invalid label name for metric {shown(name)}")
        if cursor.next_after_blanks() == "=":
            _check_label_name(cursor, label, at=start)
            pairs.append((label, _scan_label_value(cursor, starts)))
        elif not name_is_within:
            raise cursor.fault(f"expected '=' after label name, found {shown(cursor.next)}")
        elif name:
            raise cursor.fault(f"multiple metric names for metric {shown(name)}", at=start)
        else:
            name, starts[0] = label, start
            _check_metric_name(cursor, name, at=start)
        separator = cursor.next_after_blanks()
        if separator not in (",", "}"):
            raise cursor.fault("expected ',' or '}' after " + ("label value" if pairs else "metric name"))
    if not name:
        raise cursor.fault("invalid metric name")
    cursor.at += 1
    return name


def _scan_label_value(cursor: _Cursor, starts: list[int]) -> str:
    cursor.at += 1
    if cursor.next_after_blanks() != '"':
        raise cursor.fault(f"expected '\"' at start of label value, found {shown(cursor.next)}")
    starts.append(cursor.at)
    value = cursor.quoted(what="label value")
    if _BROKEN.search(value):
        raise LineError(f"invalid label value {shown(value)}: not UTF-8", offset=starts[-1])
    return value


def _scan_timestamp(cursor: _Cursor) -> int:
    if cursor.next_after_blanks() == "#":
        raise cursor.fault(_EXEMPLAR)
    start = cursor.at
    text = cursor.take(_WORD)
    if not cursor.next:
        raise cursor.fault(UNEXPECTED_END)
    match = _TIMESTAMP.fullmatch(text)
    timestamp_ms = int(match[1] + match[2]) if match else _TIMESTAMP_BOUND
    if not -_TIMESTAMP_BOUND <= timestamp_ms < _TIMESTAMP_BOUND:
        raise LineError(f"expected integer as timestamp, got {shown(text)}", offset=start)
    if _NOTE.match(cursor.line, cursor.at):
        raise cursor.fault(_EXEMPLAR)
    cursor.expect_end("spurious string after timestamp")
    return timestamp_ms


def _check_metric_name(cursor: _Cursor, name: str, *, at: int) -> None:
    if _NAME.fullmatch(name) is None and not _is_utf8_name(cursor, name):
        raise cursor.fault(f"invalid metric name {shown(name)}{_hint(cursor, name)}", at=at)


def _check_label_name(cursor: _Cursor, name: str, *, at: int) -> None:
    if name == "__name__":
        raise cursor.fault("label name '__name__' is reserved", at=at)
    if _LABEL_NAME.fullmatch(name) is None and not _is_utf8_name(cursor, name):
        raise cursor.fault(f"invalid label name {shown(name)}{_hint(cursor, name)}", at=at)


def _is_utf8_name(cursor: _Cursor, name: str) -> bool:
    return cursor.utf8_names and bool(name) and _BROKEN.search(name) is None


def _hint(cursor: _Cursor, name: str) -> str:
    """What would make this name a valid one."""
    return "" if cursor.utf8_names or not name or _BROKEN.search(name) else NAMES_HINT


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: _ESCAPES[match[1]], text) if "\\" in text else text


_SHOWN_CHARACTERS = 60


def shown(text: str) -> str:
    """``text`` for a message: in quotes, printable, fit for UTF-8, and not longer than a client wants to read."""
    cut = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."
    quoted = json.dumps(as_utf8(cut), ensure_ascii=False)
    return "".join([each if each.isprintable() else f"\\u{ord(each):04x}" for each in quoted])


def named(name: str) -> str:
    """The name of a metric or a label for a message: as it is where it is plain and short, else :func:`shown`."""
    return name if _NAME.fullmatch(name) and len(name) <= _SHOWN_CHARACTERS else shown(name)


def as_utf8(text: str) -> str:
    """``text`` with the replacement character for each byte that was no UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
