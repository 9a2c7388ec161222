"""The parser of the text format 0.0.4: it parses the body of a push into families.

Almost all lines have an ordinary syntax, so one regular expression splits the whole body into lines, and each ordinary
line into its parts. :mod:`tidegate.exposition.text.line_parser` parses the other lines, and the line with an error.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable

from tidegate.exposition import name_escaping
from tidegate.exposition.text import family_assembly, line_parser, misencoded_bodies
from tidegate.model import errors, families

_ORDINARY_CHARACTER = r"\\\n" + line_parser.NOT_UTF8
_ORDINARY_LABEL = rf'(?!__name__=){line_parser.LABEL_NAME}="[^"{_ORDINARY_CHARACTER}]*+"'

# Every match is one line: a sample, a HELP or TYPE line, a blank line or other comment (without groups), or any other
# line. Quantifiers are possessive, so that no part of a line is tried twice. The repetition of labels is not: CPython
# before 3.11.5 then accepts half of its last iteration (gh-106052). It need not be, because no label starts with "}".
_LINE = re.compile(
    rf"({line_parser.NAME})(?:\{{({_ORDINARY_LABEL}(?:,{_ORDINARY_LABEL})*,?)\}})? ([-+.0-9eE]++)\n"
    rf"|# (HELP|TYPE) ({line_parser.NAME}) ([^ \t{_ORDINARY_CHARACTER}][^{_ORDINARY_CHARACTER}]*+)\n"
    r"|[ \t]*+(?:#(?![ \t]*+(?:HELP|TYPE))[^\n]*+)?\n"
    r"|([^\n]*+\n|[^\n]++)"
)
_LABEL = re.compile(rf'({line_parser.LABEL_NAME})="([^"]*+)"')
_SPLIT_CHARACTERS = 16384
_INFINITIES = (math.inf, -math.inf)


class _LabelSets(dict[str, families.Labels]):
    """Label sets by their text. They repeat from family to family in a push, so each is parsed once."""

    def __missing__(self, text: str) -> families.Labels:
        labels = self[text] = family_assembly.sorted_labels(_LABEL.findall(text))
        return labels


def parse(body: bytes, *, utf8_names: bool = False) -> dict[str, families.Family]:
    """Parse a body into families by name, in order of first appearance; families without metrics are left out.

    Time and memory are linear in the length of the body, for all bytes.

    :param utf8_names: whether quoted names may be any UTF-8.
    :raises errors.BadExpositionError: the body is not valid; with the place of the error.
    """
    try:
        return _parse(body.decode("utf-8", "surrogateescape"), utf8_names=utf8_names)
    except errors.BadExpositionError as error:
        reason = misencoded_bodies.reason(body)
        if reason is None:
            raise
        raise errors.BadExpositionError(reason, line=1, column=1) from error


def _parse(text: str, *, utf8_names: bool) -> dict[str, families.Family]:
    assembler = family_assembly.Assembler()
    simple = assembler.simple
    label_sets = _LabelSets()
    for number, (name, pairs, value, keyword, subject, rest, other) in enumerate(_ordinary_parts(text), 1):
        try:
            if name:
                amount = float(value)
                if amount in _INFINITIES:
                    raise ValueError("out of range")
                metrics = simple.get(name)
                if metrics is None:
                    assembler.sample(name, _LABEL.findall(pairs), amount, None)
                else:
                    metrics.append(families.Metric(label_sets[pairs], amount))
            elif keyword:
                assembler.comment(keyword, subject, rest)
            elif other:
                _parse_line(assembler, other, utf8_names=utf8_names)
        except (line_parser.LineError, ValueError) as error:
            raise _located(error, text, number=number, utf8_names=utf8_names) from None
    return assembler.finish()


def is_ordinary(body: bytes) -> bool:
    """Return whether all lines have the ordinary syntax: every sample ends with a space and a number."""
    return not any(other for *_, other in _ordinary_parts(body.decode("utf-8", "surrogateescape")))


def _ordinary_parts(text: str) -> Iterable[tuple[str, ...]]:
    """Yield the groups of ``_LINE`` for each line."""
    # SECURITY: the groups of an empty line take a hundred times its memory, so the body is split in portions.
    ends = [0]
    while ends[-1] < len(text):
        ends.append(text.find("\n", ends[-1] + _SPLIT_CHARACTERS) + 1 or len(text))
    return itertools.chain.from_iterable(_LINE.findall(text, start, end) for start, end in itertools.pairwise(ends))


def _parse_line(assembler: family_assembly.Assembler, line: str, *, utf8_names: bool) -> None:
    match line_parser.scan(line, utf8_names=utf8_names):
        case line_parser.Comment(keyword, name, rest):
            # SECURITY: one help text that is not UTF-8 fails the whole scrape in Prometheus; Pushgateway passes it on.
            assembler.comment(keyword, name, None if rest is None else line_parser.as_utf8(rest))
        case line_parser.Sample(name, pairs, value, timestamp_ms):
            assembler.sample(name, pairs, value, timestamp_ms)
            if utf8_names and not all(name_escaping.is_plain_label(label) for label, _ in pairs):
                assembler.quote(name)


def _located(
    error: line_parser.LineError | ValueError, text: str, *, number: int, utf8_names: bool
) -> errors.BadExpositionError:
    """Return the error with its place.

    :param number: number of the line, from 1.
    """
    before_and_line = text.split("\n", number)
    line = before_and_line[number - 1] + ("\n" if len(before_and_line) > number else "")
    try:
        scanned = line_parser.scan(line, utf8_names=utf8_names)
    except line_parser.LineError as line_error:
        reason, offset = line_error.reason, line_error.offset
    else:
        # The line itself is valid, so it contradicts an earlier line and is not blank.
        assert isinstance(error, line_parser.LineError)
        assert scanned is not None
        reason, offset = error.reason, scanned.starts[error.part]
    column = len(line[:offset].encode("utf-8", "surrogateescape")) + 1
    return errors.BadExpositionError(reason, line=number, column=column)
