"""Selectors over grouping labels, in Prometheus' syntax: ``{job="backup",region=~"eu.*"}``.

As in Prometheus, a missing label is an empty label, a regular expression has the syntax of RE2 and matches the whole
value, and a selector that matches everything is rejected.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import re2

from tidegate.model import errors, grouping

MAX_LENGTH = 4_000
"""Characters of all selectors of a request. Each pattern takes memory; this is room for some 300 of them."""

MAX_PATTERN_LENGTH = 1000
_PATTERN_MEMORY = 1 << 18
"""Bytes that RE2 may use for one expression. Its module caches the last 128 expressions."""

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
    """An invalid selector; ``column`` counts its characters from 1."""

    def __init__(self, reason: str, *, at: int) -> None:
        super().__init__(f"{reason} at column {at + 1}")
        self.column = at + 1


class Operator(enum.Enum):
    """The comparison of a matcher."""

    EQUAL = "="
    NOT_EQUAL = "!="
    MATCHES = "=~"
    MATCHES_NOT = "!~"


class Matcher(NamedTuple):
    """One comparison; ``test`` returns whether a value matches."""

    name: str
    operator: Operator
    value: str
    test: Callable[[str], bool]


class Selector(NamedTuple):
    """Matchers that must all match."""

    matchers: tuple[Matcher, ...]

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether a group with these grouping labels is selected."""
        return all(matcher.test(labels.get(matcher.name, "")) for matcher in self.matchers)


class AnySelector(NamedTuple):
    """Several selectors, of which any must match."""

    selectors: tuple[Selector, ...]

    def matches(self, key: grouping.GroupingKey) -> bool:
        """Whether the group with this key is selected."""
        labels = grouping.labels(key)
        return any(selector.matches(labels) for selector in self.selectors)


def check_length(texts: Sequence[str]) -> None:
    """Check the length of all selectors of a request.

    :raises errors.BadRequestError: they are too long.
    """
    if (size := sum(map(len, texts))) > MAX_LENGTH:
        raise errors.BadRequestError(f"the selectors have {size} characters together: send at most {MAX_LENGTH}")


def parse_any(texts: Sequence[str]) -> AnySelector:
    """Parse the selectors of a request.

    :raises BadSelectorError: a text is not a selector, or would select every group.
    """
    return AnySelector(tuple(parse(text) for text in texts))


def parse(text: str) -> Selector:
    """Parse a selector.

    :raises BadSelectorError: it is invalid, or would select every group.
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
        raise reader.fault("unexpected text after the selector")
    if all(matcher.test("") for matcher in matchers):
        raise BadSelectorError(
            "every matcher of the selector accepts an empty value, so it selects all groups; add one that does not",
            at=0,
        )
    return Selector(tuple(matchers))


class _Reader:
    """A cursor over the text."""

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
        is_next = self.text.startswith(character, self.skip())
        self.at += len(character) if is_next else 0
        return is_next

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
        string = self.take(_STRING, what)[0]
        quote, text = string[0], string[1:-1]
        decoded = text.encode(errors="surrogatepass") if quote == "`" else _unescape(text, quote=quote, at=start + 1)
        try:
            return decoded.decode()
        except UnicodeDecodeError as error:
            raise BadSelectorError("the string is not UTF-8", at=start) from error


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
            return lambda text: text == value
        case Operator.NOT_EQUAL:
            return lambda text: text != value
        case Operator.MATCHES:
            return _matching(value, at=at)
        case Operator.MATCHES_NOT:
            matches = _matching(value, at=at)
            return lambda text: not matches(text)


def _matching(pattern: str, *, at: int) -> Callable[[str], bool]:
    # SECURITY: RE2 takes linear time in the length of the value for every expression; its memory is limited here.
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise BadSelectorError(f"the regular expression has more than {MAX_PATTERN_LENGTH} characters", at=at)
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    options.max_mem = _PATTERN_MEMORY
    try:
        compiled = re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        raise BadSelectorError(f"invalid regular expression: {_message(error)}", at=at) from error
    return lambda text: compiled.fullmatch(text) is not None


def _message(error: Exception) -> str:
    message = error.args[0] if error.args else error
    return message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message)


def _unescape(text: str, *, quote: str, at: int) -> bytes:
    r"""Return the bytes of a string. ``\\x`` and octal escapes are bytes, not characters."""
    return b"".join(_decode_piece(piece, quote=quote, at=at + piece.start()) for piece in _PIECE.finditer(text))


def _decode_piece(piece: re.Match[str], *, quote: str, at: int) -> bytes:
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
        raise BadSelectorError("invalid escape: not a Unicode character", at=at)
    return chr(code).encode()
