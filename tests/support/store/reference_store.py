"""A reference store for comparison: simple, it computes everything from the recorded pushes on every call."""

from __future__ import annotations

import dataclasses

from tidegate.exposition.text import metric_order, renderer
from tidegate.model import families, grouping

PARTS = {
    families.MetricType.SUMMARY: {"_sum", "_count"},
    families.MetricType.HISTOGRAM: {"_sum", "_count", "_bucket"},
    families.MetricType.GAUGE_HISTOGRAM: {"_sum", "_count", "_bucket"},
}
TIMES = ("push_time_seconds", "push_failure_time_seconds")


@dataclasses.dataclass
class Group:
    """The pushed families, unchanged."""

    families: dict[str, families.Family]
    push_time: float = 0.0
    push_failure_time: float = 0.0


class Model:
    """Groups by key; a push is judged by building everything as it would be."""

    def __init__(self) -> None:
        self.groups: dict[grouping.GroupingKey, Group] = {}

    def push(self, key: grouping.GroupingKey, pushed: dict[str, families.Family], *, replace: bool, now: float) -> bool:
        """Whether the push is accepted."""
        group = self.groups.get(key) or Group({})
        kept = {} if replace else group.families
        after = {**self.groups, key: dataclasses.replace(group, families={**kept, **pushed}, push_time=now)}
        timed = any(metric.timestamp_ms is not None for family in pushed.values() for metric in family.metrics)
        if not timed and _stands(after):
            self.groups = after
            return True
        self.groups[key] = dataclasses.replace(group, push_failure_time=now)
        return False

    def delete(self, key: grouping.GroupingKey) -> bool:
        return self.groups.pop(key, None) is not None

    def lines(self) -> dict[str, tuple[families.MetricType, list[bytes]]]:
        """By family, its type and the lines of its series in order."""
        found: dict[str, tuple[families.MetricType, dict[str, bytes]]] = {}
        for key, group in self.groups.items():
            for family in [*group.families.values(), *_times(group)]:
                series = found.setdefault(family.name, (family.type, {}))[1]
                for metric in family.metrics:
                    labels = _labels(key, metric)
                    lines = renderer.metric(family.name, type=family.type, labels=labels, value=metric.value)
                    series[metric_order.series_key(labels)] = lines
        return {name: (type, [series[key] for key in sorted(series)]) for name, (type, series) in found.items()}


def _labels(key: grouping.GroupingKey, metric: families.Metric) -> families.Labels:
    return tuple(sorted({"instance": "", **dict(metric.labels), **dict(key)}.items()))


def _times(group: Group) -> list[families.Family]:
    values = zip(TIMES, (group.push_time, group.push_failure_time), strict=True)
    gauge = families.MetricType.GAUGE
    return [families.Family(name, gauge, metrics=[families.Metric((), value)]) for name, value in values]


def _stands(all_groups: dict[grouping.GroupingKey, Group]) -> bool:
    """One type a name, no series twice, no family that is called as a part of another."""
    types: dict[str, set[families.MetricType]] = {}
    series: list[tuple[str, families.Labels]] = []
    for key, group in all_groups.items():
        for family in group.families.values():
            types.setdefault(family.name, set()).add(family.type)
            series += [(family.name, _labels(key, metric)) for metric in family.metrics]
    parts = {name + part for name, found in types.items() for type in found for part in PARTS.get(type, ())}
    return (
        all(len(found) == 1 for found in types.values()) and len(set(series)) == len(series) and not parts & set(types)
    )
