"""The contents of a Prometheus database, through its query API."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

from tests.soak import histories
from tests.support.prometheus import prometheus_server

METRIC = "soak_value"
JOB_LABEL = "via"
"""The label that each scrape job adds, to tell the samples of the jobs of one server apart."""
_DELETED = "tidegate_groups_deleted_total"


def read(server: prometheus_server.Prometheus, *, job: str, interval: float, seconds: float) -> histories.Scraper:
    """All samples that a scrape job has scraped in the last seconds.

    :param job: the value of :data:`JOB_LABEL`.
    """
    window, selected = _window(seconds), f'{{{JOB_LABEL}="{job}"}}'
    (up,) = server.samples(f"up{selected}", window=window)
    samples = {
        _group(series.labels): dict(series.values) for series in server.samples(METRIC + selected, window=window)
    }
    attempts = [histories.Attempt(at, value == 1.0) for at, value in up.values]
    return histories.Scraper(f"{server.name} {job}", interval, attempts, samples)


def _group(labels: Mapping[str, str]) -> histories.Group:
    return tuple(sorted((name, text) for name, text in labels.items() if name not in ("__name__", JOB_LABEL)))


def deletions(server: prometheus_server.Prometheus, *, job: str, seconds: float) -> Mapping[str, int]:
    """The number of groups that the gateway reports as deleted, by reason, summed over its restarts.

    Deletions between its last scrape and a kill are not included.
    """
    deletions_by_reason = {}
    for series in server.samples(f'{_DELETED}{{{JOB_LABEL}="{job}"}}', window=_window(seconds)):
        values = [0.0, *(value for _, value in series.values)]
        grown = sum(later - earlier if later >= earlier else later for earlier, later in itertools.pairwise(values))
        deletions_by_reason[series.labels["reason"]] = round(grown)
    return deletions_by_reason


def _window(seconds: float) -> str:
    return f"{math.ceil(seconds)}s"
