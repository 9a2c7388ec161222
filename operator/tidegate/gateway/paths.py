"""From the path of a push or a delete to the grouping key it names."""

from __future__ import annotations

import base64
import binascii
import re
import sys
import urllib.parse

from tidegate.exposition import names
from tidegate.model import errors, groups

_BASE64_SUFFIX = "@base64"
_RESERVED_PREFIX = "__"
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_LINE_ENDS = str.maketrans("", "", "\r\n")


def grouping_key(raw_path: str, *, utf8_names: bool = False) -> groups.GroupingKey:
    """The key that a path such as ``job/backup/instance/db1`` names; a name may end in ``@base64``.

    :param raw_path: what follows ``/metrics/``, still percent-encoded, so that an encoded slash stays in its value.
    :param utf8_names: whether a label name may be any UTF-8, and is then written as ``U__…``
        (:func:`tidegate.exposition.names.unescape`).
    :raises errors.BadGroupingKeyError: no job, a name without a value, no label name, broken encoding.
    """
    parts = raw_path.split("/")
    if len(parts) == 3 and parts[-1] == "":
        parts.pop()
    if len(parts) % 2:
        raise errors.BadGroupingKeyError(f"odd number of components in label string {raw_path!r}")
    labels: dict[str, str] = {}
    job = _value(_decode(parts[0]), parts[1])
    for name, value in zip(map(_decode, parts[2::2]), parts[3::2], strict=True):
        label = name.removesuffix(_BASE64_SUFFIX)
        if label.startswith(_RESERVED_PREFIX):
            raise errors.BadGroupingKeyError(f"improper label name {label!r}")
        label = names.unescape(label) if utf8_names else label
        if not label or not (utf8_names or names.is_plain_label(label)):
            raise errors.BadGroupingKeyError(f"improper label name {label!r}")
        # Every group has its label names; as one string each they take no memory.
        labels[sys.intern(label)] = _value(name, value)
    if not job:
        raise errors.BadGroupingKeyError("job name is required")
    twice = names.clash({**labels, "job": job, "instance": ""}) if utf8_names else None
    if twice is not None:
        raise errors.BadGroupingKeyError(f"two of its labels are both {twice} to some readers")
    labels["job"] = job
    return groups.grouping_key(labels)


def _value(name: str, raw: str) -> str:
    """:param name: decoded; ``raw`` is not."""
    value = _decode(raw)
    if not name.endswith(_BASE64_SUFFIX):
        return value
    # Some encoders break their lines and end the last one; Pushgateway reads over that, too.
    unpadded = value.rstrip("=").translate(_LINE_ENDS)
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
