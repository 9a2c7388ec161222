"""Native histograms: the parts of a pushed histogram that text cannot express, and the checks of Prometheus.

Prometheus rejects an inconsistent native histogram, and with it the whole scrape. So the gateway rejects the push, by
the same rules (Prometheus, ``model/histogram``, ``Validate``).
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from tidegate.exposition.protobuf import metrics_pb2
from tidegate.exposition.text import numbers

_SCHEMAS = range(-4, 9)
_FIRST_INDEX = -(2**31)
_LAST_INDEX = 2**31 - 1
_MAX_COUNT = 2**63
_Number = TypeVar("_Number", int, float)


def is_native(histogram: metrics_pb2.Histogram) -> bool:
    """Return whether Prometheus treats the histogram as a native one."""
    return bool(
        histogram.positive_span or histogram.negative_span or histogram.zero_threshold > 0 or histogram.zero_count
    )


def has_more(histogram: metrics_pb2.Histogram) -> bool:
    """Return whether the histogram has more than its lines in the text format."""
    if histogram.HasField("schema") or is_native(histogram) or histogram.zero_count_float:
        return True
    if histogram.exemplars or histogram.HasField("created_timestamp") or histogram.sample_count_float:
        return True
    counts = [histogram.sample_count, *(bucket.cumulative_count for bucket in histogram.bucket)]
    return max(counts) > numbers.EXACT or any(
        bucket.HasField("exemplar") or bucket.cumulative_count_float for bucket in histogram.bucket
    )


class Bucket(NamedTuple):
    """A bucket with observations. The flags state whether it includes ``lower`` and ``upper``."""

    lower: float
    upper: float
    population: float
    lower_inclusive: bool
    upper_inclusive: bool


def buckets(histogram: metrics_pb2.Histogram) -> list[Bucket]:
    """Return the non-empty buckets of a native histogram, lowest first; none for a classic histogram."""
    if _counts_floats(histogram):
        positive, negative = list(histogram.positive_count), list(histogram.negative_count)
        zero = histogram.zero_count_float
    else:
        positive = list(itertools.accumulate(histogram.positive_delta))
        negative = list(itertools.accumulate(histogram.negative_delta))
        zero = histogram.zero_count
    below = [
        Bucket(-upper, -lower, count, lower_inclusive=True, upper_inclusive=False)
        for lower, upper, count in _bounded(histogram.negative_span, negative, histogram.schema)
    ]
    above = [
        Bucket(lower, upper, count, lower_inclusive=False, upper_inclusive=True)
        for lower, upper, count in _bounded(histogram.positive_span, positive, histogram.schema)
    ]
    width = histogram.zero_threshold
    middle = Bucket(-width, width, zero, lower_inclusive=True, upper_inclusive=True)
    return [bucket for bucket in (*reversed(below), middle, *above) if bucket.population]


def _bounded(
    spans: Sequence[metrics_pb2.BucketSpan], counts: Iterable[float], schema: int
) -> Iterator[tuple[float, float, float]]:
    """Yield the absolute lower bound, the absolute upper bound and the count of each bucket."""
    remaining, index = iter(counts), 0
    for span in spans:
        index += span.offset
        for count in itertools.islice(remaining, span.length):
            yield _bound(index - 1, schema), _bound(index, schema), count
            index += 1


def _bound(index: int, schema: int) -> float:
    """Return the upper bound of a bucket: ``2 ** (index / 2 ** schema)``."""
    try:
        whole, part = divmod(index, 2**schema) if schema > 0 else (index << -schema, 0)
        return math.ldexp(2.0 ** (part / 2**schema), whole) if part else math.ldexp(1.0, whole)
    except OverflowError:
        return sys.float_info.max


def fault(histogram: metrics_pb2.Histogram) -> str:
    """Return why Prometheus would reject the histogram; empty if it would not, or if it is not native."""
    if not is_native(histogram):
        return ""
    if histogram.schema not in _SCHEMAS:
        return f"has the schema {histogram.schema}: there are {_SCHEMAS[0]} to {_SCHEMAS[-1]}"
    if not histogram.zero_threshold >= 0 or math.isinf(histogram.zero_threshold):
        return f"has a zero bucket up to {histogram.zero_threshold}"
    counted = _counts_floats(histogram)
    listed = bool(histogram.positive_count or histogram.negative_count)
    # Since 3.5 either condition makes it a float histogram in Prometheus; before, only the first one.
    faults = (_float_fault(histogram) if counted or listed else "", "" if counted else _integer_fault(histogram))
    return next(filter(None, faults), "")


def _counts_floats(histogram: metrics_pb2.Histogram) -> bool:
    return histogram.sample_count_float > 0 or histogram.zero_count_float > 0


def _integer_fault(histogram: metrics_pb2.Histogram) -> str:
    total = histogram.zero_count
    for side, spans, deltas in _sides(histogram, histogram.positive_delta, histogram.negative_delta):
        counts = list(itertools.accumulate(deltas))
        wrong = _spans_fault(spans, len(counts)) or _counts_fault(counts)
        if wrong:
            return f"{wrong} on its {side} side"
        total += sum(counts)
    # Observations of NaN are in no bucket.
    fits = total <= histogram.sample_count if math.isnan(histogram.sample_sum) else total == histogram.sample_count
    return "" if fits else f"counts {histogram.sample_count} observations, but its buckets {total}"


def _float_fault(histogram: metrics_pb2.Histogram) -> str:
    for side, spans, counts in _sides(histogram, histogram.positive_count, histogram.negative_count):
        wrong = _spans_fault(spans, len(counts)) or _counts_fault(counts)
        if wrong:
            return f"{wrong} on its {side} side"
    return _counts_fault([histogram.sample_count_float, histogram.zero_count_float])


def _sides(
    histogram: metrics_pb2.Histogram, positive: Sequence[_Number], negative: Sequence[_Number]
) -> Iterable[tuple[str, Sequence[metrics_pb2.BucketSpan], Sequence[_Number]]]:
    yield "positive", histogram.positive_span, positive
    yield "negative", histogram.negative_span, negative


def _spans_fault(spans: Sequence[metrics_pb2.BucketSpan], buckets: int) -> str:
    end = 0
    for place, span in enumerate(spans):
        if place and span.offset < 0:
            return f"has a span that goes back by {-span.offset}"
        end += span.offset + span.length
        if not _FIRST_INDEX < end <= _LAST_INDEX:
            return f"has a span up to the bucket {end}"
    covered = sum(span.length for span in spans)
    return "" if covered == buckets else f"has {buckets} buckets in spans for {covered}"


def _counts_fault(counts: Iterable[float]) -> str:
    for count in counts:
        if not 0 <= count < _MAX_COUNT:
            return f"has a bucket with a count of {count}"
    return ""
