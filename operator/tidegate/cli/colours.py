"""Colours for people at a terminal, and for nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO

AUTO, ALWAYS, NEVER = CHOICES = ("auto", "always", "never")

_BOLD, _RED, _GREEN, _YELLOW, _DIM, _END = (f"\x1b[{code}m" for code in (1, 31, 32, 33, 2, 0))

_WORDS = {
    "live": _GREEN,
    "draining": _YELLOW,
    "active": _GREEN,
    "over": _YELLOW,
    "unowned": _DIM,
    "outlived": _DIM,
    "ambiguous": _RED,
    "unknown": _RED,
    "asking": _DIM,
}
"""The states of groups and the verdicts on them: what stays is green, what goes is yellow, what nobody ends is dim, and
what somebody should look at is red."""


def wanted(choice: str, stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether this stream is to have colours (https://no-color.org)."""
    if choice != AUTO:
        return choice == ALWAYS
    return stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM", "dumb") != "dumb"


def word(text: str) -> str:
    """A state or a verdict in its colour; anything else as it is."""
    return f"{_WORDS[text]}{text}{_END}" if text in _WORDS else text


def bold(text: str) -> str:
    """Make text bold on a terminal."""
    return f"{_BOLD}{text}{_END}"
