"""Cleanup rules: which groups belong to an object and when they are deleted, from annotations and policies.

Each source (the annotations of the object, then policies) sets some of the rules; merging them gives the rules that
apply.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from tidegate.model import durations
from tidegate.operator.policy import annotation_checks, key_patterns

GROUPING_KEY = "tidegate.dev/grouping-key"
CLEANUP = "tidegate.dev/cleanup"
KEEP_FAILED_FOR = "tidegate.dev/keep-failed-for"
DRAIN_TIMEOUT = "tidegate.dev/drain-timeout"
ANNOTATIONS = frozenset({GROUPING_KEY, CLEANUP, KEEP_FAILED_FOR, DRAIN_TIMEOUT})

ANNOTATION = "annotation"
"""The source of a rule that an annotation of the object sets."""
DEFAULT = "default"
"""The source of a rule that nothing sets."""

KEPT_UNTIL_FIXED = "the groups of this object are kept until this is fixed"
"""The consequence of a problem."""

MAX_KEYS = 100
"""Groups that one annotation may name."""

_T = TypeVar("_T")


class Cleanup(enum.Enum):
    """When the groups of an object start to drain. Unless stated otherwise it may have finished in any way."""

    ON_COMPLETION = "on-completion"
    """When it is Complete or Failed, or deleted."""
    ON_SUCCESS = "on-success"
    """When it is Complete, or deleted. The groups of a failed Job are kept while the Job exists."""
    ON_DELETION = "on-deletion"
    """When it is deleted."""
    SUPERSEDED = "superseded"
    """Of a CronJob's run, when the next run has pushed; of any other object, when it is deleted."""
    AFTER = "after"
    """A time after it is Complete or Failed, or deleted."""
    NEVER = "never"
    """Never: the operator does not delete its groups."""


