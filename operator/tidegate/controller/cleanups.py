"""What a Job's author says about its groups: the ``tidegate.dev`` annotations, parsed."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass

from tidegate.model import groups

GROUPING_KEY = "tidegate.dev/grouping-key"
CLEANUP = "tidegate.dev/cleanup"
DRAIN_TIMEOUT = "tidegate.dev/drain-timeout"

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_DURATION = re.compile(r"(?=[0-9])(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?")


class Cleanup(enum.Enum):
    """When a Job's groups are over."""

    ON_COMPLETION = "on-completion"
    """When it is Complete or Failed, or gone."""
    ON_SUCCESS = "on-success"
    """When it is Complete, or gone: what a failed run said stays as long as the failed Job."""
    ON_DELETION = "on-deletion"
    """When it is gone."""
    NEVER = "never"
    """Never: its groups are nobody's to delete."""


@dataclass(frozen=True, slots=True)
class CleanupRules:
    """The annotations of one object.

    :param keys: the grouping keys that it names as its own; ``None`` where it names none and its name decides.
    :param drain_timeout: seconds; ``None`` where the operator's default holds.
    :param problems: what could not be read, in words for the author.
    """

    keys: frozenset[groups.GroupingKey] | None = None
    cleanup: Cleanup = Cleanup.ON_COMPLETION
    drain_timeout: float | None = None
    problems: tuple[str, ...] = ()


def parse(annotations: Mapping[str, str]) -> CleanupRules:
    """Read an object's annotations. What cannot be read deletes least: without a readable key or policy, never."""
    if not annotations.keys() & {GROUPING_KEY, CLEANUP, DRAIN_TIMEOUT}:
        return _DEFAULT
    problems: list[str] = []
    keys, cleanup, drain_timeout = None, Cleanup.ON_COMPLETION, None
    if (text := annotations.get(GROUPING_KEY)) is not None:
        try:
            keys = parse_keys(text)
        except ValueError as error:
            problems.append(f"{GROUPING_KEY}: {error}; nothing of this object is cleaned up")
    if (text := annotations.get(CLEANUP)) is not None:
        try:
            cleanup = Cleanup(text.strip())
        except ValueError:
            choices = ", ".join(choice.value for choice in Cleanup)
            problems.append(f"{CLEANUP}: {text!r} is none of {choices}; nothing of this object is cleaned up")
    if problems:
        cleanup = Cleanup.NEVER
    if (text := annotations.get(DRAIN_TIMEOUT)) is not None:
        try:
            drain_timeout = parse_duration(text)
        except ValueError as error:
            problems.append(f"{DRAIN_TIMEOUT}: {error}; the default holds")
    return CleanupRules(keys=keys, cleanup=cleanup, drain_timeout=drain_timeout, problems=tuple(problems))


def parse_keys(text: str) -> frozenset[groups.GroupingKey]:
    """Grouping keys as in ``job=backup,instance=db1; job=other``: ``;`` between groups, ``,`` between labels.

    A value reaches to the next ``,`` or ``;`` and may contain ``=``; there is no way to quote. Spaces around names and
    values do not count. ``ValueError`` says what is wrong.
    """
    return frozenset(_parse_key(part) for part in text.split(";"))


def parse_duration(text: str) -> float:
    """Seconds of a duration such as ``90s``, ``5m`` or ``1h30m``; ``ValueError`` says what is wrong."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no duration such as 90s, 5m or 1h30m")
    hours, minutes, seconds = (int(number or 0) for number in found.groups())
    return float(hours * 3600 + minutes * 60 + seconds)


def _parse_key(text: str) -> groups.GroupingKey:
    labels: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise ValueError(f"{part.strip()!r} is no label such as job=backup")
        if not _LABEL_NAME.fullmatch(name) or name.startswith("__"):
            raise ValueError(f"{name!r} is no label name")
        if not value:
            raise ValueError(f"label {name} has no value")
        if name in labels:
            raise ValueError(f"label {name} stands twice in one group")
        labels[name] = value
    if "job" not in labels:
        raise ValueError(f"{text.strip()!r} has no job label, so it names no group")
    return groups.grouping_key(labels)


_DEFAULT = CleanupRules()
