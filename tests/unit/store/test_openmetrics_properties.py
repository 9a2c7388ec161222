"""The OpenMetrics exposition of any push passes a strict parser and has every sample of the text format."""

from __future__ import annotations

import collections
import math
from unittest import mock

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.support.formats import delimited_protobuf, strict_openmetrics
from tests.support.store import store_builders
from tidegate.exposition import encoders, name_escaping
from tidegate.exposition.protobuf import metrics_pb2 as pb
from tidegate.model import errors, families, grouping
from tidegate.store.series import series_pages

_KEYS = [store_builders.key(job=job, zone=zone) for job in "ab" for zone in "123"]
_NAMES = [
    *(base + suffix for base in ("a", "a_b") for suffix in ("", "_total", "_created", "_created_total")),
    *("a" + suffix for suffix in ("_sum", "_count", "_bucket", "_info", "_gsum", "_gcount", "_total_created")),
    *("a.b", "a.b_total", "a.b_created", "_total", "U__a_2e_b"),
]
_LABELS = st.sampled_from([(), (("n", "1"),), (("n", '2"}\\ 5\r'),), (("n", "3"),)])
_NUMBERS = st.sampled_from([0.0, 1.0, 2.5, 1e6, math.inf] * 3 + [-1.0, math.nan, -math.inf])
_COUNTS = st.sampled_from([0.0, 1.0, 2.0] * 3 + [2.5, math.nan])
_RANKS = st.sampled_from([0.5, 0.9, 1.5, -1.0])
_BOUNDS = st.sampled_from([-1.0, 1.0, 2.0, math.inf])
_SUMMARIES = st.builds(
    families.Summary,
    count=_COUNTS.filter(float.is_integer),
    sum=_NUMBERS,
    quantiles=st.lists(st.builds(families.Quantile, _RANKS, _NUMBERS), max_size=2, unique_by=lambda one: one[0]),
)
_HISTOGRAMS = st.builds(
    families.Histogram,
    count=_COUNTS,
    sum=_NUMBERS,
    buckets=st.lists(st.builds(families.Bucket, _BOUNDS, _COUNTS), max_size=3, unique_by=lambda one: one[0]),
)
_EXEMPLARS = st.builds(
    lambda text: pb.Exemplar(label=[delimited_protobuf.label("trace", text)], value=0.5),
    st.sampled_from(["x", "é" * 200]),
)


@st.composite
def _families(draw: st.DrawFn) -> families.Family:
    name = draw(st.sampled_from(_NAMES))
    usual = families.MetricType.COUNTER if name.endswith("_total") else families.MetricType.GAUGE
    type_ = draw(st.sampled_from([usual] * 6 + list(families.MetricType)))
    found = draw(st.lists(st.tuples(_LABELS, _values(type_)), min_size=1, max_size=3, unique_by=lambda one: one[0]))
    metrics = [families.Metric(labels, value, None, draw(_originals(type_, value))) for labels, value in found]
    help_ = draw(st.sampled_from([None, "", 'Say "a\\n".']))
    return families.Family(name, type_, help_, metrics, quoted=not name_escaping.is_plain(name))


def _values(type_: families.MetricType) -> st.SearchStrategy[families.Value]:
    if type_ is families.MetricType.SUMMARY:
        return _SUMMARIES
    return _HISTOGRAMS if type_ in families.HISTOGRAMS else _NUMBERS


def _originals(type_: families.MetricType, value: families.Value) -> st.SearchStrategy[bytes]:
    """Exemplars of a push in protobuf."""
    plain = st.just(b"")
    if type_ is families.MetricType.COUNTER:
        assert isinstance(value, float)
        return plain | _EXEMPLARS.map(lambda one: pb.Counter(value=value, exemplar=one).SerializeToString())
    if isinstance(value, families.Histogram):
        return plain | _EXEMPLARS.map(
            lambda one: pb.Histogram(
                bucket=[pb.Bucket(upper_bound=bound, exemplar=one) for bound, _ in value.buckets]
            ).SerializeToString()
        )
    return plain


_PUSHES = st.lists(_families(), min_size=1, max_size=4).map(lambda found: {family.name: family for family in found})


class AnyPushes(RuleBasedStateMachine):
    """Pushes of families whose names clash in OpenMetrics, into pages of two series."""

    def __init__(self) -> None:
        super().__init__()
        self._pages = mock.patch.object(series_pages, "PAGE_SIZE", 2)
        self._pages.start()
        self._store = store_builders.store()

    def teardown(self) -> None:
        self._pages.stop()

    @rule(key=st.sampled_from(_KEYS), pushed=_PUSHES, replace=st.booleans())
    def push(self, key: grouping.GroupingKey, pushed: dict[str, families.Family], replace: bool) -> None:
        try:
            store_builders.done(self._store.push(key, pushed, replace=replace))
        except errors.InconsistentPushError:
            hypothesis.event("refused")

    @rule(key=st.sampled_from(_KEYS))
    def delete(self, key: grouping.GroupingKey) -> None:
        store_builders.done(self._store.delete(key))

    @invariant()
    def every_sample_is_there_as_in_the_text_format(self) -> None:
        assert sorted(self._parsed(name_escaping.Escaping.ALLOW_UTF8)) == sorted(
            self._lines(name_escaping.Escaping.ALLOW_UTF8)
        )

    @invariant()
    def no_sample_is_lost_where_names_are_escaped(self) -> None:
        kept = collections.Counter(line.rpartition(" ")[2] for line in self._lines(name_escaping.Escaping.UNDERSCORES))
        assert (
            collections.Counter(line.rpartition(" ")[2] for line in self._parsed(name_escaping.Escaping.UNDERSCORES))
            == kept
        )

    def _exposition(self, format_: encoders.Format, escaping: name_escaping.Escaping) -> str:
        snapshot = store_builders.done(self._store.snapshot())
        encoded = encoders.encode(snapshot.families, encoders.Encoding(format_, escaping))
        return b"".join(piece.data for piece in encoded).decode()

    def _lines(self, escaping: name_escaping.Escaping) -> list[str]:
        shown = self._exposition(encoders.Format.TEXT, escaping)
        return [line for line in shown.split("\n") if line and not line.startswith("#")]

    def _parsed(self, escaping: name_escaping.Escaping) -> list[str]:
        """The lines without exemplars, once the parser has found each of them."""
        shown = self._exposition(encoders.Format.OPENMETRICS_1, escaping)
        found = [sample for metric in strict_openmetrics.parsed(shown) for sample in metric.samples]
        lines = [line.partition(" # ")[0] for line in shown.split("\n") if line and not line.startswith("#")]
        assert len(found) == len(lines)
        return lines


TestAnyPushes = AnyPushes.TestCase
TestAnyPushes.settings = hypothesis.settings(max_examples=25, stateful_step_count=15)
