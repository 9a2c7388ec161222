"""Durations as Prometheus spells them: ``1d12h``, ``90s``, ``500ms``."""

from __future__ import annotations

import re

_UNITS = {"y": 365 * 86400.0, "w": 7 * 86400.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
PATTERN = "(?=[0-9])" + "".join(f"(?:([0-9]{{1,9}}){unit})?" for unit in _UNITS)
"""A duration, as a whole text."""

_DURATION = re.compile(PATTERN, re.ASCII)


def parse(text: str) -> float:
    """Seconds of a duration: whole numbers with their units, the largest unit first, none twice.

    :raises ValueError: anything else.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no duration such as 90s, 10m or 1d12h")
    return sum(int(number) * seconds for number, seconds in zip(found.groups(), _UNITS.values(), strict=True) if number)


def spell(seconds: float) -> str:
    """The duration in whole seconds, for people: its two largest units, such as ``45s``, ``5m10s`` or ``2d4h``."""
    left, said = int(seconds), list[str]()
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, int(_UNITS[unit]))
        if count or said:
            said.append(f"{count}{unit}" if count else "")
    return "".join(said[:2]) or "0s"
