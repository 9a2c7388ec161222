"""Output for people at a terminal: colors, and text without control characters."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TextIO

import click

AUTO, ALWAYS, NEVER = COLOR_CHOICES = ("auto", "always", "never")

_STYLES: Mapping[str, Mapping[str, str | bool]] = {
    "live": {"fg": "green"},
    "draining": {"fg": "yellow"},
    "active": {"fg": "green"},
    "over": {"fg": "yellow"},
    "unowned": {"dim": True},
    "outlived": {"dim": True},
    "ambiguous": {"fg": "red"},
    "unknown": {"fg": "red"},
    "asking": {"dim": True},
}
"""The states and verdicts of groups: green stays, yellow will be deleted, dim has no active owner, and red needs
attention."""


def has_color(choice: str, stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether to color the output to this stream (https://no-color.org)."""
    if choice != AUTO:
        return choice == ALWAYS
    return stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM", "dumb") != "dumb"


def colored(word: str) -> str:
    """A state or a verdict in its color; any other word as it is."""
    return click.style(word, **_STYLES[word]) if word in _STYLES else word  # type: ignore[arg-type]


def bold(text: str) -> str:
    """The text in bold."""
    return click.style(text, bold=True)


def plain(text: str) -> str:
    """SECURITY: the text with everything escaped that a terminal would obey; clients choose the values of labels."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def warn(text: str) -> None:
    """Write a line to standard error."""
    print(plain(text), file=sys.stderr, flush=True)
