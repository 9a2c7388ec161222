"""Invalid text is rejected with the line and the byte of the error."""

from __future__ import annotations

import gzip
import tracemalloc

import pytest

from tidegate.exposition.text import parser
from tidegate.model import errors

SAMPLES = [
    ("no line feed at the end", b"m 1", 1, 4, "unexpected end of input stream"),
    ("input over in a name", b"m", 1, 2, "unexpected end of input stream"),
    ("input over in a label value", b'm{a="x', 1, 7, "unexpected end of input stream"),
    ("a name that starts with a digit", b"a 1\n1m 2\n", 2, 1, "invalid metric name"),
    ("a name with a dash", b"m-x 1\n", 1, 2, 'expected float as value, got "-x"'),
    (
        "a quoted name that is none",
        b'{"m.x"} 1\n',
        1,
        2,
        'invalid metric name "m.x": start the gateway with --push.enable-utf8-names',
    ),
    ("no name", b'{a="x"} 1\n', 1, 7, "invalid metric name"),
    ("two names", b'{"m","n"} 1\n', 1, 6, 'multiple metric names for metric "m"'),
    ("no value", b"m\n", 1, 2, 'expected float as value, got ""'),
    ("no value behind labels", b'm{a="x"}\n', 1, 9, 'expected float as value, got ""'),
    ("no number", b"m x\n", 1, 3, 'expected float as value, got "x"'),
    ("a number out of range", b"m 1e400\n", 1, 3, 'expected float as value, got "1e400"'),
    ("digits that are no number", b"m 1-1\n", 1, 3, 'expected float as value, got "1-1"'),
    ("a carriage return", b"m 1\r\n", 1, 3, 'expected float as value, got "1\\r"'),
    ("only a carriage return", b"\r\n", 1, 1, "invalid metric name"),
    ("a blank at the end", b"m 1 \n", 1, 5, 'expected integer as timestamp, got ""'),
    ("a timestamp with a fraction", b"m 1 1.5\n", 1, 5, 'expected integer as timestamp, got "1.5"'),
    ("a timestamp out of range", b"m 1 9223372036854775808\n", 1, 5, "expected integer as timestamp"),
    ("text behind the timestamp", b"m 1 5 x\n", 1, 6, "spurious string after timestamp"),
    (
        "a byte order mark",
        b"\xef\xbb\xbfm 1\n",
        1,
        1,
        "the body begins with a byte order mark; push it as UTF-8 without one",
    ),
    ("an exemplar", b'm 1 # {a="x"} 1\n', 1, 5, "this is an exemplar of OpenMetrics"),
    ("an exemplar behind a timestamp", b'm 1 5 # {a="x"} 1\n', 1, 6, "this is an exemplar of OpenMetrics"),
    ("an exemplar, and what to push", b"n 1\nm 1 # {} 1\n", 2, 5, "push the Prometheus text format instead"),
    ("gzip", gzip.compress(b"m 1\n"), 1, 1, "the body is gzip data; push it with the header 'Content-Encoding: gzip'"),
    ("snappy", b"\xff\6\0\0sNaPpY\1\n", 1, 1, "the body is snappy data"),
    ("zstd", b"\x28\xb5\x2f\xfd\n", 1, 1, "the body is zstd data"),
    ("UTF-16", "m 1\n".encode("utf-16"), 1, 1, "the body is UTF-16; push it as UTF-8"),
    ("UTF-16 without a mark", "# TYPE m gauge\nm 1\n".encode("utf-16-le"), 1, 1, "the body is UTF-16"),
    ("UTF-16 the other way round", "# TYPE m gauge\nm 1\n".encode("utf-16-be"), 1, 1, "the body is UTF-16"),
    ("a zero byte", b"m\0 1\n", 1, 2, "expected float as value"),
]

LABELS = [
    ("a lone comma", b"m{,} 1\n", 1, 3, 'invalid label name for metric "m"'),
    ("two commas", b'm{a="x",,} 1\n', 1, 9, 'invalid label name for metric "m"'),
    ("no comma", b'm{a="x" b="y"} 1\n', 1, 9, "expected ',' or '}' after label value"),
    ("no equals sign", b'm{a"x"} 1\n', 1, 7, "expected '=' after label name"),
    ("no quotes", b"m{a=x} 1\n", 1, 5, "expected '\"' at start of label value"),
    ("a colon in the name", b'm{a:b="x"} 1\n', 1, 4, "expected '=' after label name"),
    (
        "a quoted name that is none",
        b'm{"a.b"="x"} 1\n',
        1,
        3,
        'invalid label name "a.b": start the gateway with --push.enable-utf8-names',
    ),
    ("the reserved name", b'm{__name__="x"} 1\n', 1, 3, "is reserved"),
    ("an unknown escape", b'm{a="x\\t"} 1\n', 1, 7, "invalid escape sequence"),
    ("a line feed", b'm{a="x\ny"} 1\n', 1, 7, 'label value "x" contains unescaped new-line'),
    ("not UTF-8", b'm{a="x\xff"} 1\n', 1, 5, "invalid label value"),
    ("a surrogate", b'm{a="\xed\xa0\x80"} 1\n', 1, 5, "invalid label value"),
    ("a name twice", b'm{a="x",b="y",a="z"} 1\n', 1, 17, 'duplicate label name "a"'),
    ("a name twice in a later line", b'm 1\nm{a="x",a="x"} 1\n', 2, 11, 'duplicate label name "a"'),
    ("behind what is more than a byte", 'm{a="\u00e9\u20ac",b="\U0001f4c8" } x\n'.encode(), 1, 24, "expected float"),
]

