"""Completion rules: how to read from an object's status whether it has finished.

A rule is a line of text, ``PATH=SUCCESS,…/FAILURE,…``. The path leads to a value, to a condition (the value is its
status), or to a list of conditions (the values are the types of those that are "True"). An object with none of the
listed values has not finished.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

Json: TypeAlias = Mapping[str, Any]

_STEP = re.compile(r"[A-Za-z0-9_-]+")
_WORD = re.compile(r"[A-Za-z0-9_.-]+")
_TRUE_VALUES = frozenset({"True", "true"})
_FINISH_TIME_FIELDS = ("completionTime", "finishedAt")
"""Fields of a status that controllers commonly use for the completion time."""


class Finish(NamedTuple):
    """How an object finished, and when (Unix seconds on the API server's clock)."""

    succeeded: bool
    at: float


FinishReader: TypeAlias = Callable[[Json], Finish | None]
"""Reads how an object finished; ``None`` while it has not."""


@dataclass(frozen=True, slots=True)
class CompletionRule:
    """A parsed rule; a :data:`FinishReader`."""

    path: tuple[str, ...]
    successes: frozenset[str]
    failures: frozenset[str] = frozenset()

    def __call__(self, data: Json) -> Finish | None:
        for word, condition in _values_at(data, self.path):
            if word in self.successes or word in self.failures:
                return Finish(succeeded=word in self.successes, at=_finish_time(data, condition))
        return None


def parse(text: str) -> CompletionRule:
    """Parse a rule such as ``status.conditions.Done``.

    Others are ``status.conditions.Succeeded=True/False``, ``status.conditions=Complete/Failed`` and
    ``status.phase=Succeeded/Failed,Error``.

    Without values, the object has finished successfully when the condition or the field is true.

    :raises ValueError: the text is not a rule; the message says why.
    """
    path, equals, words = text.partition("=")
    steps = tuple(path.split("."))
    if not all(_STEP.fullmatch(step) for step in steps):
        raise ValueError(f"{path!r} is not a path such as status.phase or status.conditions.Done")
    if not equals:
        return CompletionRule(steps, _TRUE_VALUES)
    successes, slash, failures = words.partition("/")
    rule = CompletionRule(steps, _words(successes), _words(failures) if slash else frozenset())
    if both := rule.successes & rule.failures:
        raise ValueError(f"{min(both)!r} is listed both as success and as failure")
    return rule


def pod_finish(data: Json) -> Finish | None:
    """Read how a pod finished: by its phase, at the time when its last container ended."""
    status = _mapping(data.get("status"))
    phase = status.get("phase")
    if phase not in ("Succeeded", "Failed"):
        return None
    times: list[float] = []
    for container in _items(status.get("containerStatuses")):
        terminated = _mapping(_mapping(container.get("state")).get("terminated"))
        if (at := _seconds(terminated.get("finishedAt"))) is not None:
            times.append(at)
    # An evicted pod may have no container statuses; it stopped being ready when it was evicted.
    ready = [condition for condition in _items(status.get("conditions")) if condition.get("type") == "Ready"]
    return Finish(phase == "Succeeded", max(times) if times else _finish_time(data, ready[0] if ready else {}))


def never_finishes(_data: Json) -> Finish | None:
    """The reader for kinds that never finish and are only deleted."""
    return None


def _words(text: str) -> frozenset[str]:
    words = text.split(",")
    for word in words:
        if not _WORD.fullmatch(word):
            raise ValueError(
                f"{word!r} is not a valid value: write PATH=SUCCESS,…/FAILURE,… as in status.phase=Done/Failed"
            )
    return frozenset(words)


def _values_at(data: Json, path: tuple[str, ...]) -> Iterator[tuple[str, Json]]:
    """The values that a path leads to, each with its condition if it has one."""
    value: Any = data
    for step in path:
        if isinstance(value, list):
            value = next((item for item in _items(value) if item.get("type") == step), None)
        else:
            value = _mapping(value).get(step)
    if isinstance(value, list):
        yield from ((str(item.get("type")), item) for item in _items(value) if item.get("status") == "True")
    elif isinstance(value, Mapping):
        yield str(value.get("status")), value
    elif isinstance(value, bool):
        yield str(value).lower(), {}
    elif value is not None:
        yield str(value), {}


def _finish_time(data: Json, condition: Json) -> float:
    status = _mapping(data.get("status"))
    for text in (condition.get("lastTransitionTime"), *(status.get(name) for name in _FINISH_TIME_FIELDS)):
        if (at := _seconds(text)) is not None:
            return at
    # All of these are optional. The creation time is the safe choice: later pushes do not count as the object's own.
    return unix_seconds(data["metadata"]["creationTimestamp"])


def unix_seconds(text: str) -> float:
    """Parse a Kubernetes timestamp such as ``2026-01-31T08:00:00Z``."""
    return datetime.datetime.fromisoformat(text).timestamp()


def _seconds(text: Any) -> float | None:
    """Parse an optional timestamp; ``None`` if it is missing or malformed, as custom controllers may write anything."""
    try:
        when = datetime.datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return when.timestamp() if when.tzinfo is not None else None


def _mapping(value: Any) -> Json:
    return value if isinstance(value, Mapping) else {}


def _items(value: Any) -> Iterator[Json]:
    return (item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else iter(())
