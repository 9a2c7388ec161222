"""Any body yields families or an error with its place; families are rendered and parsed again unchanged."""

from __future__ import annotations

import hypothesis
from hypothesis import strategies

from tests.support.formats import canonical_text
from tidegate.exposition.text import parser
from tidegate.model import errors, families

_PIECES = strategies.sampled_from(
    [
        *(b"m", b"m_count", b"m_sum", b"m_bucket", b'"m"', b"a", b"le", b"quantile", b"__name__", b":"),
        *(b"{", b"}", b"=", b",", b'"', b'"x"', b'"0.5"', b'"+Inf"', b"\\", b"\\n", b" ", b"\t", b"\n", b"\n"),
        *(b"# ", b"#", b"HELP ", b"TYPE ", b"gauge", b"summary", b"histogram"),
        *(b"1", b"-2", b"1e6", b"NaN", b"1e400", b"\r", b"\0", b"\xff", b"\xc3\xa9", b"\xed\xa0\x80"),
        *(b"# TYPE m histogram\n", b"# TYPE m summary\n", b"# HELP m x\n", b'm{a="x"} 1\n', b'm_bucket{le="1"} 1\n'),
    ]
)
_BODIES = strategies.binary() | strategies.lists(_PIECES, max_size=20).map(b"".join)

_HEADS = strategies.sampled_from([b"", *(b"# TYPE m " + type_.value.encode() + b"\n" for type_ in families.MetricType)])
_LINES = strategies.sampled_from(
    [
        *(b"m 1\n", b"m\t{ } .5\n", b'm{a="x"}1\n', b'm{b="y",a="\\n\\\\"} NaN\n', b'{a="x","m",} -0\n'),
        *(b"m_sum -1.5\n", b'm_sum{a="x"} 1e6\n', b"m_count 3\n", b'm_count{a="x"} 1.5\n', b'm{quantile="0.5"} 1\n'),
        *(b'm_bucket{le="1"} 3\n', b'm_bucket{a="x",le="+Inf"} 0.5\n', b"# x\n", b"\n"),
        *(b"other 1\n", b'other{a="\xc3\xa9"} +Inf\n'),
    ]
)

_NAMES = strategies.from_regex(r"[a-z_:][a-z0-9_:]{0,3}", fullmatch=True)
_LABEL_NAMES = strategies.from_regex(r"[a-z][a-z0-9]?", fullmatch=True).filter(lambda name: name != "le")
_TEXTS = strategies.text(strategies.characters(codec="utf-8") | strategies.sampled_from('\\"\n{},'), max_size=5)
_LABELS = strategies.dictionaries(_LABEL_NAMES, _TEXTS, max_size=3).map(lambda pairs: tuple(sorted(pairs.items())))
_FLOATS = strategies.floats(allow_nan=False)
_COUNTS = strategies.integers(min_value=0, max_value=2**53).map(float)
_SUMMARIES = strategies.builds(
    families.Summary,
    count=_COUNTS,
    sum=_FLOATS,
    quantiles=strategies.lists(strategies.builds(families.Quantile, _FLOATS, _FLOATS), max_size=3).map(tuple),
)
_HISTOGRAMS = strategies.builds(
    families.Histogram,
    count=_COUNTS,
    sum=_FLOATS,
    buckets=strategies.lists(
        strategies.builds(families.Bucket, strategies.floats(allow_nan=False, allow_infinity=False), _COUNTS),
        max_size=3,
    ).map(lambda buckets: (*buckets, families.Bucket(float("inf"), 7.0))),
)
# Without the gauge histogram, for which the text format has no word.
_VALUES: dict[families.MetricType, strategies.SearchStrategy[families.Value]] = {
    families.MetricType.COUNTER: _FLOATS,
    families.MetricType.GAUGE: _FLOATS,
    families.MetricType.UNTYPED: _FLOATS,
    families.MetricType.SUMMARY: _SUMMARIES,
    families.MetricType.HISTOGRAM: _HISTOGRAMS,
}


def _families_of(type_: families.MetricType) -> strategies.SearchStrategy[families.Family]:
    metrics = strategies.lists(
        strategies.builds(families.Metric, _LABELS, _VALUES[type_], strategies.none(), strategies.just(b"")),
        min_size=1,
        max_size=3,
        unique_by=lambda metric: metric.labels,
    )
    # A help text that starts with a blank, or has none but blanks, cannot be written in the text format.
    helps = strategies.none() | _TEXTS.filter(lambda help_: bool(help_) and help_[0] not in " \t")
    return strategies.builds(families.Family, _NAMES, strategies.just(type_), helps, metrics)


@hypothesis.given(_BODIES)
def test_any_bytes_give_families_or_a_located_error(body: bytes) -> None:
    error = _refusal(body)
    if error is not None:
        lines = body.split(b"\n")
        assert 1 <= error.line <= len(lines)
        assert 1 <= error.column <= len(lines[error.line - 1]) + 1
        assert str(error).encode()


def _refusal(body: bytes) -> errors.BadExpositionError | None:
    try:
        parser.parse(body)
    except errors.BadExpositionError as error:
        return error
    return None


@hypothesis.given(_HEADS, strategies.lists(_LINES).map(b"".join))
def test_parsed_body_is_rendered_and_parsed_again_without_a_difference(head: bytes, body: bytes) -> None:
    written = canonical_text.write(parser.parse(head + body).values())
    assert canonical_text.write(parser.parse(written).values()) == written


@hypothesis.given(strategies.sampled_from(list(_VALUES)).flatmap(_families_of))
def test_rendered_family_is_parsed_into_itself(family: families.Family) -> None:
    assert parser.parse(canonical_text.write([family])) == {family.name: family}
