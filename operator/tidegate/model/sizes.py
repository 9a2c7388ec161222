"""Sizes: the one grammar for numbers of bytes (and of other things) in flags, and the one way to print them."""

from __future__ import annotations

import re

_SIZE = re.compile(r"([0-9]{1,18})(|KiB|MiB|GiB)")
_UNITS = {"": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def parse(text: str) -> int:
    """Parse a number, of bytes or of other things: ``16MiB``, ``64KiB`` or ``1000``.

    :raises ValueError: the text is not such a number.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a size: write 16MiB, 64KiB or a number")
    return int(match[1]) * _UNITS[match[2]]


def format(number: int) -> str:
    """Print a number exactly, with the largest unit that divides it: ``16MiB``, ``1000``. :func:`parse` reads it."""
    unit = next((unit for unit, factor in reversed(_UNITS.items()) if number % factor == 0), "")
    return f"{number // _UNITS[unit]}{unit}"
