"""Durations: the one grammar for flags, headers, annotations and policies, and the one way to print them.

The grammar is the union of Go's (``1h30m``, ``1.5h``, ``500ms``) and Prometheus' (``1d12h``, ``1w``, ``1y``).
"""

from __future__ import annotations

import re

_UNITS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86_400.0,
    "w": 7 * 86_400.0,
    "y": 365 * 86_400.0,
}
_NUMBER = r"[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18}"
_UNIT = "|".join(_UNITS)
PATTERN = f"(?:0|(?:(?:{_NUMBER})(?:{_UNIT}))+)"
"""A regular expression for a whole text that is a duration; it fits JSON schemas, too."""

MAX_SECONDS = 1000 * _UNITS["y"]
"""The longest duration. A time so far ahead still has a date."""

_DURATION = re.compile(PATTERN)
_PART = re.compile(f"({_NUMBER})({_UNIT})")


def parse(text: str) -> float:
    """Parse a duration into seconds: ``90s``, ``5m``, ``1h30m``, ``1.5h``, ``500ms``, ``1d12h``, ``0``.

    Units are ``ns``, ``us``, ``ms``, ``s``, ``m``, ``h``, ``d``, ``w`` and ``y`` (365 days), in any order.

    :raises ValueError: the text is not a duration, or longer than :data:`MAX_SECONDS`.
    """
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is not a duration: write 90s, 5m or 1h30m")
    seconds = sum((float(number) * _UNITS[unit] for number, unit in _PART.findall(text)), 0.0)
    if seconds > MAX_SECONDS:
        raise ValueError(f"{text!r} is longer than 1000 years: write a shorter duration")
    return seconds


def format(seconds: float) -> str:
    """Print a duration exactly, in hours, minutes and seconds: ``10s``, ``1h30m``, ``1.5s``. :func:`parse` reads it."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = ((str(hours), "h"), (str(minutes), "m"), (f"{rest:.9f}".rstrip("0").rstrip("."), "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number != "0") or "0s"


def format_short(seconds: float) -> str:
    """Print the whole seconds of a duration in its two largest units, for people: ``45s``, ``5m10s``, ``2d4h``."""
    remaining, parts = int(seconds), list[str]()
    for unit in ("d", "h", "m", "s"):
        count, remaining = divmod(remaining, int(_UNITS[unit]))
        if count or parts:
            parts.append(f"{count}{unit}" if count else "")
    return "".join(parts[:2]) or "0s"
