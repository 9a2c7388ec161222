"""What may stand behind a flag; for anything else each raises ``argparse.ArgumentTypeError``, which says what may."""

from __future__ import annotations

import argparse
import re
import urllib.parse
from collections.abc import Callable
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


def seconds(text: str) -> float:
    """Seconds of a duration as Go or Prometheus writes it: ``90s``, ``1h30m``, ``1.5h``, ``500ms``, ``1d``, ``0``.

    :raises argparse.ArgumentTypeError: anything else.
    """
    if text != "0" and not _DURATION.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration: write 90s, 5m or 1h30m")
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))


def positive_seconds(text: str) -> float:
    """As :func:`seconds`, but for 0."""
    if found := seconds(text):
        return found
    raise argparse.ArgumentTypeError(f"{text!r} leaves no time: write 5s or 5m; for no limit write 24h or more")


def spelled_seconds(found: float) -> str:
    """The inverse of :func:`seconds`: ``10s``, ``5m``, ``1h30m``, ``1.5s``."""
    minutes, rest = divmod(found, 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = ((hours, "h"), (minutes, "m"), (round(rest, 9), "s"))
    return "".join(f"{number:g}{unit}" for number, unit in parts if number) or "0s"


def size(text: str) -> int:
    """A number of bytes, or of other things, such as ``16MiB``, ``64KiB`` or ``1000``;
    ``argparse.ArgumentTypeError`` for anything else and for 0."""
    match = _SIZE.match(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size: write 16MiB, 64KiB or a number")
    found = int(match[1]) * _UNITS[match[2]]
    if not found:
        raise argparse.ArgumentTypeError("0 would refuse everybody: write a large number for no limit")
    return found


def spelled_size(found: int) -> str:
    """The inverse of :func:`size`."""
    unit = next((unit for unit, bytes in reversed(_UNITS.items()) if found % bytes == 0), "")
    return f"{found // _UNITS[unit]}{unit}"


def switch(text: str) -> bool:
    """What a flag without a value may be given after ``=``, as Go's ``strconv.ParseBool`` has it."""
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")


def spelled_switch(found: object) -> str:
    """The inverse of :func:`switch`."""
    return str(found).lower()


def ownership(text: str) -> tuple[str, ...]:
    """Rules of ownership in their order, such as ``address,name``."""
    rules = tuple(rule.strip() for rule in text.split(","))
    if len(set(rules)) != len(rules) or not set(rules) <= set(settings.OWNERSHIP):
        known = ",".join(settings.OWNERSHIP)
        raise argparse.ArgumentTypeError(f"{text!r} are no rules of ownership: give some of {known}, each once")
    return rules


def watch(text: str) -> str:
    """A kind of objects to look at (:func:`tidegate.operator.objects.owner_kinds.parse`)."""
    try:
        owner_kinds.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def address(text: str) -> str:
    """An address to listen on (:func:`tidegate.system.addresses.parse`)."""
    try:
        addresses.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def web_address(text: str) -> str:
    """The same, or ``unix:/path``."""
    return text if addresses.unix_path(text) else address(text)


def url(text: str) -> str:
    """A URL of a page, or nothing."""
    found = urllib.parse.urlsplit(text)
    if text and not (found.scheme in ("", "http", "https") and _PATH.match(found.path or "/")):
        raise argparse.ArgumentTypeError(f"{text!r} is no URL of a page: give http://host/path")
    return text


def place(text: str) -> str:
    """Where a gateway or an operator is (:func:`tidegate.client.urls.parse`)."""
    try:
        urls.parse(text)
    except ValueError as error:
        # SECURITY: argparse would repeat what was given, password and all, for any other error.
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def prefix(text: str) -> str:
    """What paths begin with, or nothing; one slash before it and none behind."""
    return "/" + path("/" + text.strip("/")).strip("/") if text else ""


def path(text: str) -> str:
    """A path of plain characters."""
    if not _PATH.match(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no path: begin with / and use letters, digits and . _ ~ - /")
    return text


class Form(NamedTuple):
    """How the value of a flag is written.

    :param metavar: what stands for it in the help.
    :param parse: raises ``argparse.ArgumentTypeError``.
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
    flags.Kind.PAGE_URL: Form("URL", url, str),
    flags.Kind.BASE_URL: Form("URL", place, str),
    flags.Kind.OWNERSHIP: Form("RULES", ownership, ",".join),
    flags.Kind.WATCH: Form("KIND", watch, str),
}
"""The form of each kind."""
