"""``/api/v1/status`` and ``/api/v1/metrics``, as in Pushgateway's API."""

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
"""Response headers with which, as in Pushgateway, scripts of any origin can read the API."""

_BOUNDARIES = {(False, True): 0, (True, False): 1, (False, False): 2, (True, True): 3}
"""Codes of Prometheus' API, by whether the lower and the upper bound are part of the bucket."""


class PushgatewayApiHandlers:
    """Handles ``GET /api/v1/status`` and ``GET /api/v1/metrics``.

    :param flags: the values of all command line flags, by name.
    :param started: the start time of the process in Unix seconds.
    """

    def __init__(self, store: interface.Store, *, flags: Mapping[str, str], started: float) -> None:
        self._store = store
        self._flags = dict(flags)
        self._started = started

    async def status(self, request: web.BaseRequest) -> web.Response:  # noqa: ARG002 - a router.Handler
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

    async def options(self, request: web.BaseRequest) -> web.Response:  # noqa: ARG002 - a router.Handler
        """The response to a preflight request of a browser."""
        return web.Response(headers=CORS)

    async def metrics(self, request: web.BaseRequest) -> web.StreamResponse:
        """Every group with its families, streamed group by group."""
        response = web.StreamResponse(headers={**CORS, "Content-Type": "application/json"})
        await response.prepare(request)
        if request.method == hdrs.METH_HEAD:
            # aiohttp sends what a handler writes to a StreamResponse, even if the request is HEAD.
            return response
        await response.write(b'{"status":"success","data":[')
        time_slice = time_slices.TimeSlice()
        for number, view in enumerate(interface.iterate(self._store)):
            separator = b"," if number else b""
            await response.write(separator + json.dumps(_group(view)).encode())
            await time_slice.step()
        await response.write(b"]}")
        await response.write_eof()
        return response


def _group(view: interface.GroupView) -> dict[str, Any]:
    result: dict[str, Any] = {
        name: family(stored, rendered_series.metrics(stored.page, name=name, type=stored.type))
        for name, stored in view.families.items()
    }
    result["labels"] = dict(view.key)
    result["last_push_successful"] = view.push_failure_time <= view.push_time
    return result


def family(stored: interface.GroupFamily, metrics: Iterable[families.Metric]) -> dict[str, Any]:
    """The JSON of a family with these of its metrics."""
    result: dict[str, Any] = {
        "time_stamp": _timestamp(stored.pushed_at),
        "type": stored.type.name,
        "metrics": [_metric(metric) for metric in metrics],
    }
    if stored.help:
        result["help"] = stored.help
    return result


def _metric(metric: families.Metric) -> dict[str, Any]:
    result: dict[str, Any] = {"labels": dict(metric.labels)}
    match metric.value:
        case families.Summary(count=count, sum=total, quantiles=quantiles):
            result["quantiles"] = {_number(quantile): _number(value) for quantile, value in quantiles}
            result.update(count=_count(count), sum=_number(total))
        case families.Histogram(count=count, sum=total) if native_buckets := _native_buckets(metric.original):
            result.update(buckets=native_buckets, count=_count(count), sum=_number(total))
        case families.Histogram(count=count, sum=total, buckets=buckets):
            result["buckets"] = {_number(bound): _count(population) for bound, population in buckets}
            result.update(count=_count(count), sum=_number(total))
        case value:
            result["value"] = _number(value)
    return result


def _native_buckets(original: bytes) -> list[tuple[int, str, str, str]]:
    """Native buckets as in Prometheus' API: the code of which bounds are included, both bounds, and the count."""
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
    """A count in Pushgateway's format: an integer with all digits, without an exponent."""
    return str(int(value)) if value is not None and float(value).is_integer() else _number(value)


def _timestamp(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC).isoformat().replace("+00:00", "Z")
