"""The families of an OpenMetrics exposition reserve distinct names."""

from __future__ import annotations

import math

import pytest

from tests.support.formats import strict_openmetrics
from tidegate.exposition import encoders, gzip_chunks, name_escaping, openmetrics, rendered_series
from tidegate.exposition.text import renderer
from tidegate.model import families

COUNTER, GAUGE = families.MetricType.COUNTER, families.MetricType.GAUGE
SUMMARY, HISTOGRAM = families.MetricType.SUMMARY, families.MetricType.HISTOGRAM
_FINE = families.Histogram(count=2.0, sum=3.0, buckets=(families.Bucket(1.0, 1.0),))


def _roles(*entries: tuple[str, families.MetricType]) -> dict[str, tuple[str, str]]:
    found = openmetrics.roles([openmetrics.Entry(name, type) for name, type in entries])
    return {name: (role.name, role.word) for name, role in found.items()}


def _family(
    name: str, type: families.MetricType, *page_list: dict[str, families.Value], help: str | None = None
) -> encoders.RenderedFamily:
    """Pages of series that have one label ``n``; the keys of the store are its values."""
    made = []
    for series in page_list:
        lines = [renderer.metric(name, type=type, labels=(("n", n),), value=value) for n, value in series.items()]
        made.append(rendered_series.Page(b"".join(lines), first=min(series)))
    return encoders.RenderedFamily(name, type, help, made)


def _pieces(*shown: encoders.RenderedFamily) -> list[gzip_chunks.Chunk]:
    return list(encoders.encode(shown, encoders.Encoding(encoders.Format.OPENMETRICS_1)))


def _written(*shown: encoders.RenderedFamily) -> str:
    found = b"".join(piece.data for piece in _pieces(*shown)).decode()
    strict_openmetrics.parsed(found)
    return found


def test_counter_without_a_conflict_keeps_its_type() -> None:
    assert _roles(("a_total", COUNTER), ("b", GAUGE)) == {"a_total": ("a", "counter"), "b": ("b", "gauge")}


@pytest.mark.parametrize("type_", [GAUGE, families.MetricType.UNTYPED, COUNTER])
def test_creation_times_are_part_of_their_counter(type_: families.MetricType) -> None:
    assert _roles(("a_created", type_), ("a_total", COUNTER)) == {"a_total": ("a", "counter")}


@pytest.mark.parametrize("type_", [SUMMARY, HISTOGRAM])
def test_creation_times_are_part_of_their_distribution(type_: families.MetricType) -> None:
    assert _roles(("a", type_), ("a_created", GAUGE)) == {"a": ("a", type_.value)}


@pytest.mark.parametrize(
    ("other", "type_"),
    [
        pytest.param("a", GAUGE, id="its short name"),
        pytest.param("a", SUMMARY, id="its short name, of a summary"),
        pytest.param("a_created", SUMMARY, id="the name of its creation times"),
    ],
)
def test_a_counter_with_a_name_that_is_taken_is_unknown(other: str, type_: families.MetricType) -> None:
    assert _roles((other, type_), ("a_total", COUNTER))["a_total"] == ("a_total", "unknown")


def test_first_of_two_families_with_the_same_reserved_name_keeps_its_type() -> None:
    found = _roles(("a_created_total", COUNTER), ("a_total", COUNTER))
    assert found == {"a_created_total": ("a_created", "counter"), "a_total": ("a_total", "unknown")}


def test_name_that_equals_another_one_after_escaping_is_escaped_by_values() -> None:
    known = [("a.b", GAUGE), ("a:b", GAUGE), ("a_b", GAUGE), ("U__a_2e_b", GAUGE)]
    shown = openmetrics.distinct(known, name_escaping.Escaping.UNDERSCORES)
    assert shown == {"a.b": "U__a_2e_b_", "a:b": "a:b", "a_b": "a_b", "U__a_2e_b": "U__a_2e_b"}


def test_name_that_equals_a_part_of_another_family_after_escaping_is_escaped_by_values() -> None:
    known = [("a.b", SUMMARY), ("a_b_sum", GAUGE)]
    assert openmetrics.distinct(known, name_escaping.Escaping.UNDERSCORES)["a.b"] == "U__a_2e_b"


