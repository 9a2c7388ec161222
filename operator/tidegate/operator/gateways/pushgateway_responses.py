"""What a stock Pushgateway answers to ``GET /api/v1/metrics``, cut down to when each group was pushed. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tidegate.model import grouping
from tidegate.operator.gateways import pushgateway_paths

_PUSH_TIME = "push_time_seconds"


class BadAnswerError(ValueError):
    """This is no whole answer of a Pushgateway; nothing is to be concluded from it."""


class Answer(NamedTuple):
    """All groups that there were at one moment.

    :param pushed: the Unix time of each group's last push that succeeded, 0.0 where none did. It is told to less than a
        microsecond, so two pushes have two times.
    :param unclear: groups that are there, of which the answer does not tell for certain which they are. They may have
        been pushed at any time, and are not to be touched.
    """

    pushed: Mapping[grouping.GroupingKey, float]
    unclear: frozenset[grouping.GroupingKey] = frozenset()


class _Family(NamedTuple):
    """The first series of a family: its labels and its value."""

    labels: Any
    value: Any


class _Group(NamedTuple):
    labels: Any
    push_time: _Family


def parse(body: bytes | bytearray) -> Answer:
    """Read a whole answer. Takes long where there are many series, and lets other threads run meanwhile.

    :raises BadAnswerError: it is none.
    """
    try:
        told = json.loads(body, object_pairs_hook=_reduced)
    except (ValueError, RecursionError) as error:
        raise BadAnswerError(f"no JSON: {error}") from error
    if not isinstance(told, dict) or told.get("status") != "success" or not isinstance(told.get("data"), list):
        raise BadAnswerError("JSON, but no list of groups")
    pushed: dict[grouping.GroupingKey, float] = {}
    unclear: set[grouping.GroupingKey] = set()
    for group in told["data"]:
        if not isinstance(group, _Group):
            raise BadAnswerError(f"a group without {_PUSH_TIME}")
        push_time = _time(group.push_time.value)
        for key in _keys(group):
            if key in pushed:
                unclear.add(key)
            pushed[key] = push_time
            if not pushgateway_paths.is_clear(key) or isinstance(group.labels, _Family):
                unclear.add(key)
    unclear |= set(_twins(pushed))
    for key in unclear:
        del pushed[key]
    return Answer(pushed, frozenset(unclear))


def _reduced(pairs: list[tuple[str, Any]]) -> Any:
    """What is needed of an object, so that an answer takes little more memory than its text."""
    found = dict(pairs)
    metrics = found.get("metrics")
    if isinstance(metrics, list):
        first = metrics[0] if metrics and isinstance(metrics[0], dict) else {}
        return _Family(first.get("labels"), first.get("value"))
    push_time = found.get(_PUSH_TIME)
    if isinstance(push_time, _Family):
        return _Group(found.get("labels"), push_time)
    return found


def _keys(group: _Group) -> Iterator[grouping.GroupingKey]:
    """The key of a group. A pushed metric with the name ``labels`` stands in its place: then all that it may be.

    The labels of the push time are those of the key, and an empty ``instance`` where it has none.
    """
    if not isinstance(group.labels, _Family):
        yield _key(group.labels)
        return
    labels = dict(_key(group.push_time.labels))
    yield grouping.grouping_key(labels)
    if labels.get("instance") == "":
        del labels["instance"]
        yield grouping.grouping_key(labels)


def _key(labels: Any) -> grouping.GroupingKey:
    if not isinstance(labels, dict) or not labels.get("job") or not all(isinstance(it, str) for it in labels.values()):
        raise BadAnswerError("a group without a grouping key")
    return grouping.grouping_key(labels)


def _twins(pushed: Mapping[grouping.GroupingKey, float]) -> Iterator[grouping.GroupingKey]:
    """Groups of which another has the same path."""
    for key in pushed:
        twin = pushgateway_paths.twin(key)
        if twin is not None and twin in pushed:
            yield key


def _time(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError) as error:
        raise BadAnswerError(f"{_PUSH_TIME} is {value!r}") from error
    if not math.isfinite(seconds):
        raise BadAnswerError(f"{_PUSH_TIME} is {value!r}")
    return seconds
