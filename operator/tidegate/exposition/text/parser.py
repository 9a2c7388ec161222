"""The text format 0.0.4, read: the body of a push in, its families out.

Almost every line that a client sends is spelled in the ordinary way, so one regular expression cuts the whole body into
lines and each ordinary line into its parts. A line it does not know is read with care in
:mod:`tidegate.exposition.text.line_parser`, and so is the line that a fault has to be located in.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable

from tidegate.exposition import name_escaping
from tidegate.exposition.text import assembly, line_parser, misencoded_bodies
from tidegate.model import errors, families

_ORDINARY_CHARACTER = r"\\\n" + line_parser.NOT_UTF8
_ORDINARY_LABEL = rf'(?!__name__=){line_parser.LABEL_NAME}="[^"{_ORDINARY_CHARACTER}]*+"'

# Every match is one line: a sample, a HELP or TYPE line, one that says nothing (and has no groups), or any other.
# Quantifiers are possessive, so that no part of a line is tried twice. The repetition of labels is not: CPython before
# 3.11.5 accepts half of its last iteration then (gh-106052). It does not need to be, because no label starts with "}".
_LINE = re.compile(
    rf"({line_parser.NAME})(?:\{{({_ORDINARY_LABEL}(?:,{_ORDINARY_LABEL})*,?)\}})? ([-+.0-9eE]++)\n"
    rf"|# (HELP|TYPE) ({line_parser.NAME}) ([^ \t{_ORDINARY_CHARACTER}][^{_ORDINARY_CHARACTER}]*+)\n"
    r"|[ \t]*+(?:#(?![ \t]*+(?:HELP|TYPE))[^\n]*+)?\n"
    r"|([^\n]*+\n|[^\n]++)"
)
_LABEL = re.compile(rf'({line_parser.LABEL_NAME})="([^"]*+)"')
_CUT_CHARACTERS = 16384
_INFINITIES = (math.inf, -math.inf)


class _LabelSets(dict[str, families.Labels]):
    """Label sets by their text. In one push they repeat from family to family, so each is read once."""

    def __missing__(self, text: str) -> families.Labels:
        labels = self[text] = assembly.sorted_labels(_LABEL.findall(text))
        return labels


def parse(body: bytes, *, utf8_names: bool = False) -> dict[str, families.Family]:
    """The families of a body by name, in order of first appearance; those without metrics are left out.

    Any bytes give families or the error, in time and memory that grow with the length of the body and no faster.

    :param utf8_names: whether names in quotes may be any UTF-8, not only plain ones.
    :raises errors.BadExpositionError: the body is not in the text format; with the place.
    """
    try:
        return _parse(body.decode("utf-8", "surrogateescape"), utf8_names=utf8_names)
    except errors.BadExpositionError as error:
        what = misencoded_bodies.reason(body)
        if what is None:
            raise
        raise errors.BadExpositionError(what, line=1, column=1) from error


def _parse(text: str, *, utf8_names: bool) -> dict[str, families.Family]:
    assembler = assembly.Assembler()
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
                _read_with_care(assembler, other, utf8_names=utf8_names)
        except (line_parser.LineError, ValueError) as error:
            raise _located(error, text, number=number, utf8_names=utf8_names) from None
    return assembler.finish()


def is_ordinary(body: bytes) -> bool:
    """Whether each line is spelled in the ordinary way, so that every sample ends with a space and a plain number."""
    return not any(other for *_, other in _ordinary_parts(body.decode("utf-8", "surrogateescape")))


def _ordinary_parts(text: str) -> Iterable[tuple[str, ...]]:
    """The groups of ``_LINE`` for each line."""
    # SECURITY: the groups of an empty line take a hundred times its memory, so only some lines are cut at a time.
    ends = [0]
    while ends[-1] < len(text):
        ends.append(text.find("\n", ends[-1] + _CUT_CHARACTERS) + 1 or len(text))
    return itertools.chain.from_iterable(_LINE.findall(text, start, end) for start, end in itertools.pairwise(ends))


def _read_with_care(assembler: assembly.Assembler, line: str, *, utf8_names: bool) -> None:
    match line_parser.scan(line, utf8_names=utf8_names):
        case line_parser.Comment(keyword, name, rest):
            # SECURITY: over one help text that is not UTF-8 Prometheus fails the whole scrape; Pushgateway keeps it.
            assembler.comment(keyword, name, None if rest is None else line_parser.as_utf8(rest))
        case line_parser.Sample(name, pairs, value, timestamp_ms):
            assembler.sample(name, pairs, value, timestamp_ms)
            if utf8_names and not all(name_escaping.is_plain_label(label) for label, _ in pairs):
                assembler.quote(name)


def _located(
    error: line_parser.LineError | ValueError, text: str, *, number: int, utf8_names: bool
) -> errors.BadExpositionError:
    """The error with its line, which is the ``number``-th of the text, and its column."""
    before_and_line = text.split("\n", number)
    line = before_and_line[number - 1] + ("\n" if len(before_and_line) > number else "")
    try:
        scanned = line_parser.scan(line, utf8_names=utf8_names)
    except line_parser.LineError as fault:
        reason, offset = fault.reason, fault.offset
    else:
        # The line alone is sound, so it cannot stand beside those before it, and it says something.
        assert isinstance(error, line_parser.LineError)
        assert scanned is not None
        reason, offset = error.reason, scanned.starts[error.part]
    column = len(line[:offset].encode("utf-8", "surrogateescape")) + 1
    return errors.BadExpositionError(reason, line=number, column=column)
