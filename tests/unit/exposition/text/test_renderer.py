"""The text format is rendered with the same bytes as in Pushgateway."""

from __future__ import annotations

import math

import pytest

from tidegate.exposition.text import renderer
from tidegate.model import families

MetricType = families.MetricType


@pytest.mark.parametrize(
    ("type_", "help_", "lines"),
    [
        pytest.param(MetricType.GAUGE, None, b"# TYPE m gauge\n", id="no help"),
        pytest.param(MetricType.COUNTER, "", b"# HELP m \n# TYPE m counter\n", id="empty help"),
        pytest.param(MetricType.UNTYPED, 'a "b" \\ \n.', b'# HELP m a "b" \\\\ \\n.\n# TYPE m untyped\n', id="escapes"),
        pytest.param(MetricType.SUMMARY, "\u00e9", b"# HELP m \xc3\xa9\n# TYPE m summary\n", id="UTF-8"),
    ],
)
def test_header_has_help_and_type(type_: MetricType, help_: str | None, lines: bytes) -> None:
    assert renderer.header("m", type=type_, help=help_) == lines


@pytest.mark.parametrize(
    ("labels", "value", "line"),
    [
        pytest.param((), 1.0, b"m 1\n", id="no labels"),
        pytest.param((("a", "x"), ("b", "")), 1e6, b'm{a="x",b=""} 1e+06\n', id="labels"),
        pytest.param((("a", 'q"\\\n'),), math.nan, b'm{a="q\\"\\\\\\n"} NaN\n', id="escapes"),
        pytest.param((("b", "1"), ("a", "2")), -0.5, b'm{b="1",a="2"} -0.5\n', id="order as given"),
    ],
)
def test_a_plain_number_is_one_line(labels: families.Labels, value: float, line: bytes) -> None:
    assert renderer.metric("m", type=MetricType.GAUGE, labels=labels, value=value) == line


@pytest.mark.parametrize(
    ("labels", "value", "lines"),
    [
        pytest.param((), families.Summary(), b"m_sum 0\nm_count 0\n", id="empty"),
        pytest.param(
            (("a", "x"),),
            families.Summary(
                count=3, sum=1.5, quantiles=(families.Quantile(0.5, 7), families.Quantile(0.99, math.nan))
            ),
            b'm{a="x",quantile="0.5"} 7\nm{a="x",quantile="0.99"} NaN\nm_sum{a="x"} 1.5\nm_count{a="x"} 3\n',
            id="quantiles",
        ),
    ],
)
def test_a_summary_is_its_quantiles_sum_and_count(
    labels: families.Labels, value: families.Summary, lines: bytes
) -> None:
    assert renderer.metric("m", type=MetricType.SUMMARY, labels=labels, value=value) == lines


@pytest.mark.parametrize(
    ("labels", "value", "lines"),
    [
        pytest.param((), families.Histogram(), b'm_bucket{le="+Inf"} 0\nm_sum 0\nm_count 0\n', id="empty"),
        pytest.param(
            (("z", "x"),),
            families.Histogram(count=3, sum=1.5, buckets=(families.Bucket(1, 2),)),
            b'm_bucket{z="x",le="1"} 2\nm_bucket{z="x",le="+Inf"} 3\nm_sum{z="x"} 1.5\nm_count{z="x"} 3\n',
            id="infinity from the count",
        ),
        pytest.param(
            (),
            families.Histogram(count=4, sum=1, buckets=(families.Bucket(math.inf, 3), families.Bucket(1e6, 2))),
            b'm_bucket{le="+Inf"} 3\nm_bucket{le="1e+06"} 2\nm_sum 1\nm_count 4\n',
            id="infinity and order as pushed",
        ),
    ],
)
def test_a_histogram_is_its_buckets_sum_and_count(
    labels: families.Labels, value: families.Histogram, lines: bytes
) -> None:
    assert renderer.metric("m", type=MetricType.HISTOGRAM, labels=labels, value=value) == lines


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        pytest.param(MetricType.GAUGE, families.Summary(), id="a summary as gauge"),
        pytest.param(MetricType.SUMMARY, families.Histogram(), id="a histogram as summary"),
        pytest.param(MetricType.HISTOGRAM, 1.0, id="a number as histogram"),
    ],
)
def test_value_of_another_type_is_rejected(type_: MetricType, value: families.Value) -> None:
    with pytest.raises(TypeError, match=r"^a (gauge|summary|histogram) is "):
        renderer.metric("m", type=type_, labels=(), value=value)
