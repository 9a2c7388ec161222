"""The OpenMetrics parser of prometheus_client, which rejects a whole exposition for a single error."""

from __future__ import annotations

from prometheus_client import Metric
from prometheus_client.openmetrics import parser


def parsed(exposition: str) -> list[Metric]:
    """All families; raises ``ValueError`` if the exposition is not valid OpenMetrics."""
    return list(parser.text_string_to_metric_families(exposition))  # type: ignore[no-untyped-call]
