"""Parse and print numbers of the text format, as Go's ``strconv`` does."""

from __future__ import annotations

import math
import re

# The format rejects Go's "p", "P" and "_", and a hexadecimal float needs a "p" exponent, so all numbers are decimal.
# Each quantifier is possessive, so that no input causes backtracking.
_NUMBER = re.compile(
    r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?|[+-]?inf(?:inity)?|nan",
    re.ASCII | re.IGNORECASE,
)
_INFINITE_SPELLINGS = frozenset("iI")

EXACT = 2**53
"""A double represents every integer up to this one."""

_WORDS = {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}


def parse_float(text: str) -> float:
    """Parse a number.

    It accepts decimals with or without an exponent, ``inf`` and ``infinity`` with or without a sign, and ``nan``, the
    words in any case.

    :raises ValueError: ``text`` is not a number, or too large for a double. (A number that is too small is 0.)
    """
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(f"not a number: {text!r}")
    value = float(text)
    if math.isinf(value) and _INFINITE_SPELLINGS.isdisjoint(text):
        raise ValueError(f"out of range: {text!r}")
    return value


def format_float(value: float) -> str:
    """Print a number as Pushgateway does: the shortest digits that parse to it, with an exponent from 1e+06.

    Negative zero is ``0``.
    """
    text = repr(value)
    # Python and Go print the same digits, and the same exponents below 1e-4 and from 1e16. From 1e6 to 1e16 only Go
    # prints an exponent (strconv: ``eprec = 6``).
    if -1e6 < value < 1e6:
        if text[-2:] == ".0":
            return text[:-2] if value else "0"
        return text
    if -1e16 < value < 1e16:
        return _with_exponent(text)
    return _WORDS.get(text, text)


def _with_exponent(text: str) -> str:
    sign, text = ("-", text[1:]) if text[0] == "-" else ("", text)
    whole, _, fraction = text.partition(".")
    digits = (whole + fraction).rstrip("0")
    point = "." if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{point}{digits[1:]}e+{len(whole) - 1:02d}"
