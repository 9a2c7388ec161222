"""Grouping keys in the paths of pushes and deletions."""

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
_MAX_CACHED_LAYOUTS = 1_024
"""Cached layouts of paths. With the longest paths that a request may have they take some megabytes."""

_LINE_ENDS = str.maketrans("", "", "\r\n")


def grouping_key(raw_path: str, *, utf8_names: bool = False) -> grouping.GroupingKey:
    """Parse a path such as ``job/backup/instance/db1``. A label name may end in ``@base64``.

    :param raw_path: the part after ``/metrics/``, still percent-encoded, so that an encoded slash stays in its value.
    :param utf8_names: whether a label name may be any UTF-8; it is then escaped as ``U__…``
        (:func:`tidegate.exposition.name_escaping.unescape`).
    :raises errors.BadGroupingKeyError: the path has no job, a name without a value, an invalid label name, or an
        invalid encoding.
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
    return grouping.GroupingKey(tuple([(name, values[index]) for name, index in layout.indexes]))


def path(key: grouping.GroupingKey) -> str:
    """The part of the path after ``/metrics/`` for this key; the inverse of :func:`grouping_key`."""
    ordered = sorted(key, key=lambda pair: pair[0] != "job")
    escaped = [
        (name_escaping.escape(name, name_escaping.Escaping.VALUES, label=True), value) for name, value in ordered
    ]
    return "/".join(group_paths.segments(name, value) for name, value in escaped)


class _Layout(NamedTuple):
    """The parsed label names of a path.

    :param indexes: the label names in order, each with the index of its value in the path.
    :param has_base64: whether any value is in base64.
    """

    indexes: tuple[tuple[str, int], ...]
    has_base64: bool


@functools.lru_cache(maxsize=_MAX_CACHED_LAYOUTS)
def _layout(raw_names: tuple[str, ...], *, utf8_names: bool) -> _Layout:
    """The layout of a path with these names, ``job`` first. Many groups have the same."""
    indexes = {}
    decoded = [_decode(name) for name in raw_names]
    for index, name in enumerate(decoded[1:], 1):
        label = name.removesuffix(_BASE64_SUFFIX)
        if label.startswith(_RESERVED_PREFIX):
            raise errors.BadGroupingKeyError(f"improper label name {label!r}: names that begin with __ are reserved")
        label = name_escaping.unescape(label) if utf8_names else label
        if not label or not (utf8_names or name_escaping.is_plain_label(label)):
            hint = line_parser.NAMES_HINT if label else ": it is empty"
            raise errors.BadGroupingKeyError(f"improper label name {label!r}{hint}")
        indexes[label] = index
    indexes["job"] = 0
    duplicate = name_escaping.clash({**indexes, "instance": 0})
    if duplicate is not None:
        raise errors.BadGroupingKeyError(
            f"two labels have the same name {duplicate} for scrapers that do not support UTF-8 names; rename one"
        )
    return _Layout(tuple(sorted(indexes.items())), any(name.endswith(_BASE64_SUFFIX) for name in decoded))


def _value(name: str, raw: str) -> str:
    """Decode a value.

    :param name: the decoded label name; it may end in ``@base64``.
    """
    value = _decode(raw)
    if not name.endswith(_BASE64_SUFFIX):
        return value
    # Some encoders insert line ends; Pushgateway ignores them, too.
    unpadded = value.rstrip("=").translate(_LINE_ENDS)
    if "+" in unpadded or "/" in unpadded:
        # The library accepts both alphabets, but Pushgateway only the URL-safe one.
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
