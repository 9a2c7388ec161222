"""The values that flags take: how each kind is parsed and spelled. Every parse function raises ``ValueError``."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tidegate import flags, settings
from tidegate.client import urls
from tidegate.model import durations, sizes
from tidegate.operator.objects import owner_kinds
from tidegate.system import addresses

_PATH = re.compile(r"/[A-Za-z0-9._~/-]*\Z")
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_PASSWORD = re.compile(r"//[^/]*@")


def positive_duration(text: str) -> float:
    """Parse a duration greater than 0 into seconds (:func:`tidegate.model.durations.parse`).

    :raises ValueError: the text is not a duration, or the duration is 0.
    """
    if seconds := durations.parse(text):
        return seconds
    raise ValueError(f"{text!r} is not greater than 0: write 5s or 5m, or 24h for no practical limit")


def positive_size(text: str) -> int:
    """Parse a number greater than 0, of bytes or of anything else (:func:`tidegate.model.sizes.parse`).

    :raises ValueError: the text is not such a number, or it is 0.
    """
    if number := sizes.parse(text):
        return number
    raise ValueError(f"{text!r} is not greater than 0: for no practical limit write a large number")


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
    """Check a kind of object to watch (:func:`tidegate.operator.objects.owner_kinds.parse`)."""
    owner_kinds.parse(text)
    return text


def address(text: str) -> str:
    """Check an address to listen on (:func:`tidegate.system.addresses.parse`)."""
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
    """Check the URL of a gateway or an operator (:func:`tidegate.client.urls.parse`)."""
    urls.parse(text)
    return text


def prefix(text: str) -> str:
    """Parse a path prefix: a leading slash and no trailing one; empty for none.

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


class ValueFormat(NamedTuple):
    """How the value of a flag is written.

    :param metavar: the placeholder of the value in the help.
    :param parse: raises ``ValueError``.
    :param spell: the inverse of ``parse``.
    """

    metavar: str
    parse: Callable[[str], Any]
    spell: Callable[[Any], str]


VALUE_FORMATS = {
    flags.Kind.TEXT: ValueFormat("VALUE", str, str),
    flags.Kind.SWITCH: ValueFormat("", switch, spelled_switch),
    flags.Kind.CHOICE: ValueFormat("", str, str),
    flags.Kind.FILE: ValueFormat("FILE", str, str),
    flags.Kind.SIZE: ValueFormat("SIZE", positive_size, sizes.format),
    flags.Kind.COUNT: ValueFormat("NUMBER", positive_size, str),
    flags.Kind.DURATION: ValueFormat("DURATION", durations.parse, durations.format),
    flags.Kind.POSITIVE_DURATION: ValueFormat("DURATION", positive_duration, durations.format),
    flags.Kind.ADDRESS: ValueFormat("ADDRESS", address, str),
    flags.Kind.WEB_ADDRESS: ValueFormat("ADDRESS", web_address, str),
    flags.Kind.PATH: ValueFormat("PATH", path, str),
    flags.Kind.PREFIX: ValueFormat("PATH", prefix, str),
    flags.Kind.PAGE_URL: ValueFormat("URL", page_url, str),
    flags.Kind.BASE_URL: ValueFormat("URL", base_url, str),
    flags.Kind.OWNERSHIP: ValueFormat("RULES", ownership, ",".join),
    flags.Kind.WATCH: ValueFormat("KIND", watch, str),
}
"""How the values of each kind of flag are written."""


def spelled(flag: flags.Flag, value: Any) -> str:
    """Spell a value of this flag as on the command line; several values are joined by commas."""
    if value is None:
        return ""
    if flag.choices:
        return next(word for word, meant in flag.choices.items() if value in (word, meant))
    spell = VALUE_FORMATS[flag.kind].spell
    return ",".join(map(spell, value)) if flag.several else spell(value)


def shown(values: Mapping[str, Any], *parts: type) -> dict[str, str]:
    """The flags of these settings, by name without hyphens, with their values as the status API shows them.

    :param values: the values by the flag's ``dest``.
    """
    declared = [flag for part in parts for flag, _ in flags.of(part) if flag.dest in values]
    # SECURITY: the status is public, and an external URL may contain a password.
    return {flag.name.lstrip("-"): _PASSWORD.sub("//", spelled(flag, values[flag.dest])) for flag in declared}
