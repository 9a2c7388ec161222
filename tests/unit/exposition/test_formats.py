"""The same families in every format."""

from __future__ import annotations

from typing import TypeAlias

import pytest

from tests.support.formats import delimited_protobuf
from tidegate.exposition import encoders, name_escaping, rendered_series
from tidegate.exposition.protobuf import decoder
from tidegate.exposition.protobuf import metrics_pb2 as pb
from tidegate.exposition.text import format_specific_lines, renderer
from tidegate.model import families

Encoding: TypeAlias = encoders.Encoding
Format: TypeAlias = encoders.Format
Escaping: TypeAlias = name_escaping.Escaping
MetricType: TypeAlias = families.MetricType
AT = pb.Timestamp(seconds=1_700_000_000, nanos=500_000_000)
EXEMPLAR = pb.Exemplar(label=[delimited_protobuf.label("trace", 'a"b')], value=0.5, timestamp=AT)


def rendered(
    name: str, type_: MetricType, *metrics: families.Metric, help_: str | None = None
) -> encoders.RenderedFamily:
    rows: list[tuple[bytes, families.Metric | None]] = []
    for metric in metrics:
        plain = name_escaping.is_plain(name) and all(name_escaping.is_plain_label(label) for label, _ in metric.labels)
        if plain and not metric.original:
            rows.append((renderer.metric(name, type=type_, labels=metric.labels, value=metric.value), None))
        else:
            rows.append((format_specific_lines.lines(name, metric, type=type_), metric))
    return encoders.RenderedFamily(name, type_, help_, [rendered_series.join(rows)])


def written(*shown: encoders.RenderedFamily, encoding: Encoding) -> str:
    return b"".join(piece.data for piece in encoders.encode(shown, encoding)).decode()


def openmetrics(*shown: encoders.RenderedFamily, escaping: Escaping = Escaping.UNDERSCORES) -> str:
    return written(*shown, encoding=Encoding(Format.OPENMETRICS_1, escaping))


def read_back(*shown: encoders.RenderedFamily, escaping: Escaping = Escaping.ALLOW_UTF8) -> dict[str, families.Family]:
    body = b"".join(piece.data for piece in encoders.encode(shown, Encoding(Format.PROTOBUF, escaping)))
    return decoder.parse(body, utf8_names=True)


NUMBER = families.Metric((("a", "1"),), 2.0)


@pytest.mark.parametrize(
    ("name", "type_", "shown"),
    [
        pytest.param("m_total", MetricType.COUNTER, "# TYPE m counter\nm_total", id="counter"),
        pytest.param("m", MetricType.COUNTER, "# TYPE m unknown\nm", id="a counter without its suffix"),
        pytest.param("_total", MetricType.COUNTER, "# TYPE _total unknown\n_total", id="nothing but the suffix"),
        pytest.param("m", MetricType.UNTYPED, "# TYPE m unknown\nm", id="untyped"),
        pytest.param("m_total", MetricType.GAUGE, "# TYPE m_total gauge\nm_total", id="gauge"),
    ],
)
def test_openmetrics_has_types_of_its_own_and_series_of_the_same_names(
    name: str, type_: MetricType, shown: str
) -> None:
    assert openmetrics(rendered(name, type_, NUMBER)) == f'{shown}{{a="1"}} 2\n# EOF\n'


def test_a_counter_whose_short_name_is_taken_is_unknown_to_openmetrics() -> None:
    both = (rendered("m", MetricType.GAUGE, NUMBER), rendered("m_total", MetricType.COUNTER, NUMBER))
    assert "# TYPE m_total unknown\n" in openmetrics(*both)


def test_openmetrics_escapes_quotes_of_a_help_text() -> None:
    assert '# HELP m \\"a\\\\\\n\n' in openmetrics(rendered("m", MetricType.GAUGE, NUMBER, help_='"a\\\n'))


def test_exemplars_are_shown_only_in_openmetrics_and_protobuf() -> None:
    counter = pb.Counter(value=2, exemplar=EXEMPLAR).SerializeToString()
    family = rendered("m_total", MetricType.COUNTER, families.Metric((), 2.0, None, counter), NUMBER)
    assert 'm_total 2 # {trace="a\\"b"} 0.5 1700000000.5\nm_total{a="1"} 2\n' in openmetrics(family)
    assert "trace" not in written(family, encoding=Encoding())
    assert [metric.original for metric in read_back(family)["m_total"].metrics] == [counter, b""]


def test_each_bucket_has_its_own_exemplar_in_openmetrics() -> None:
    buckets = [pb.Bucket(upper_bound=1, cumulative_count=1), pb.Bucket(upper_bound=2, cumulative_count=3)]
    buckets[1].exemplar.CopyFrom(EXEMPLAR)
    original = pb.Histogram(sample_count=3, bucket=buckets).SerializeToString()
    value = families.Histogram(count=3.0, sum=0.0, buckets=(families.Bucket(1.0, 1.0), families.Bucket(2.0, 3.0)))
    shown = openmetrics(rendered("m", MetricType.HISTOGRAM, families.Metric((), value, None, original)))
    assert 'm_bucket{le="1"} 1\nm_bucket{le="2"} 3 # {trace=' in shown
    assert 'm_bucket{le="+Inf"} 3\n' in shown


