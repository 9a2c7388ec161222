"""``/api/v1``: the groups and the gateway itself as JSON, in the words of Pushgateway's API."""

from __future__ import annotations

import datetime
import json
import platform
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import hdrs, web

import tidegate
from tidegate.aio import time_slices
from tidegate.exposition import rendered_series
from tidegate.exposition.protobuf import metrics_pb2, native_histograms
from tidegate.exposition.text import numbers
from tidegate.model import families
from tidegate.store import interface

CORS = {
    "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type, Origin",
    "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Date",
    "Cache-Control": "no-cache, no-store, must-revalidate",
}
"""Pushgateway lets scripts of any origin read its API."""

_BOUNDARIES = {(False, True): 0, (True, False): 1, (False, False): 2, (True, True): 3}
"""By whether the lower and the upper bound belong to a bucket; the numbers are those of Prometheus' API."""


class QueryEndpoint:
    """``GET /api/v1/status`` and ``GET /api/v1/metrics``.

    :param flags: the command line flags in force, by name, as they are shown.
    :param started: Unix seconds.
    """

    def __init__(self, store: interface.Store, *, flags: Mapping[str, str], started: float) -> None:
        self._store = store
        self._flags = dict(flags)
        self._started = started

    async def status(self, request: web.BaseRequest) -> web.Response:  # noqa: ARG002 - a routes.Handler
        """Flags, start time and build."""
        build = {
            "version": tidegate.__version__,
            "revision": "",
            "branch": "",
            "buildUser": "",
            "buildDate": "",
            "goVersion": f"Python {platform.python_version()}",
        }
        data = {"flags": self._flags, "start_time": _timestamp(self._started), "build_information": build}
        return web.json_response({"status": "success", "data": data}, headers=CORS)

    async def options(self, request: web.BaseRequest) -> web.Response:  # noqa: ARG002 - a routes.Handler
        """What a browser asks before a request from another origin."""
        return web.Response(headers=CORS)

    async def metrics(self, request: web.BaseRequest) -> web.StreamResponse:
        """Every group with its families, streamed group by group."""
        response = web.StreamResponse(headers={**CORS, "Content-Type": "application/json"})
        await response.prepare(request)
        if request.method == hdrs.METH_HEAD:
            # A stream is sent as it is written, for HEAD, too, and would be read as the next answer.
            return response
        await response.write(b'{"status":"success","data":[')
        turn = time_slices.Turn()
        for number, view in enumerate(interface.iterate(self._store)):
            separator = b"," if number else b""
            await response.write(separator + json.dumps(_group(view)).encode())
            await turn.step()
        await response.write(b"]}")
        await response.write_eof()
        return response


def _group(view: interface.GroupView) -> dict[str, Any]:
    described: dict[str, Any] = {
        name: family(held, rendered_series.metrics(held.page, name=name, type=held.type))
        for name, held in view.families.items()
    }
    described["labels"] = dict(view.key)
    described["last_push_successful"] = view.push_failure_time <= view.push_time
    return described


def family(held: interface.GroupFamily, metrics: Iterable[families.Metric]) -> dict[str, Any]:
    """A family with these metrics of it."""
    described: dict[str, Any] = {
        "time_stamp": _timestamp(held.pushed_at),
        "type": held.type.name,
        "metrics": [_metric(metric) for metric in metrics],
    }
    if held.help:
        described["help"] = held.help
    return described


def _metric(metric: families.Metric) -> dict[str, Any]:
    described: dict[str, Any] = {"labels": dict(metric.labels)}
    match metric.value:
        case families.Summary(count=count, sum=total, quantiles=quantiles):
            described["quantiles"] = {_number(quantile): _number(at) for quantile, at in quantiles}
            described.update(count=_count(count), sum=_number(total))
        case families.Histogram(count=count, sum=total) if spread := _native_buckets(metric.original):
            described.update(buckets=spread, count=_count(count), sum=_number(total))
        case families.Histogram(count=count, sum=total, buckets=buckets):
            described["buckets"] = {_number(bound): _count(population) for bound, population in buckets}
            described.update(count=_count(count), sum=_number(total))
        case value:
            described["value"] = _number(value)
    return described


def _native_buckets(original: bytes) -> list[tuple[int, str, str, str]]:
    """As Prometheus' own API has them: which bounds belong to it, the bounds, the count."""
    histogram = metrics_pb2.Histogram.FromString(original)
    return [
        (_BOUNDARIES[bucket.lower_inclusive, bucket.upper_inclusive], *_bounds(bucket), _count(bucket.population))
        for bucket in native_histograms.buckets(histogram)
        if histogram.positive_span or histogram.negative_span
    ]


def _bounds(bucket: native_histograms.Bucket) -> tuple[str, str]:
    lower, upper = _number(bucket.lower), _number(bucket.upper)
    return ("-0" if str(bucket.lower) == "-0.0" else lower), upper


def _number(value: float | None) -> str:
    return numbers.format_float(value or 0.0)


def _count(value: float | None) -> str:
    """A count as Pushgateway spells it: all digits of a whole one, and never an exponent."""
    return str(int(value)) if value is not None and float(value).is_integer() else _number(value)


def _timestamp(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC).isoformat().replace("+00:00", "Z")
