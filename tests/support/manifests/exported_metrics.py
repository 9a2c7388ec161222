"""The metrics that gateway and operator export before any push or cleanup, for checks of alerts and dashboards."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

import prometheus_client

from tidegate import telemetry
from tidegate.gateway.metrics import database_metrics
from tidegate.gateway.metrics import own_metrics as gateway_metrics
from tidegate.operator import operator_metrics

_NAME = re.compile(r"\b(?:tidegate|process|python)_\w+")
_OF_FAMILIES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}


@functools.cache
def _registry() -> prometheus_client.CollectorRegistry:
    registry = telemetry.new_registry()
    for kind in (gateway_metrics.GatewayMetrics, gateway_metrics.PersistenceMetrics, operator_metrics.OperatorMetrics):
        kind(registry)
    database_metrics.DatabaseMetrics(registry).watch(["http://prometheus:9090"], count_missing=lambda: 0)
    return registry


@functools.cache
def at_the_start() -> Mapping[str, frozenset[tuple[str, str]]]:
    """The series that exist from the start: for each name, all its labels."""
    found: dict[str, set[tuple[str, str]]] = {}
    for family in _registry().collect():
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels.items())
    return {name: frozenset(labels) for name, labels in found.items()}


@functools.cache
def ever() -> frozenset[str]:
    """The names of all series that can exist."""
    return frozenset(
        f"{family.name}{suffix}" for family in _registry().collect() for suffix in _OF_FAMILIES[family.type]
    )


def named_in(text: str) -> set[str]:
    """The metrics of tidegate, and those of its process, that a text names."""
    return set(_NAME.findall(text))
