"""The path of a group in a stock Pushgateway, in the encodings of its README."""

from __future__ import annotations

import re

from tidegate.model import group_paths, grouping

_PLAIN_NAME = re.compile(r"(?!__|U__)[A-Za-z_][A-Za-z0-9_]*")
_ESCAPED_PREFIX = "U__"

_REPLACED = re.compile("[\ufffd\ud800-\udfff]")
"""The characters that JSON has in place of bytes that are not UTF-8."""


def path(key: grouping.GroupingKey) -> str:
    """The path after ``/metrics/``: ``job/backup/instance/db1``, with base64 for values that need it."""
    ordered = sorted(key, key=lambda pair: pair[0] != "job")
    return "/".join(group_paths.segments(_name(name), value) for name, value in ordered)


def is_unambiguous(key: grouping.GroupingKey) -> bool:
    """Whether this is certainly the key of one group, and its path that of this group.

    Whether a name that begins with ``U__`` is an escaped one depends on the server's flags.
    """
    return not any(_REPLACED.search(name + value) or name.startswith(_ESCAPED_PREFIX) for name, value in key)


def same_path_key(key: grouping.GroupingKey) -> grouping.GroupingKey | None:
    """The key of another group that has the same path if the server does not allow UTF-8 names; ``None`` for none."""
    if all(_PLAIN_NAME.fullmatch(name) for name, _ in key):
        return None
    return grouping.grouping_key({_name(name): value for name, value in key})


def _name(name: str) -> str:
    if _PLAIN_NAME.fullmatch(name):
        return name
    return _ESCAPED_PREFIX + "".join(_escaped(character, first=not index) for index, character in enumerate(name))


def _escaped(character: str, *, first: bool) -> str:
    if character == "_":
        return "__"
    if character.isascii() and (character.isalpha() or (character.isdigit() and not first)):
        return character
    return f"_{ord(character):x}_"
