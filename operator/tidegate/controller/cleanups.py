"""What a Job's author says about its groups: the ``tidegate.dev`` annotations, parsed."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from tidegate.controller import keypatterns

GROUPING_KEY = "tidegate.dev/grouping-key"
CLEANUP = "tidegate.dev/cleanup"
KEEP_FAILED_FOR = "tidegate.dev/keep-failed-for"
DRAIN_TIMEOUT = "tidegate.dev/drain-timeout"
ANNOTATIONS = frozenset({GROUPING_KEY, CLEANUP, KEEP_FAILED_FOR, DRAIN_TIMEOUT})

MOST_KEYS = 100
"""Groups that one annotation may name."""

DURATION = "([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?"
_DURATION = re.compile("(?=[0-9])" + DURATION, re.ASCII)
_T = TypeVar("_T")
_SECONDS = {"h": 3600, "m": 60, "s": 1}


class Cleanup(enum.Enum):
    """When a Job's groups are over. It may have ended in any way, unless said otherwise."""

    ON_COMPLETION = "on-completion"
    """When it is Complete or Failed, or gone."""
    ON_SUCCESS = "on-success"
    """When it is Complete, or gone: what a failed run said stays as long as the failed Job."""
    ON_DELETION = "on-deletion"
    """When it is gone."""
    SUPERSEDED = "superseded"
    """When the next run of what made it has pushed; what nothing made, when it is gone."""
    AFTER = "after"
    """A while after it is Complete or Failed, or gone."""
    NEVER = "never"
    """Never: its groups are nobody's to delete."""


@dataclass(frozen=True, slots=True)
class CleanupRules:
    """What holds for the groups of one object.

    :param keys: the grouping keys that are its own; ``None`` where none are named and address and names decide.
    :param after: seconds that its groups stay after its end, with the cleanup ``AFTER`` alone.
    :param keep_failed_for: seconds that its groups stay at least after it failed.
    :param drain_timeout: seconds; ``None`` where the operator's default holds.
    :param problems: what could not be read, or be found on this object, in words for the author.
    """

    keys: frozenset[keypatterns.KeyPattern] | None = None
    cleanup: Cleanup = Cleanup.ON_COMPLETION
    after: float = 0.0
    keep_failed_for: float = 0.0
    drain_timeout: float | None = None
    problems: tuple[str, ...] = ()


def parse(annotations: Mapping[str, str]) -> CleanupRules:
    """Read an object's annotations. What cannot be read deletes least: without a readable key or policy, never."""
    if not annotations.keys() & ANNOTATIONS:
        return _DEFAULT
    problems: list[str] = []
    keys = _read(annotations, GROUPING_KEY, parse_keys, problems, otherwise=_KEPT)
    cleanup = _read(annotations, CLEANUP, _parse_cleanup, problems, otherwise=_KEPT)
    keep_failed_for = _read(annotations, KEEP_FAILED_FOR, parse_duration, problems, otherwise=_KEPT)
    when, after = (Cleanup.NEVER, 0.0) if problems else cleanup or (Cleanup.ON_COMPLETION, 0.0)
    drain_timeout = _read(annotations, DRAIN_TIMEOUT, parse_duration, problems, otherwise="the default holds")
    return CleanupRules(keys, when, after, keep_failed_for or 0.0, drain_timeout, tuple(problems))


def parse_keys(text: str) -> frozenset[keypatterns.KeyPattern]:
    """Grouping keys as in ``job=backup,instance=db1; job=other,shard=*``: ``;`` between groups, ``,`` between labels.

    ``ValueError`` says what is wrong.
    """
    parts = text.split(";", maxsplit=MOST_KEYS)
    if len(parts) > MOST_KEYS:
        raise ValueError(f"it names more than {MOST_KEYS} groups")
    return frozenset(keypatterns.parse(part) for part in parts)


def parse_duration(text: str) -> float:
    """Seconds of a duration such as ``90s``, ``5m`` or ``1h30m``; ``ValueError`` says what is wrong."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no duration such as 90s, 5m or 1h30m")
    return float(sum(int(part[:-1]) * _SECONDS[part[-1]] for part in found.groups() if part))


def _parse_cleanup(text: str) -> tuple[Cleanup, float]:
    word, equals, duration = (piece.strip() for piece in text.partition("="))
    if word == Cleanup.AFTER.value and equals:
        after = parse_duration(duration)
        if not after:
            raise ValueError(f"{text!r} is no time after; {Cleanup.ON_COMPLETION.value} is at once")
        return Cleanup.AFTER, after
    if equals or word == Cleanup.AFTER.value or word not in _CHOICES:
        raise ValueError(f"{text!r} is none of {_WORDS}")
    return Cleanup(word), 0.0


def _read(
    annotations: Mapping[str, str], name: str, parser: Callable[[str], _T], problems: list[str], *, otherwise: str
) -> _T | None:
    if (text := annotations.get(name)) is not None:
        try:
            return parser(text)
        except ValueError as error:
            problems.append(f"{name}: {error}; {otherwise}")
    return None


_CHOICES = [choice.value for choice in Cleanup]
_WORDS = ", ".join(f"{word}=10m" if word == Cleanup.AFTER.value else word for word in _CHOICES)
_KEPT = "nothing of this object is cleaned up"
_DEFAULT = CleanupRules()
