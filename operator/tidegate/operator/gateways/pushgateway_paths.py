"""How a stock Pushgateway is told which group is meant: by a path, in the spellings that its README has."""

from __future__ import annotations

import re

from tidegate.model import group_paths, grouping

_PLAIN_NAME = re.compile(r"(?!__|U__)[A-Za-z_][A-Za-z0-9_]*")
_CODED_PREFIX = "U__"

_LOST = re.compile("[\ufffd\ud800-\udfff]")
"""What stands in JSON where bytes were no UTF-8."""


def path(key: grouping.GroupingKey) -> str:
    """What follows ``/metrics/``: ``job/backup/instance/db1``, with base64 where a value is not plain."""
    ordered = sorted(key, key=lambda pair: pair[0] != "job")
    return "/".join(group_paths.spelled(_name(name), value) for name, value in ordered)


def is_clear(key: grouping.GroupingKey) -> bool:
    """Whether this is the key of one group for certain, and its path that of this group.

    A name that begins with ``U__`` stands for another one, or for itself, as the server's flags have it.
    """
    return not any(_LOST.search(name + value) or name.startswith(_CODED_PREFIX) for name, value in key)


def twin(key: grouping.GroupingKey) -> grouping.GroupingKey | None:
    """The other group that the same path is of where names beyond the plain ones are not enabled, if there is one."""
    if all(_PLAIN_NAME.fullmatch(name) for name, _ in key):
        return None
    return grouping.grouping_key({_name(name): value for name, value in key})


def _name(name: str) -> str:
    if _PLAIN_NAME.fullmatch(name):
        return name
    return _CODED_PREFIX + "".join(_coded(character, first=not place) for place, character in enumerate(name))


def _coded(character: str, *, first: bool) -> str:
    if character == "_":
        return "__"
    if character.isascii() and (character.isalpha() or (character.isdigit() and not first)):
        return character
    return f"_{ord(character):x}_"
