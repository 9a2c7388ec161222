"""prometheus_client's own parser of OpenMetrics, which refuses a whole exposition over one fault."""

from __future__ import annotations

from prometheus_client import Metric
from prometheus_client.openmetrics import parser


def parsed(exposition: str) -> list[Metric]:
    """All families; ``ValueError`` where the exposition is not OpenMetrics."""
    return list(parser.text_string_to_metric_families(exposition))  # type: ignore[no-untyped-call]
