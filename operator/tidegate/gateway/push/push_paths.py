"""From the path of a push or a delete to the grouping key it names."""

from __future__ import annotations

import base64
import binascii
import functools
import re
import urllib.parse
from typing import NamedTuple

from tidegate.exposition import name_escaping
from tidegate.exposition.text import line_parser
from tidegate.model import errors, group_paths, grouping

_BASE64_SUFFIX = "@base64"
_RESERVED_PREFIX = "__"
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_REMEMBERED = 1_024
"""Layouts of paths; with the longest that a request may have, they take some megabytes."""

_LINE_ENDS = str.maketrans("", "", "\r\n")


def grouping_key(raw_path: str, *, utf8_names: bool = False) -> grouping.GroupingKey:
    """The key that a path such as ``job/backup/instance/db1`` names; a name may end in ``@base64``.

    :param raw_path: what follows ``/metrics/``, still percent-encoded, so that an encoded slash stays in its value.
    :param utf8_names: whether a label name may be any UTF-8, and is then written as ``U__…``
        (:func:`tidegate.exposition.name_escaping.unescape`).
    :raises errors.BadGroupingKeyError: no job, a name without a value, no label name, broken encoding.
    """
    parts = raw_path.split("/")
    if len(parts) == 3 and parts[-1] == "":
        parts.pop()
    if len(parts) % 2:
        raise errors.BadGroupingKeyError(f"odd number of components in label string {raw_path!r}")
    layout, values = _layout(tuple(parts[::2]), utf8_names=utf8_names), parts[1::2]
    if "%" in raw_path or layout.has_base64:
        values = [_value(_decode(name), value) for name, value in zip(parts[::2], values, strict=True)]
    if not values[0]:
        raise errors.BadGroupingKeyError("job name is required")
    return grouping.GroupingKey(tuple([(name, values[place]) for name, place in layout.places]))


def path(key: grouping.GroupingKey) -> str:
    """What follows ``/metrics/`` for this key: the inverse of :func:`grouping_key`."""
    ordered = sorted(key, key=lambda pair: pair[0] != "job")
    spelled = [
        (name_escaping.escape(name, name_escaping.Escaping.VALUES, label=True), value) for name, value in ordered
    ]
    return "/".join(group_paths.spelled(name, value) for name, value in spelled)


class _Layout(NamedTuple):
    """What the names in a path say.

    :param places: the label names in order, each with the place of its value among the values.
    """

    places: tuple[tuple[str, int], ...]
    has_base64: bool


@functools.lru_cache(maxsize=_REMEMBERED)
def _layout(spelled: tuple[str, ...], *, utf8_names: bool) -> _Layout:
    """The layout of these names, ``job`` first. Many groups have the same."""
    found = {}
    decoded = [_decode(name) for name in spelled]
    for place, name in enumerate(decoded[1:], 1):
        label = name.removesuffix(_BASE64_SUFFIX)
        if label.startswith(_RESERVED_PREFIX):
            raise errors.BadGroupingKeyError(f"improper label name {label!r}: names that begin with __ are reserved")
        label = name_escaping.unescape(label) if utf8_names else label
        if not label or not (utf8_names or name_escaping.is_plain_label(label)):
            hint = line_parser.NAMES_HINT if label else ": it is empty"
            raise errors.BadGroupingKeyError(f"improper label name {label!r}{hint}")
        found[label] = place
    found["job"] = 0
    twice = name_escaping.clash({**found, "instance": 0})
    if twice is not None:
        raise errors.BadGroupingKeyError(f"two of its labels are both {twice} to some readers")
    return _Layout(tuple(sorted(found.items())), any(name.endswith(_BASE64_SUFFIX) for name in decoded))


def _value(name: str, raw: str) -> str:
    """:param name: decoded; ``raw`` is not."""
    value = _decode(raw)
    if not name.endswith(_BASE64_SUFFIX):
        return value
    # Some encoders break their lines and end the last one; Pushgateway reads over that, too.
    unpadded = value.rstrip("=").translate(_LINE_ENDS)
    if "+" in unpadded or "/" in unpadded:
        # The library takes both alphabets; a value is to be spelled as it is there.
        raise errors.BadGroupingKeyError(f"invalid base64 encoding for {name}={value!r}: write - for + and _ for /")
    try:
        decoded = base64.b64decode(unpadded + "=" * (-len(unpadded) % 4), altchars=b"-_", validate=True)
        return decoded.decode()
    except (binascii.Error, ValueError) as error:
        raise errors.BadGroupingKeyError(f"invalid base64 encoding for {name}={value!r}: {error}") from error


def _decode(raw: str) -> str:
    if "%" not in raw:
        return raw
    if _BAD_ESCAPE.search(raw):
        raise errors.BadGroupingKeyError(f"{raw!r} has a % without two hexadecimal digits after it")
    try:
        return urllib.parse.unquote(raw, errors="strict")
    except UnicodeDecodeError as error:
        raise errors.BadGroupingKeyError(f"{raw!r} is not UTF-8: {error}") from error