COMMENTS = [
    ("no line feed at the end", b"# x", 1, 4, "unexpected end of input stream"),
    ("a help without line feed", b"# HELP m x", 1, 11, "unexpected end of input stream"),
    ("an invalid name", b"# TYPE 1 gauge\n", 1, 8, "invalid metric name in comment"),
    ("something behind the name", b"# HELP m{} x\n", 1, 9, "invalid metric name in comment"),
    ("an unknown type", b"# TYPE m info\n", 1, 10, 'unknown metric type "info"'),
    (
        "the type of OpenMetrics",
        b"# TYPE m unknown\n",
        1,
        10,
        'unknown metric type "unknown" of OpenMetrics; push the Prometheus',
    ),
    ("a blank behind the type", b"# TYPE m gauge \n", 1, 10, 'unknown metric type "gauge "'),
    ("a second type", b"# TYPE m gauge\n# TYPE m gauge\n", 2, 8, 'second TYPE line for metric name "m"'),
    ("a second type untyped", b"# TYPE m untyped\n# TYPE m gauge\n", 2, 8, "second TYPE line"),
    ("a second type of a summary", b"# TYPE m summary\n# TYPE m_sum gauge\n", 2, 8, "second TYPE line"),
    ("a type after samples", b"m 1\n# TYPE m gauge\n", 2, 8, "or TYPE reported after samples"),
    ("a second help", b"# HELP m x\n# HELP m x\n", 2, 8, 'second HELP line for metric name "m"'),
    ("an unknown escape in help", b"# HELP m x\\t\n", 1, 11, "invalid escape sequence"),
    ("a lone backslash in help", b"# HELP m x\\\n", 1, 11, "invalid escape sequence"),
]

DISTRIBUTIONS = [
    ("a bound that is no number", b'# TYPE m histogram\nm_bucket{a="x",le="y"} 1\n', 2, 19, "'le' label"),
    ("a quantile that is no number", b'# TYPE m summary\nm{quantile="y"} 1\n', 2, 12, "'quantile' label"),
    ("a negative bucket", b'# TYPE m histogram\nm_bucket{le="1"} -1\n', 2, 18, "negative bucket population"),
    ("a negative count", b"# TYPE m histogram\nm_count -0.5\n", 2, 9, 'negative count for histogram "m"'),
    ("a label twice", b'# TYPE m histogram\nm_bucket{le="1",a="x",a="y"} 1\n', 2, 25, "duplicate label name"),
]


@pytest.mark.parametrize(
    ("body", "line", "column", "reason"),
    [
        pytest.param(*case, id=f"{group}: {name}")
        for group, cases in [
            ("sample", SAMPLES),
            ("labels", LABELS),
            ("comment", COMMENTS),
            ("distribution", DISTRIBUTIONS),
        ]
        for name, *case in cases
    ],
)
def test_invalid_body_is_rejected_with_its_place(body: bytes, line: int, column: int, reason: str) -> None:
    with pytest.raises(errors.BadExpositionError) as refusal:
        parser.parse(body)
    assert (refusal.value.line, refusal.value.column) == (line, column)
    assert reason in refusal.value.reason


def test_error_starts_with_the_place_as_in_pushgateway() -> None:
    with pytest.raises(
        errors.BadExpositionError, match=r"^text format parsing error in line 2, column 3: expected float"
    ):
        parser.parse(b"m 1\nm x\n")


def test_error_in_a_large_body_has_the_right_line() -> None:
    with pytest.raises(errors.BadExpositionError, match=r"line 50001, column 3"):
        parser.parse(b"m 1\n" * 50_000 + b"m x\n" + b"\n" * 50_000)


def test_error_is_short_and_valid_utf8_for_every_body() -> None:
    with pytest.raises(errors.BadExpositionError) as refusal:
        parser.parse(b"m " + b"\xff" * 100_000 + b"\n")
    assert len(str(refusal.value).encode()) < 400


def test_a_body_of_empty_lines_takes_little_memory() -> None:
    body = b"\n" * 300_000
    tracemalloc.start()
    try:
        parser.parse(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 * len(body)
