"""Selectors over grouping labels, in Prometheus' syntax: ``{job="backup",region=~"eu.*"}``.

A label that a group does not have is the empty one, regular expressions are RE2's and match the whole value, and a
selector that matches everything is refused: all as in Prometheus.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

import re2

from tidegate.model import errors

LONGEST_PATTERN = 1000
_PATTERN_MEMORY = 1 << 18
"""Bytes that RE2 may take for one expression. Its module keeps the last 128 of them."""

_BLANKS = re.compile(r"(?:[ \t\r\n]++|#[^\r\n]*+)*+")
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*+")
_METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*+")
_OPERATOR = re.compile(r"=~|!~|!=|=")
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*+"' r"|'(?:[^'\\\n]|\\.)*+'" r"|`[^`]*+`")
_PIECE = re.compile(
    r"([^\\]++)|\\(?:([abfnrtv\\'\"])|x([0-9a-fA-F]{2})|([0-3][0-7]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.?))",
    re.DOTALL,
)
_LETTERS = dict(zip("abfnrtv\\'\"", "\a\b\f\n\r\t\v\\'\"", strict=True))
_METRIC_LABEL = "__name__"
_NO_METRIC = "groups have labels and no metric name"


class BadSelectorError(errors.BadRequestError):
    """A text that is no selector; ``column`` counts its characters from 1."""

    def __init__(self, reason: str, *, at: int) -> None:
        super().__init__(f"{reason} at column {at + 1}")
        self.column = at + 1


class Operator(enum.Enum):
    """How a value is compared."""

    EQUAL = "="
    NOT_EQUAL = "!="
    MATCHES = "=~"
    MATCHES_NOT = "!~"


class Matcher(NamedTuple):
    """One comparison; ``test`` says whether a value passes it."""

    name: str
    operator: Operator
    value: str
    test: Callable[[str], bool]


class Selector(NamedTuple):
    """Matchers that all have to hold."""

    matchers: tuple[Matcher, ...]

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether a group with these grouping labels is selected."""
        return all(matcher.test(labels.get(matcher.name, "")) for matcher in self.matchers)


def parse(text: str) -> Selector:
    """The selector that this text is.

    :raises BadSelectorError: it is none, or one that would select every group.
    """
    reader = _Reader(text)
    if _METRIC_NAME.match(text, reader.skip()):
        raise reader.fault(f"{_NO_METRIC}: begin with {{")
    reader.expect("{")
    matchers: list[Matcher] = []
    while not reader.takes("}"):
        matchers.append(_matcher(reader))
        if not reader.takes(","):
            reader.expect("}")
            break
    if reader.skip() < len(text):
        raise reader.fault("nothing may follow the selector")
    if all(matcher.test("") for matcher in matchers):
        raise BadSelectorError("the selector has no matcher that refuses an empty value, so it selects all", at=0)
    return Selector(tuple(matchers))


class _Reader:
    """A place in the text; what is read is behind it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def skip(self) -> int:
        blanks = _BLANKS.match(self.text, self.at)
        self.at = blanks.end() if blanks else self.at
        return self.at

    def fault(self, reason: str) -> BadSelectorError:
        return BadSelectorError(reason, at=self.at)

    def takes(self, character: str) -> bool:
        found = self.text.startswith(character, self.skip())
        self.at += len(character) if found else 0
        return found

    def expect(self, character: str) -> None:
        if not self.takes(character):
            raise self.fault(f"expected {character}")

    def take(self, pattern: re.Pattern[str], what: str) -> re.Match[str]:
        match = pattern.match(self.text, self.skip())
        if match is None:
            raise self.fault(f"expected {what}")
        self.at = match.end()
        return match

    def quoted(self, what: str) -> str:
        start = self.skip()
        found = self.take(_STRING, what)[0]
        quote, text = found[0], found[1:-1]
        told = text.encode(errors="surrogatepass") if quote == "`" else _unescape(text, quote=quote, at=start + 1)
        try:
            return told.decode()
        except UnicodeDecodeError as error:
            raise BadSelectorError("a string that is not UTF-8", at=start) from error


def _matcher(reader: _Reader) -> Matcher:
    start = reader.skip()
    is_quoted = reader.text[start : start + 1] in ('"', "'", "`")
    name = reader.quoted("a label name") if is_quoted else reader.take(_NAME, "a label name")[0]
    if name == _METRIC_LABEL or (is_quoted and reader.text[reader.skip() : reader.at + 1] in (",", "}")):
        raise BadSelectorError(_NO_METRIC, at=start)
    operator = Operator(reader.take(_OPERATOR, "one of =, !=, =~ and !~ after the label name")[0])
    start = reader.skip()
    value = reader.quoted("a value in quotes")
    return Matcher(name, operator, value, _test(operator, value, at=start))


def _test(operator: Operator, value: str, *, at: int) -> Callable[[str], bool]:
    match operator:
        case Operator.EQUAL:
            return lambda found: found == value
        case Operator.NOT_EQUAL:
            return lambda found: found != value
        case Operator.MATCHES:
            return _matching(value, at=at)
        case Operator.MATCHES_NOT:
            matches = _matching(value, at=at)
            return lambda found: not matches(found)


def _matching(pattern: str, *, at: int) -> Callable[[str], bool]:
    # SECURITY: RE2 takes time that grows no faster than the value, whatever the expression; its size is bounded here.
    if len(pattern) > LONGEST_PATTERN:
        raise BadSelectorError(f"the regular expression has more than {LONGEST_PATTERN} characters", at=at)
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    options.max_mem = _PATTERN_MEMORY
    try:
        compiled = re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        raise BadSelectorError(f"no regular expression: {_told(error)}", at=at) from error
    return lambda found: compiled.fullmatch(found) is not None


def _told(error: Exception) -> str:
    told = error.args[0] if error.args else error
    return told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)


def _unescape(text: str, *, quote: str, at: int) -> bytes:
    r"""The bytes of a string: what ``\x`` and octal escapes spell are bytes and no characters."""
    return b"".join(_meant(piece, quote=quote, at=at + piece.start()) for piece in _PIECE.finditer(text))


def _meant(piece: re.Match[str], *, quote: str, at: int) -> bytes:
    plain, letter, byte, octal, short, long, other = piece.groups()
    if plain:
        return plain.encode(errors="surrogatepass")
    if other is not None or (letter in ('"', "'") and letter != quote):
        raise BadSelectorError(f"unknown escape {piece[0]}", at=at)
    if letter:
        return _LETTERS[letter].encode()
    if byte or octal:
        return bytes([int(byte, 16) if byte else int(octal, 8)])
    code = int(short or long, 16)
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        raise BadSelectorError("an escape of what is no character", at=at)
    return chr(code).encode()
