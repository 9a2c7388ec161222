"""Parser of ``GET /api/v1/metrics`` of a stock Pushgateway, reduced to the time of each group's last push. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tidegate.model import grouping
from tidegate.operator.gateways import pushgateway_paths

_PUSH_TIME = "push_time_seconds"


class BadResponseError(ValueError):
    """The response is not a complete one of a Pushgateway; nothing follows from it."""


class GroupList(NamedTuple):
    """All groups at one moment.

    :param pushed: the Unix time of each group's last successful push, 0.0 if there was none. Its resolution is below a
        microsecond, so two pushes have different times.
    :param ambiguous: groups that the response does not identify unambiguously. They may have been pushed at any time
        and must not be deleted.
    """

    pushed: Mapping[grouping.GroupingKey, float]
    ambiguous: frozenset[grouping.GroupingKey] = frozenset()


class _Family(NamedTuple):
    """The first series of a family: its labels and its value."""

    labels: Any
    value: Any


class _Group(NamedTuple):
    labels: Any
    push_time: _Family


def parse(body: bytes | bytearray) -> GroupList:
    """Parse a complete response. Takes seconds for many series; other threads run meanwhile.

    :raises BadResponseError: it is not a response of a Pushgateway.
    """
    try:
        response = json.loads(body, object_pairs_hook=_reduced)
    except (ValueError, RecursionError) as error:
        raise BadResponseError(f"the response is not JSON: {error}") from error
    if (
        not isinstance(response, dict)
        or response.get("status") != "success"
        or not isinstance(response.get("data"), list)
    ):
        raise BadResponseError("the response has no list of groups")
    pushed: dict[grouping.GroupingKey, float] = {}
    ambiguous: set[grouping.GroupingKey] = set()
    for group in response["data"]:
        if not isinstance(group, _Group):
            raise BadResponseError(f"a group has no {_PUSH_TIME}")
        push_time = _time(group.push_time.value)
        for key in _keys(group):
            if key in pushed:
                ambiguous.add(key)
            pushed[key] = push_time
            if not pushgateway_paths.is_unambiguous(key) or isinstance(group.labels, _Family):
                ambiguous.add(key)
    ambiguous |= set(_keys_with_same_path(pushed))
    for key in ambiguous:
        del pushed[key]
    return GroupList(pushed, frozenset(ambiguous))


def _reduced(pairs: list[tuple[str, Any]]) -> Any:
    """The needed part of a JSON object, so that a response takes little more memory than its text."""
    fields = dict(pairs)
    metrics = fields.get("metrics")
    if isinstance(metrics, list):
        first = metrics[0] if metrics and isinstance(metrics[0], dict) else {}
        return _Family(first.get("labels"), first.get("value"))
    push_time = fields.get(_PUSH_TIME)
    if isinstance(push_time, _Family):
        return _Group(fields.get("labels"), push_time)
    return fields


def _keys(group: _Group) -> Iterator[grouping.GroupingKey]:
    """The key of a group; all possible keys if a pushed metric named ``labels`` replaces it in the JSON.

    The push time has the labels of the key, and an empty ``instance`` if the key has none.
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
        raise BadResponseError("a group has no grouping key")
    return grouping.grouping_key(labels)


def _keys_with_same_path(pushed: Mapping[grouping.GroupingKey, float]) -> Iterator[grouping.GroupingKey]:
    """The keys of groups whose path another group has, too."""
    for key in pushed:
        other = pushgateway_paths.same_path_key(key)
        if other is not None and other in pushed:
            yield key


def _time(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError) as error:
        raise BadResponseError(f"{_PUSH_TIME} is {value!r}") from error
    if not math.isfinite(seconds):
        raise BadResponseError(f"{_PUSH_TIME} is {value!r}")
    return seconds
