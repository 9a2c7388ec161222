"""The contents of a Prometheus database, through its query API."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

from tests.soak import histories
from tests.support.prometheus import prometheus_server

METRIC = "soak_value"
_DELETED = "tidegate_groups_deleted_total"


def read(server: prometheus_server.Prometheus, *, interval: float, seconds: float) -> histories.Scraper:
    """All samples that it has scraped in the last seconds."""
    window = _window(seconds)
    (up,) = server.samples("up", window=window)
    samples = {
        tuple(sorted((name, text) for name, text in series.labels.items() if name != "__name__")): dict(series.values)
        for series in server.samples(METRIC, window=window)
    }
    attempts = [histories.Attempt(at, value == 1.0) for at, value in up.values]
    return histories.Scraper(server.name, interval, attempts, samples)


def deletions(server: prometheus_server.Prometheus, *, seconds: float) -> Mapping[str, int]:
    """The number of groups that the gateway reports as deleted, by reason, summed over its restarts.

    Deletions between its last scrape and a kill are not included.
    """
    deletions_by_reason = {}
    for series in server.samples(_DELETED, window=_window(seconds)):
        values = [0.0, *(value for _, value in series.values)]
        grown = sum(later - earlier if later >= earlier else later for earlier, later in itertools.pairwise(values))
        deletions_by_reason[series.labels["reason"]] = round(grown)
    return deletions_by_reason


def _window(seconds: float) -> str:
    return f"{math.ceil(seconds)}s"
