"""What may stand behind a flag; for anything else each raises ``argparse.ArgumentTypeError``, which says what may."""

from __future__ import annotations

import argparse
import re
import urllib.parse

from tidegate import settings
from tidegate.aiokits import addresses
from tidegate.controller import kinds
from tidegate.inquiries import places

_PATH = re.compile(r"/[A-Za-z0-9._~/-]*\Z")
_SIZE = re.compile(r"([0-9]{1,18})(|KiB|MiB|GiB)\Z")
_UNITS = {"": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?\Z")


def seconds(text: str) -> float:
    """Seconds of a duration such as ``90s``, ``5m`` or ``1h30m``; ``argparse.ArgumentTypeError`` for anything else."""
    match = _DURATION.match(text)
    if not text or match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration: write 90s, 5m or 1h30m")
    hours, minutes, rest = match.groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(rest or 0)


def positive_seconds(text: str) -> float:
    """As :func:`seconds`, but for 0."""
    if found := seconds(text):
        return found
    raise argparse.ArgumentTypeError("0 would refuse everybody: write a long time for no limit")


def period(text: str) -> float:
    """As :func:`seconds`, but for 0."""
    if found := seconds(text):
        return found
    raise argparse.ArgumentTypeError("0 leaves no time in between: write 5s or 5m")


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


def ownership(text: str) -> tuple[str, ...]:
    """Rules of ownership in their order, such as ``address,name``."""
    rules = tuple(rule.strip() for rule in text.split(","))
    if len(set(rules)) != len(rules) or not set(rules) <= set(settings.OWNERSHIP):
        known = ",".join(settings.OWNERSHIP)
        raise argparse.ArgumentTypeError(f"{text!r} are no rules of ownership: give some of {known}, each once")
    return rules


def watch(text: str) -> str:
    """A kind of objects to look at (:func:`tidegate.controller.kinds.parse`)."""
    try:
        kinds.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def address(text: str) -> str:
    """An address to listen on (:func:`tidegate.aiokits.addresses.parse`)."""
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
    """Where a gateway or an operator is (:func:`tidegate.inquiries.places.parse`)."""
    try:
        places.parse(text)
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
