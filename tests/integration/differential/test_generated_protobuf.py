"""Randomly generated protobuf bodies, without those that crash a Pushgateway version."""

from typing import Any

import hypothesis
import pytest
from hypothesis import strategies

from tests.integration.differential import case_builders, conftest
from tests.support.formats import delimited_protobuf
from tests.support.pushgateway import comparisons
from tidegate.exposition.protobuf import metrics_pb2 as pb

# The two APIs write minus zero as 0 and -0; one of them rounds a count that does not fit a double.
_NUMBERS = strategies.floats().filter(lambda number: repr(number) != "-0.0")
_COUNTS = strategies.integers(0, 2**53)
_LABELS = strategies.lists(
    strategies.builds(
        delimited_protobuf.label,
        strategies.sampled_from(["a", "b", "job", "instance", "quantile", "__x", ""]),
        strategies.sampled_from(["", "x", 'y"\\\n', "é"]),
    ),
    max_size=3,
)
_BUCKETS = strategies.lists(
    strategies.builds(pb.Bucket, upper_bound=_NUMBERS, cumulative_count=_COUNTS), max_size=2
).map(lambda buckets: [*buckets, pb.Bucket(upper_bound=float("inf"), cumulative_count=1)])
_VALUES: list[dict[str, strategies.SearchStrategy[Any]]] = [
    {"counter": strategies.builds(pb.Counter, value=_NUMBERS)},
    {"gauge": strategies.builds(pb.Gauge, value=_NUMBERS)},
    {
        "summary": strategies.builds(
            pb.Summary,
            sample_count=_COUNTS,
            sample_sum=_NUMBERS,
            quantile=strategies.lists(strategies.builds(pb.Quantile, quantile=_NUMBERS, value=_NUMBERS), max_size=2),
        )
    },
    {"untyped": strategies.builds(pb.Untyped, value=_NUMBERS)},
    {"histogram": strategies.builds(pb.Histogram, sample_count=_COUNTS, sample_sum=_NUMBERS, bucket=_BUCKETS)},
]
"""Metric strategies by the number of their type."""


@strategies.composite
def _families(draw: strategies.DrawFn, *, is_mistyped: bool) -> pb.MetricFamily:
    """A family; if it may be mistyped, one in ten declares another type than that of its values."""
    type_ = draw(strategies.integers(0, 4))
    declared_type = draw(strategies.sampled_from([*[type_] * 9, (type_ + is_mistyped) % 5]))
    metrics = strategies.builds(
        pb.Metric, label=_LABELS, timestamp_ms=strategies.sampled_from([*[None] * 9, 5]), **_VALUES[type_]
    )
    return pb.MetricFamily(
        name=draw(strategies.sampled_from([b"m", b"n", b"m_sum", b"m_bucket"])),
        help=draw(strategies.sampled_from([None, b"", b"a \\ \n b"])),
        type=declared_type,
        metric=draw(strategies.lists(metrics, min_size=1, max_size=2)),
    )


def _bodies(*, is_mistyped: bool) -> strategies.SearchStrategy[bytes]:
    families = strategies.lists(_families(is_mistyped=is_mistyped), min_size=1, max_size=3)
    return families.map(lambda sent: delimited_protobuf.families(*sent))


_JOBS = strategies.sampled_from("xy")
# If a family of two groups is mistyped in one of them, the order of a Go map decides what Pushgateway responds.
_PUSHES = strategies.lists(strategies.tuples(_JOBS, _bodies(is_mistyped=True)), max_size=1) | strategies.lists(
    strategies.tuples(_JOBS, _bodies(is_mistyped=False)), min_size=2, max_size=2
)


@hypothesis.settings(max_examples=50)
@hypothesis.given(pushes=_PUSHES)
def test_generated_families_get_the_same_response_as_from_pushgateway(
    pair: conftest.Pair, pushes: list[tuple[str, bytes]]
) -> None:
    _compare(pair, pushes)


@pytest.mark.long
@pytest.mark.timeout(1_800)
@hypothesis.settings(max_examples=1_000)
@hypothesis.given(pushes=_PUSHES)
def test_a_thousand_generated_families_get_the_same_response_as_from_pushgateway(
    pair: conftest.Pair, pushes: list[tuple[str, bytes]]
) -> None:
    _compare(pair, pushes)


def _compare(pair: conftest.Pair, pushes: list[tuple[str, bytes]]) -> None:
    requests = [
        case_builders.post(f"job/{job}", body, {"Content-Type": case_builders.PROTOBUF}) for job, body in pushes
    ]
    ours, real = pair.play(comparisons.Case("generated", requests, helps=False))
    assert ours.responses == real.responses
    assert ours.exposition == real.exposition
