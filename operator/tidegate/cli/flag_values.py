"""The values that flags take: how each kind is parsed and spelled. Every parse function raises ``ValueError``."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tidegate import flags, settings
from tidegate.client import urls
from tidegate.operator.objects import owner_kinds
from tidegate.system import addresses

_PATH = re.compile(r"/[A-Za-z0-9._~/-]*\Z")
_SIZE = re.compile(r"([0-9]{1,18})(|KiB|MiB|GiB)\Z")
_UNITS = {"": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_SECONDS = {
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
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h|d|w|y)")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")
_PASSWORD = re.compile(r"//[^/]*@")


def seconds(text: str) -> float:
    """Parse a duration as Go or Prometheus writes it: ``90s``, ``1h30m``, ``1.5h``, ``500ms``, ``1d``, ``0``.

    :returns: seconds.
    :raises ValueError: the text is not a duration.
    """
    if text != "0" and not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is not a duration: write 90s, 5m or 1h30m")
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))


def positive_seconds(text: str) -> float:
    """Parse a duration greater than 0 into seconds.

    :raises ValueError: the text is not a duration, or the duration is 0.
    """
    if duration := seconds(text):
        return duration
    raise ValueError(f"{text!r} is not greater than 0: write 5s or 5m, or 24h for no practical limit")


def spelled_seconds(duration: float) -> str:
    """Spell seconds as a duration: ``10s``, ``5m``, ``1h30m``, ``1.5s``."""
    minutes, rest = divmod(duration, 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = ((hours, "h"), (minutes, "m"), (round(rest, 9), "s"))
    return "".join(f"{number:g}{unit}" for number, unit in parts if number) or "0s"


def size(text: str) -> int:
    """Parse a number greater than 0, of bytes or of anything else: ``16MiB``, ``64KiB`` or ``1000``.

    :raises ValueError: the text is not such a number, or it is 0.
    """
    match = _SIZE.match(text)
    if match is None:
        raise ValueError(f"{text!r} is not a size: write 16MiB, 64KiB or a number")
    number = int(match[1]) * _UNITS[match[2]]
    if not number:
        raise ValueError(f"{text!r} is not greater than 0: for no practical limit write a large number")
    return number


def spelled_size(number: int) -> str:
    """Spell a size with the largest unit that divides it."""
    unit = next((unit for unit, bytes in reversed(_UNITS.items()) if number % bytes == 0), "")
    return f"{number // _UNITS[unit]}{unit}"


def switch(text: str) -> bool:
    """Parse a boolean as Go's ``strconv.ParseBool`` does.

    :raises ValueError: the text is not a boolean.
    """
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise ValueError(f"{text!r} is neither true nor false")


def spelled_switch(value: object) -> str:
    """Spell a boolean: ``true`` or ``false``."""
    return str(value).lower()


def ownership(text: str) -> tuple[str, ...]:
    """Parse ownership rules in order of precedence, such as ``address,name``.

    :raises ValueError: a rule is unknown or repeated.
    """
    rules = tuple(rule.strip() for rule in text.split(","))
    if len(set(rules)) != len(rules) or not set(rules) <= set(settings.OWNERSHIP):
        known = ",".join(settings.OWNERSHIP)
        raise ValueError(f"{text!r} is not a list of ownership rules: write some of {known}, each once")
    return rules


def watch(text: str) -> str:
    """Check a kind of object to watch (:func:`tidegate.controller.kinds.parse`)."""
    owner_kinds.parse(text)
    return text


def address(text: str) -> str:
    """Check an address to listen on (:func:`tidegate.aiokits.addresses.parse`)."""
    addresses.parse(text)
    return text


def web_address(text: str) -> str:
    """Check an address to listen on, or ``unix:/path``."""
    return text if addresses.unix_path(text) else address(text)


def page_url(text: str) -> str:
    """Check the URL of a web page; empty for none.

    :raises ValueError: the text is not an http or https URL with a plain path.
    """
    parts = urllib.parse.urlsplit(text)
    if text and not (parts.scheme in ("", "http", "https") and _PATH.match(parts.path or "/")):
        raise ValueError(f"{text!r} is not the URL of a web page: write http://host/path")
    return text


def base_url(text: str) -> str:
    """Check the URL of a gateway or an operator (:func:`tidegate.inquiries.places.parse`)."""
    urls.parse(text)
    return text


def prefix(text: str) -> str:
    """Parse a path prefix: a slash before it and none behind; empty for none.

    :raises ValueError: the text has characters that a path may not have.
    """
    return "/" + path("/" + text.strip("/")).strip("/") if text else ""


def path(text: str) -> str:
    """Check a path of plain characters.

    :raises ValueError: the text has others, or does not begin with a slash.
    """
    if not _PATH.match(text):
        raise ValueError(f"{text!r} is not a path: begin with / and use only letters, digits and . _ ~ - /")
    return text


class Form(NamedTuple):
    """How the value of a flag is written.

    :param metavar: the placeholder of the value in the help.
    :param parse: raises ``ValueError``.
    :param spell: the inverse of ``parse``.
    """

    metavar: str
    parse: Callable[[str], Any]
    spell: Callable[[Any], str]


FORMS = {
    flags.Kind.TEXT: Form("VALUE", str, str),
    flags.Kind.SWITCH: Form("", switch, spelled_switch),
    flags.Kind.CHOICE: Form("", str, str),
    flags.Kind.FILE: Form("FILE", str, str),
    flags.Kind.SIZE: Form("SIZE", size, spelled_size),
    flags.Kind.COUNT: Form("NUMBER", size, str),
    flags.Kind.DURATION: Form("DURATION", seconds, spelled_seconds),
    flags.Kind.POSITIVE_DURATION: Form("DURATION", positive_seconds, spelled_seconds),
    flags.Kind.ADDRESS: Form("ADDRESS", address, str),
    flags.Kind.WEB_ADDRESS: Form("ADDRESS", web_address, str),
    flags.Kind.PATH: Form("PATH", path, str),
    flags.Kind.PREFIX: Form("PATH", prefix, str),
    flags.Kind.PAGE_URL: Form("URL", page_url, str),
    flags.Kind.BASE_URL: Form("URL", base_url, str),
    flags.Kind.OWNERSHIP: Form("RULES", ownership, ",".join),
    flags.Kind.WATCH: Form("KIND", watch, str),
}
"""The form of each kind of flag."""


def spelled(flag: flags.Flag, value: Any) -> str:
    """Spell a value of this flag as on the command line; several values are joined by commas."""
    if value is None:
        return ""
    if flag.choices:
        return next(word for word, meant in flag.choices.items() if value in (word, meant))
    spell = FORMS[flag.kind].spell
    return ",".join(map(spell, value)) if flag.several else spell(value)


def shown(values: Mapping[str, Any], *parts: type) -> dict[str, str]:
    """The flags of these settings, by name without hyphens, with their values as the status API shows them.

    :param values: the values by the flag's ``dest``.
    """
    declared = [flag for part in parts for flag, _ in flags.of(part) if flag.dest in values]
    # SECURITY: the status is public, and an external URL may contain a password.
    return {flag.name.lstrip("-"): _PASSWORD.sub("//", spelled(flag, values[flag.dest])) for flag in declared}
