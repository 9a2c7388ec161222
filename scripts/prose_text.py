"""The English of a file, with everything else replaced by spaces: lines and columns stay those of the file."""

from __future__ import annotations

import io
import re
import tokenize
from pathlib import Path

import markdown_it

START = "\N{PILCROW SIGN}"
"""Replaces the mark at the beginning of a comment, a literal or a test's name, for rules about the first word."""

MARKDOWN, PYTHON, SCRIPTS = ".md", ".py", (".css", ".js")

_CODE = re.compile(r"(`+)[^`]+?\1|\]\([^)\s]*\)|https?://\S+|<[^>\n]+>|\{\{.*?\}\}", re.DOTALL)
_COMMENT_MARK = re.compile(r"^[ \t]*(?:#+|//+|\*)", re.MULTILINE)
_TITLE_START = re.compile(r"\b(?:What|Who|Whose)\b")
_QUOTES = re.compile(r"[A-Za-z]*(\"\"\"|'''|\"|')")
_INSIDE_LITERAL = re.compile(r"\\.|\{[^{}]*\}", re.DOTALL)
_SCRIPT_TEXT = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`", re.DOTALL)
_SCRIPT_MARK = re.compile(r"//|/\*+|\*+/|^\s*\*", re.MULTILINE)
_TEST = "test_"
_LAYOUT = {tokenize.ENCODING, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
_FSTRING_START, _FSTRING_MIDDLE, _FSTRING_END = (
    getattr(tokenize, f"FSTRING_{part}", -1) for part in ("START", "MIDDLE", "END")
)
"""Since Python 3.12 an f-string is several tokens; before, it is one like any other literal."""


def english(path: Path, *, with_literals: bool) -> str:
    """The text of a file that people read; of Python, literals other than docstrings only `with_literals`."""
    text = path.read_text()
    if path.suffix == PYTHON:
        text = _python(text, with_literals=with_literals)
    elif path.suffix == MARKDOWN:
        text = _markdown(text)
    elif path.suffix in SCRIPTS:
        return _script(text)
    else:
        text = _COMMENT_MARK.sub(_spaces, text)
    return _CODE.sub(_dots, text)


def _markdown(text: str) -> str:
    """Keep paragraphs, list items, headings and tables; leave out code blocks and comments.

    A heading, of a section or a column, may begin with "What", so that word is left out there.
    """
    lines = text.split("\n")
    kept = [" " * len(line) for line in lines]
    in_title = False
    for token in markdown_it.MarkdownIt().enable("table").parse(text):
        if token.type in ("heading_open", "thead_open"):
            in_title = True
        elif token.type in ("heading_close", "thead_close"):
            in_title = False
        elif token.type == "inline" and token.map:
            for number in range(*token.map):
                kept[number] = _TITLE_START.sub(_spaces, lines[number]) if in_title else lines[number]
    return "\n".join(kept)


def _script(text: str) -> str:
    """Keep the comments and literals of JavaScript, and the comments of CSS."""
    kept = [" " if character != "\n" else character for character in text]
    for found in _SCRIPT_TEXT.finditer(text):
        comment = found[0].startswith("/")
        part = _SCRIPT_MARK.sub(_spaces, found[0]) if comment else START + _INSIDE_LITERAL.sub(_spaces, found[0][1:-1])
        kept[found.start() : found.start() + len(part)] = part
    return "".join(kept)


def _python(text: str, *, with_literals: bool) -> str:
    """Keep comments, docstrings, the names of tests and, `with_literals`, every other literal of several words."""
    page = _Page(text)
    last = tokenize.ENCODING
    commented = -1
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            mark = " " if commented == token.start[0] - 1 else START
            page.put(token.start, mark + token.string[1:])
            commented = token.start[0]
        elif token.type != tokenize.NL:
            page.put(token.start, _part(token, last, with_literals=with_literals))
            last = token.type
    return str(page)


def _part(token: tokenize.TokenInfo, last: int, *, with_literals: bool) -> str:
    """The text of a token that is not a comment; empty where it is code. `last` is the type of the token before."""
    is_continued = last in (tokenize.STRING, _FSTRING_END)
    is_docstring = last in _LAYOUT
    if token.type == tokenize.NAME and last == tokenize.NAME and token.string.startswith(_TEST):
        return token.string.replace(_TEST, START.ljust(len(_TEST)), 1).replace("_", " ")
    if token.type == tokenize.STRING and (is_docstring or (with_literals and " " in token.string.strip("\"' "))):
        return _literal(token.string, is_continued=is_continued)
    if token.type == _FSTRING_START and with_literals and not is_continued:
        return START
    if token.type == _FSTRING_MIDDLE and with_literals:
        return _INSIDE_LITERAL.sub(_spaces, token.string)
    return ""


def _literal(literal: str, *, is_continued: bool) -> str:
    """Replace the prefix, the quotes, the escapes and the fields of a literal."""
    opening = _QUOTES.match(literal)
    assert opening is not None
    mark = "" if is_continued else START
    inside = literal[opening.end() : -len(opening[1])]
    return mark.ljust(opening.end()) + _INSIDE_LITERAL.sub(_spaces, inside)


def _spaces(text: str | re.Match[str]) -> str:
    """As many spaces, with the line breaks where they were."""
    return _filled(text, " ")


def _dots(code: re.Match[str]) -> str:
    """Dots in the place of code, so that a rule sees that something is there."""
    return _filled(code, "\N{MIDDLE DOT}")


def _filled(text: str | re.Match[str], character: str) -> str:
    return re.sub(r"[^\n]", character, text if isinstance(text, str) else text[0])


class _Page:
    """Lines of spaces, as long as those of a text, on which parts of it are written at their own places."""

    def __init__(self, text: str) -> None:
        self._lines = [" " * len(line) for line in text.split("\n")]

    def put(self, start: tuple[int, int], text: str) -> None:
        """Write text, of one line or several, from a line (counted from 1) and a column (from 0)."""
        line, column = start
        for number, part in enumerate(text.split("\n"), start=line - 1):
            before = self._lines[number]
            self._lines[number] = before[:column] + part + before[column + len(part) :]
            column = 0

    def __str__(self) -> str:
        return "\n".join(self._lines)
