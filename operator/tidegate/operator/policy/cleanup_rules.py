"""What is said about a Job's groups: by its ``tidegate.dev`` annotations, by policies, and what comes of both."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from tidegate.operator.policy import annotation_checks, key_patterns

GROUPING_KEY = "tidegate.dev/grouping-key"
CLEANUP = "tidegate.dev/cleanup"
KEEP_FAILED_FOR = "tidegate.dev/keep-failed-for"
DRAIN_TIMEOUT = "tidegate.dev/drain-timeout"
ANNOTATIONS = frozenset({GROUPING_KEY, CLEANUP, KEEP_FAILED_FOR, DRAIN_TIMEOUT})

ANNOTATION = "annotation"
"""The source of what an object's own annotations say."""
DEFAULT = "default"
"""The source of what nobody says."""

KEPT = "nothing of this object is cleaned up"
"""What comes of a problem with it."""

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
    """Of a CronJob's run, when the next run has pushed; of anything else, when it is gone."""
    AFTER = "after"
    """A while after it is Complete or Failed, or gone."""
    NEVER = "never"
    """Never: its groups are nobody's to delete."""


class PolicyRef(NamedTuple):
    """The name of a policy; one for the whole cluster has no namespace."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Statement:
    """What one source says. ``None`` is what it does not say, so that the next source may.

    :param after: goes with the cleanup ``AFTER``, and counts for nothing without it.
    :param problems: what could not be read, in words for its author.
    :param is_unreadable: whether that decides what is deleted. Then nothing is, whatever anybody else says.
    """

    keys: frozenset[key_patterns.KeyPattern] | None = None
    cleanup: Cleanup | None = None
    after: float = 0.0
    keep_failed_for: float | None = None
    drain_timeout: float | None = None
    problems: tuple[str, ...] = ()
    is_unreadable: bool = False


SILENT = Statement()
"""Says nothing."""


class Sources(NamedTuple):
    """Who said what holds: ``annotation``, a policy such as ``GroupCleanupPolicy prod/nightly``, or ``default``."""

    keys: str = DEFAULT
    cleanup: str = DEFAULT
    keep_failed_for: str = DEFAULT
    drain_timeout: str = DEFAULT


_BY_DEFAULT = Sources()


def source_name(source: str, annotation: str) -> str:
    """A source as text: ``annotation tidegate.dev/cleanup``, ``GroupCleanupPolicy prod/nightly`` or ``default``.

    :param annotation: the annotation of the setting that it is the source of.
    """
    return f"annotation {annotation}" if source == ANNOTATION else source


@dataclass(frozen=True, slots=True)
class CleanupRules:
    """What holds for the groups of one object.

    :param keys: the grouping keys that are its own; ``None`` where none are named and address and names decide.
    :param after: seconds that its groups stay after its end, with the cleanup ``AFTER`` alone.
    :param keep_failed_for: seconds that its groups stay at least after it failed.
    :param drain_timeout: seconds; ``None`` where the operator's default holds.
    :param problems: what could not be read, or be found on this object, in words for the author.
    :param policies: those that are for this object, in the order in which they are asked.
    """

    keys: frozenset[key_patterns.KeyPattern] | None = None
    cleanup: Cleanup = Cleanup.ON_COMPLETION
    after: float = 0.0
    keep_failed_for: float = 0.0
    drain_timeout: float | None = None
    problems: tuple[str, ...] = ()
    source: Sources = _BY_DEFAULT
    policies: tuple[PolicyRef, ...] = ()


def parse(annotations: Mapping[str, str]) -> CleanupRules:
    """The rules of an object that no policy is for."""
    return alone(read(annotations))


def alone(said: Statement) -> CleanupRules:
    """The rules of an object of which this is all that is said."""
    return _DEFAULT if said is SILENT else merged([(ANNOTATION, said)])


def read(annotations: Mapping[str, str], *, unread: tuple[str, ...] = ()) -> Statement:
    """What annotations say. What cannot be read deletes least: its author wanted something else than the default.

    :param unread: problems with what is said elsewhere, where it has no effect.
    """
    if not unread and not any(name.startswith(annotation_checks.PREFIX) for name in annotations):
        return SILENT
    problems = [
        f"{problem}; {KEPT}" for problem in (*annotation_checks.unknown(annotations, known=ANNOTATIONS), *unread)
    ]
    keys, cleanup, keep_failed_for, drain_timeout = None, None, None, None
    after = 0.0
    if (text := annotations.get(GROUPING_KEY)) is not None:
        try:
            keys = parse_keys(text)
        except ValueError as error:
            problems.append(f"{GROUPING_KEY}: {error}; {KEPT}")
    if (text := annotations.get(CLEANUP)) is not None:
        try:
            cleanup, after = _parse_cleanup(text)
        except ValueError as error:
            problems.append(f"{CLEANUP}: {error}; {KEPT}")
    if (text := annotations.get(KEEP_FAILED_FOR)) is not None:
        try:
            keep_failed_for = parse_duration(text)
        except ValueError as error:
            problems.append(f"{KEEP_FAILED_FOR}: {error}; {KEPT}")
    is_unreadable = bool(problems)
    if (text := annotations.get(DRAIN_TIMEOUT)) is not None:
        try:
            drain_timeout = parse_duration(text)
        except ValueError as error:
            problems.append(f"{DRAIN_TIMEOUT}: {error}; the default holds")
    return Statement(
        keys=keys,
        cleanup=cleanup,
        after=after,
        keep_failed_for=keep_failed_for,
        drain_timeout=drain_timeout,
        problems=tuple(problems),
        is_unreadable=is_unreadable,
    )


def merged(said: Iterable[tuple[str, Statement]], *, policies: tuple[PolicyRef, ...] = ()) -> CleanupRules:
    """What holds, field by field, where the first source that says it is right."""
    sources = list(said)
    problems = tuple(problem for _, one in sources for problem in one.problems)
    keys = _first((source, one.keys) for source, one in sources)
    cleanup = _first((source, None if one.cleanup is None else (one.cleanup, one.after)) for source, one in sources)
    unreadable = next((source for source, one in sources if one.is_unreadable), None)
    if unreadable is not None:
        cleanup = (unreadable, (Cleanup.NEVER, 0.0))
    failed = _first((source, one.keep_failed_for) for source, one in sources)
    drain = _first((source, one.drain_timeout) for source, one in sources)
    when, after = cleanup[1] or (Cleanup.ON_COMPLETION, 0.0)
    return CleanupRules(
        keys=keys[1],
        cleanup=when,
        after=after if when is Cleanup.AFTER else 0.0,
        keep_failed_for=failed[1] or 0.0,
        drain_timeout=drain[1],
        problems=problems,
        source=Sources(keys[0], cleanup[0], failed[0], drain[0]),
        policies=policies,
    )


def parse_keys(text: str) -> frozenset[key_patterns.KeyPattern]:
    """Grouping keys as in ``job=backup,instance=db1; job=other,shard=*``: ``;`` between groups, ``,`` between labels.

    ``ValueError`` says what is wrong.
    """
    parts = text.split(";", maxsplit=MOST_KEYS)
    if len(parts) > MOST_KEYS:
        raise ValueError(f"it names more than {MOST_KEYS} groups")
    return frozenset(key_patterns.parse(part) for part in parts)


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


def _first(said: Iterable[tuple[str, _T | None]]) -> tuple[str, _T | None]:
    return next(((source, value) for source, value in said if value is not None), (DEFAULT, None))


_CHOICES = [choice.value for choice in Cleanup]
_WORDS = ", ".join(f"{word}=10m" if word == Cleanup.AFTER.value else word for word in _CHOICES)
_DEFAULT = CleanupRules()