@pytest.mark.parametrize(
    ("escaping", "line"),
    [
        pytest.param(Escaping.ALLOW_UTF8, '{"m.é",a="x","b.c"="\\""} 2\n', id="as they are"),
        pytest.param(Escaping.UNDERSCORES, 'm__{a="x",b_c="\\""} 2\n', id="underscores"),
        pytest.param(Escaping.DOTS, 'm_dot___{a="x",b_dot_c="\\""} 2\n', id="dots"),
        pytest.param(Escaping.VALUES, 'U__m_2e__e9_{a="x",U__b_2e_c="\\""} 2\n', id="values"),
    ],
)
def test_names_that_are_not_plain_are_escaped_as_requested(escaping: Escaping, line: str) -> None:
    family = rendered("m.é", MetricType.GAUGE, families.Metric((("a", "x"), ("b.c", '"')), 2.0))
    assert written(family, encoding=Encoding(Format.TEXT, escaping)).endswith(line)
    assert line in openmetrics(family, escaping=escaping)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        pytest.param(MetricType.GAUGE, -0.5, id="gauge"),
        pytest.param(MetricType.COUNTER, 1e300, id="counter"),
        pytest.param(MetricType.UNTYPED, float("inf"), id="untyped"),
        pytest.param(
            MetricType.SUMMARY,
            families.Summary(count=7.0, sum=1.5, quantiles=(families.Quantile(0.5, 2.0),)),
            id="summary",
        ),
        pytest.param(
            MetricType.HISTOGRAM,
            families.Histogram(count=4.0, sum=2.5, buckets=(families.Bucket(float("inf"), 4.0),)),
            id="histogram",
        ),
        pytest.param(
            MetricType.HISTOGRAM,
            families.Histogram(count=1.5, sum=0.0, buckets=(families.Bucket(float("inf"), 1.5),)),
            id="histogram of floats",
        ),
    ],
)
def test_protobuf_is_decoded_into_the_stored_metrics(type_: MetricType, value: families.Value) -> None:
    metric = families.Metric((("a", "x\n"), ("b", "")), value)
    back = read_back(rendered("m", type_, metric, NUMBER._replace(value=value), help_="text"))["m"]
    assert (back.type, back.help) == (type_, "text")
    assert [(one.labels, one.value) for one in back.metrics] == [(metric.labels, value), (NUMBER.labels, value)]


def test_a_gauge_histogram_is_a_histogram_in_every_format() -> None:
    value = families.Histogram(count=4.0, sum=2.5, buckets=(families.Bucket(float("inf"), 4.0),))
    family = rendered("m", MetricType.GAUGE_HISTOGRAM, families.Metric((), value))
    assert "# TYPE m histogram\n" in written(family, encoding=Encoding())
    assert "# TYPE m histogram\n" in openmetrics(family)
    back = read_back(family)["m"]
    assert (back.type, back.metrics) == (MetricType.HISTOGRAM, [families.Metric((), value)])


def test_a_gauge_histogram_with_native_buckets_stays_one_in_protobuf() -> None:
    span = pb.BucketSpan(offset=0, length=1)
    native = pb.Histogram(sample_count=1, schema=0, positive_span=[span], positive_delta=[1]).SerializeToString()
    plain = families.Metric((("a", "1"),), families.Histogram(count=4.0, sum=2.5))
    family = rendered(
        "m", MetricType.GAUGE_HISTOGRAM, plain, families.Metric((), families.Histogram(1.0), None, native)
    )
    assert read_back(family)["m"].type is MetricType.GAUGE_HISTOGRAM


def test_unit_is_shown_only_in_protobuf() -> None:
    family = rendered("m_seconds", MetricType.GAUGE, NUMBER)._replace(unit="seconds")
    assert read_back(family)["m_seconds"].unit == "seconds"
    assert "UNIT" not in written(family, encoding=Encoding()) + openmetrics(family)


def test_an_exemplar_that_is_too_long_for_openmetrics_is_left_out() -> None:
    exemplar = pb.Exemplar(label=[delimited_protobuf.label("trace", "x" * 124)], value=0.5)
    counter = pb.Counter(value=2, exemplar=exemplar).SerializeToString()
    family = rendered("m_total", MetricType.COUNTER, families.Metric((), 2.0, None, counter))
    assert "m_total 2\n" in openmetrics(family)


def test_names_that_are_not_plain_are_escaped_as_requested_in_protobuf() -> None:
    family = rendered("m.n", MetricType.GAUGE, NUMBER, families.Metric((("b.c", "x"),), 3.0))
    assert list(read_back(family)) == ["m.n"]
    assert list(read_back(family, escaping=Escaping.DOTS)) == ["m_dot_n"]
    assert read_back(family, escaping=Escaping.VALUES)["U__m_2e_n"].metrics[1].labels == (("U__b_2e_c", "x"),)


def test_page_is_encoded_once_for_each_encoding() -> None:
    family = rendered("m", MetricType.GAUGE, NUMBER)
    first, second = (list(encoders.encode([family], Encoding(Format.PROTOBUF)))[-1] for _ in range(2))
    assert first is second