class PolicyRef(NamedTuple):
    """The name of a policy; a cluster-wide policy has no namespace."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class PartialRules:
    """The cleanup rules that one source sets; ``None`` where it leaves a rule to the next source.

    :param after: seconds, for the cleanup ``AFTER`` alone.
    :param problems: errors in the source, as text for its author.
    :param is_invalid: whether an error is in a rule that decides about deletion. Then nothing is deleted, whatever
        other sources set.
    """

    keys: frozenset[key_patterns.KeyPattern] | None = None
    cleanup: Cleanup | None = None
    after: float = 0.0
    keep_failed_for: float | None = None
    drain_timeout: float | None = None
    problems: tuple[str, ...] = ()
    is_invalid: bool = False


NO_RULES = PartialRules()


class Sources(NamedTuple):
    """The source of each rule: ``annotation``, a policy such as ``GroupCleanupPolicy prod/nightly``, or ``default``."""

    keys: str = DEFAULT
    cleanup: str = DEFAULT
    keep_failed_for: str = DEFAULT
    drain_timeout: str = DEFAULT


_ALL_DEFAULT = Sources()


def source_name(source: str, annotation: str) -> str:
    """A source as text: ``annotation tidegate.dev/cleanup``, ``GroupCleanupPolicy prod/nightly`` or ``default``.

    :param annotation: the annotation of the setting that it is the source of.
    """
    return f"annotation {annotation}" if source == ANNOTATION else source


@dataclass(frozen=True, slots=True)
class CleanupRules:
    """The cleanup rules that apply to the groups of one object.

    :param keys: the grouping keys of its groups; ``None`` if no source names them and other ownership rules decide.
    :param after: seconds for which its groups are kept after its end; with the cleanup ``AFTER`` alone.
    :param keep_failed_for: minimum seconds for which its groups are kept after it failed.
    :param drain_timeout: seconds; ``None`` for the operator's default.
    :param problems: errors in the sources, as text for their authors.
    :param policies: the policies that select this object, in order of precedence.
    """

    keys: frozenset[key_patterns.KeyPattern] | None = None
    cleanup: Cleanup = Cleanup.ON_COMPLETION
    after: float = 0.0
    keep_failed_for: float = 0.0
    drain_timeout: float | None = None
    problems: tuple[str, ...] = ()
    source: Sources = _ALL_DEFAULT
    policies: tuple[PolicyRef, ...] = ()


def parse(annotations: Mapping[str, str]) -> CleanupRules:
    """The rules of an object with these annotations that no policy selects."""
    return without_policies(from_annotations(annotations))


def without_policies(own_rules: PartialRules) -> CleanupRules:
    """The rules of an object that no policy selects.

    :param own_rules: the rules that its annotations set.
    """
    return _DEFAULT_RULES if own_rules is NO_RULES else merge([(ANNOTATION, own_rules)])


class _Annotations:
    """The annotations of one object, and the errors in those that were parsed."""

    def __init__(self, annotations: Mapping[str, str], *, problems: Iterable[str]) -> None:
        self._annotations = annotations
        self.problems = [f"{problem}; {KEPT_UNTIL_FIXED}" for problem in problems]

    def parse(self, name: str, parser: Callable[[str], _T], *, consequence: str = KEPT_UNTIL_FIXED) -> _T | None:
        """The value of an annotation; ``None`` if it is missing or invalid."""
        text = self._annotations.get(name)
        if text is None:
            return None
        try:
            return parser(text)
        except ValueError as error:
            self.problems.append(f"{name}: {error}; {consequence}")
            return None


def from_annotations(annotations: Mapping[str, str], *, unread: tuple[str, ...] = ()) -> PartialRules:
    """The rules that annotations set. If one is invalid, all groups are kept: its author did not want the default.

    :param unread: problems of annotations elsewhere, where they have no effect.
    """
    if not unread and not any(name.startswith(annotation_checks.PREFIX) for name in annotations):
        return NO_RULES
    own = _Annotations(annotations, problems=(*annotation_checks.unknown(annotations, known=ANNOTATIONS), *unread))
    keys = own.parse(GROUPING_KEY, parse_keys)
    cleanup, after = own.parse(CLEANUP, _parse_cleanup) or (None, 0.0)
    keep_failed_for = own.parse(KEEP_FAILED_FOR, parse_duration)
    is_invalid = bool(own.problems)
    drain_timeout = own.parse(DRAIN_TIMEOUT, parse_duration, consequence="using the default")
    return PartialRules(
        keys=keys,
        cleanup=cleanup,
        after=after,
        keep_failed_for=keep_failed_for,
        drain_timeout=drain_timeout,
        problems=tuple(own.problems),
        is_invalid=is_invalid,
    )


def merge(sources: Iterable[tuple[str, PartialRules]], *, policies: tuple[PolicyRef, ...] = ()) -> CleanupRules:
    """The rules that apply: each one from the first source that sets it.

    :param sources: in order of precedence, each with its name.
    """
    ordered = list(sources)
    keys = _first((name, rules.keys) for name, rules in ordered)
    cleanup = _first((name, None if rules.cleanup is None else (rules.cleanup, rules.after)) for name, rules in ordered)
    invalid_source = next((name for name, rules in ordered if rules.is_invalid), None)
    if invalid_source is not None:
        cleanup = (invalid_source, (Cleanup.NEVER, 0.0))
    keep_failed_for = _first((name, rules.keep_failed_for) for name, rules in ordered)
    drain_timeout = _first((name, rules.drain_timeout) for name, rules in ordered)
    when, after = cleanup[1] or (Cleanup.ON_COMPLETION, 0.0)
    return CleanupRules(
        keys=keys[1],
        cleanup=when,
        after=after if when is Cleanup.AFTER else 0.0,
        keep_failed_for=keep_failed_for[1] or 0.0,
        drain_timeout=drain_timeout[1],
        problems=tuple(problem for _, rules in ordered for problem in rules.problems),
        source=Sources(keys[0], cleanup[0], keep_failed_for[0], drain_timeout[0]),
        policies=policies,
    )


def parse_keys(text: str) -> frozenset[key_patterns.KeyPattern]:
    """Parse grouping keys such as ``job=backup,instance=db1; job=other,shard=*``.

    ``;`` separates groups and ``,`` separates labels.

    :raises ValueError: a group is invalid, or there are too many.
    """
    groups = text.split(";", maxsplit=MAX_KEYS)
    if len(groups) > MAX_KEYS:
        raise ValueError(f"more than {MAX_KEYS} groups; use * for the value of a label")
    return frozenset(key_patterns.parse(group) for group in groups)


def parse_duration(text: str) -> float:
    """Parse a duration with optional space around it as seconds.

    :raises ValueError: it is not a duration.
    """
    return durations.parse(text.strip())


def _parse_cleanup(text: str) -> tuple[Cleanup, float]:
    word, equals, duration = (piece.strip() for piece in text.partition("="))
    if word == Cleanup.AFTER.value and equals:
        after = parse_duration(duration)
        if not after:
            raise ValueError(f"{text!r} is not longer than 0s; write {Cleanup.ON_COMPLETION.value}")
        return Cleanup.AFTER, after
    if equals or word == Cleanup.AFTER.value or word not in _CHOICES:
        raise ValueError(f"{text!r} is not one of {_WORDS}")
    return Cleanup(word), 0.0


def _first(values: Iterable[tuple[str, _T | None]]) -> tuple[str, _T | None]:
    """The first value that is set, with its source."""
    return next(((source, value) for source, value in values if value is not None), (DEFAULT, None))


_CHOICES = [choice.value for choice in Cleanup]
_WORDS = ", ".join(f"{word}=10m" if word == Cleanup.AFTER.value else word for word in _CHOICES)
_DEFAULT_RULES = CleanupRules()