@pytest.mark.parametrize("value", [-1.0, math.nan, -math.inf])
def test_counter_with_an_invalid_value_is_unknown(value: float) -> None:
    assert "# TYPE a_total unknown\n" in _written(_family("a_total", COUNTER, {"1": 1.0}, {"2": value}))


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        pytest.param(HISTOGRAM, _FINE, id="histogram"),
        pytest.param(HISTOGRAM, families.Histogram(count=2.0, sum=3.0), id="histogram without buckets"),
        pytest.param(SUMMARY, families.Summary(2.0, 3.0, (families.Quantile(0.5, math.nan),)), id="summary"),
    ],
)
def test_valid_distribution_keeps_its_type(type_: families.MetricType, value: families.Value) -> None:
    assert f"# TYPE a {type_.value}\n" in _written(_family("a", type_, {"1": value}))


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        pytest.param(HISTOGRAM, families.Histogram(2.5, 3.0), id="a count with a fraction"),
        pytest.param(HISTOGRAM, families.Histogram(2.0, -3.0), id="a negative sum"),
        pytest.param(HISTOGRAM, families.Histogram(2.0, math.nan), id="a sum that is not a number"),
        pytest.param(HISTOGRAM, families.Histogram(2.0, 3.0, (families.Bucket(-1.0, 1.0),)), id="a negative bound"),
        pytest.param(HISTOGRAM, families.Histogram(2.0, 3.0, (families.Bucket(1.0, 3.0),)), id="falling counts"),
        pytest.param(HISTOGRAM, families.Histogram(2.0, 3.0, (families.Bucket(math.inf, 1.0),)), id="two counts"),
        pytest.param(
            HISTOGRAM,
            families.Histogram(2.0, 3.0, (families.Bucket(2.0, 1.0), families.Bucket(1.0, 1.0))),
            id="bounds out of order",
        ),
        pytest.param(SUMMARY, families.Summary(2.0, -3.0), id="a summary with a negative sum"),
        pytest.param(SUMMARY, families.Summary(2.0, 3.0, (families.Quantile(0.5, -1.0),)), id="a negative quantile"),
        pytest.param(SUMMARY, families.Summary(2.0, 3.0, (families.Quantile(1.5, 1.0),)), id="a rank above 1"),
    ],
)
def test_invalid_distribution_is_a_family_for_each_part(type_: families.MetricType, value: families.Value) -> None:
    shown = _written(_family("a", type_, {"1": value}, {"2": value}, help="Text."))
    assert '# HELP a_sum Text.\n# TYPE a_sum unknown\na_sum{n="1"}' in shown
    assert f"# TYPE a {type_.value}\n" not in shown
    assert shown.count("# TYPE a_count unknown\n") == 1


def test_creation_times_follow_their_metrics_and_those_without_a_metric_are_at_the_end() -> None:
    counter = _family("a_total", COUNTER, {"1": 1.0, "3": 3.0}, {"4": 4.0})
    created = _family("a_created", GAUGE, {"2": 0.5}, {"3": 1.5, "4": 2.5})
    assert _written(created, counter) == (
        '# TYPE a counter\na_total{n="1"} 1\na_total{n="3"} 3\na_created{n="3"} 1.5\na_total{n="4"} 4\n'
        'a_created{n="4"} 2.5\na_created{n="2"} 0.5\n# EOF\n'
    )


def test_creation_time_of_a_histogram_follows_its_count() -> None:
    shown = _written(_family("a", HISTOGRAM, {"1": _FINE, "2": _FINE}), _family("a_created", GAUGE, {"1": 0.5}))
    assert 'a_count{n="1"} 2\na_created{n="1"} 0.5\na_bucket{n="2",le="1"} 1\n' in shown


def test_histogram_with_a_creation_time_without_a_metric_is_a_family_for_each_part() -> None:
    shown = _written(_family("a", HISTOGRAM, {"1": _FINE}), _family("a_created", GAUGE, {"1": 0.5, "2": 0.5}))
    assert "# TYPE a_count unknown\n" in shown
    assert '# TYPE a_created gauge\na_created{n="1"} 0.5\na_created{n="2"} 0.5\n' in shown


def test_change_merges_only_the_overlapping_pages_again() -> None:
    counter = _family("a_total", COUNTER, {"1": 1.0}, {"2": 2.0}, {"3": 3.0})
    created = _family("a_created", GAUGE, {"1": 0.5}, {"2": 0.5}, {"3": 0.5})
    before = {id(piece) for piece in _pieces(counter, created)}
    changed = _family("a_created", GAUGE, {"3": 1.5}).pages
    after = _pieces(counter, created._replace(pages=[*created.pages[:2], *changed]))
    new_pieces = [piece.data for piece in after if id(piece) not in before and piece.data.startswith(b"a_")]
    assert new_pieces == [b'a_total{n="3"} 3\na_created{n="3"} 1.5\n']
