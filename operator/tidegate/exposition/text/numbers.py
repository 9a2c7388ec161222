"""Numbers as the text format spells them: the syntax and the spelling are those of Go's ``strconv``."""

from __future__ import annotations

import math
import re

# The format refuses Go's "p", "P" and "_", and without a "p" exponent there is no hexadecimal float either. What is
# left is decimal. Each quantifier is possessive, so that no input makes the match go back.
_NUMBER = re.compile(
    r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?|[+-]?inf(?:inity)?|nan",
    re.ASCII | re.IGNORECASE,
)
_INFINITE_SPELLINGS = frozenset("iI")

EXACT = 2**53
"""Up to here a double has every whole number."""

_WORDS = {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}


def parse_float(text: str) -> float:
    """The number that ``text`` spells.

    Accepted are decimals with or without an exponent, ``inf`` and ``infinity`` with or without a sign, and ``nan``,
    the words in any case.

    :raises ValueError: ``text`` is no number, or one too large for a double. (One too small is 0.)
    """
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(f"not a number: {text!r}")
    value = float(text)
    if math.isinf(value) and _INFINITE_SPELLINGS.isdisjoint(text):
        raise ValueError(f"out of range: {text!r}")
    return value


def format_float(value: float) -> str:
    """``value`` as Pushgateway writes it: shortest digits that read back the same, an exponent from 1e+06 up.

    Negative zero is written ``0``.
    """
    text = repr(value)
    # Python and Go agree on the shortest digits, and from 1e-4 down and 1e16 up on the exponent too. Between 1e6 and
    # 1e16 only Go writes one (strconv: ``eprec = 6``).
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
