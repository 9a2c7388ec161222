"""Accepted bodies in the text format, with the families that Pushgateway shows for them."""

from __future__ import annotations

import pytest

from tests.support.formats import canonical_text
from tidegate.exposition.text import parser

UNTYPED = b"# TYPE m untyped\n"

SPELLINGS = [
    ("nothing", b"", b""),
    ("only blanks without a line feed", b" \t", b""),
    ("only comments", b"# TYPE m gauge\n# HELP m x\n#\n# x\n", b""),
    ("no type", b"m 1\n", UNTYPED + b"m 1\n"),
    ("empty lines", b"\n \t\nm 1\n\n", UNTYPED + b"m 1\n"),
    ("blanks everywhere", b' m\t{ a = "x" ,\tb="y" , } \t1\n', UNTYPED + b'm{a="x",b="y"} 1\n'),
    ("no blanks", b'm{a="x"}1\n', UNTYPED + b'm{a="x"} 1\n'),
    ("a sign instead of a blank", b"m-1\n", UNTYPED + b"m -1\n"),
    ("empty braces", b"m{} 1\n", UNTYPED + b"m 1\n"),
    ("a trailing comma", b'm{a="x",} 1\n', UNTYPED + b'm{a="x"} 1\n'),
    ("labels out of order", b'm{b="1",a="2"} 1\n', UNTYPED + b'm{a="2",b="1"} 1\n'),
    ("an empty label value", b'm{a=""} 1\n', UNTYPED + b'm{a=""} 1\n'),
    ("escapes in a label value", b'm{a="\\\\ \\" \\n"} 1\n', UNTYPED + b'm{a="\\\\ \\" \\n"} 1\n'),
    ("braces in a label value", b'm{a="{},=#"} 1\n', UNTYPED + b'm{a="{},=#"} 1\n'),
    ("UTF-8 in a label value", 'm{a="\u00e9"} 1\n'.encode(), UNTYPED + b'm{a="\xc3\xa9"} 1\n'),
    ("a quoted label name", b'm{"a"="x"} 1\n', UNTYPED + b'm{a="x"} 1\n'),
    ("the name within the braces", b'{"m",a="x"} 1\n', UNTYPED + b'm{a="x"} 1\n'),
    ("the bare name within the braces", b"{m} 1\n", UNTYPED + b"m 1\n"),
    ("the name behind the labels", b'{a="x","m"} 1\n', UNTYPED + b'm{a="x"} 1\n'),
    ("a colon in a name", b"a:b 1\n", b"# TYPE a:b untyped\na:b 1\n"),
    ("spellings of numbers", b"m +Inf\nm nan\nm .5\nm 1e-400\n", UNTYPED + b"m +Inf\nm NaN\nm 0.5\nm 0\n"),
    ("le on a gauge is a label", b'# TYPE m gauge\nm{le="x"} 1\n', b'# TYPE m gauge\nm{le="x"} 1\n'),
]

COMMENTS = [
    ("any case of the type", b"# TYPE m GaUge\nm 1\n", b"# TYPE m gauge\nm 1\n"),
    ("a backslash in the type", b"# TYPE m ga\\uge\nm 1\n", b"# TYPE m gauge\nm 1\n"),
    ("blanks around", b"\t#\t TYPE \tm \tcounter\nm 1\n", b"# TYPE m counter\nm 1\n"),
    ("no blank before", b"#TYPE m counter\nm 1\n", b"# TYPE m counter\nm 1\n"),
    ("a quoted name", b'# TYPE "m" counter\nm 1\n', b"# TYPE m counter\nm 1\n"),
    ("no type", b"# TYPE m \n# TYPE m\n# TYPE\n# TYPE m gauge\nm 1\n", b"# TYPE m gauge\nm 1\n"),
    ("gauge histogram", b"# TYPE m gaugehistogram\nm_sum 1\n", b'# TYPE m histogram\nm_bucket{le="+Inf"} 0\n'
     b"m_sum 1\nm_count 0\n"),
    ("help", b"# HELP m  a b \nm 1\n", b"# HELP m a b \n" + UNTYPED + b"m 1\n"),
    ("help after samples", b"m 1\n# HELP m x\n", b"# HELP m x\n" + UNTYPED + b"m 1\n"),
    ("help with escapes", b'# HELP m \\\\ \\n \\" "\nm 1\n', b'# HELP m \\\\ \\n " "\n' + UNTYPED + b"m 1\n"),
    ("help without text", b"# HELP m \nm 1\n", UNTYPED + b"m 1\n"),
    ("a carriage return in help", b"# HELP m x\r\nm 1\n", b"# HELP m x\r\n" + UNTYPED + b"m 1\n"),
    ("help that is not UTF-8", b"# HELP m \xff\nm 1\n", "# HELP m \ufffd\n".encode() + UNTYPED + b"m 1\n"),
    ("another comment that is not UTF-8", b"# \xff\nm 1\n", UNTYPED + b"m 1\n"),
    ("a longer keyword", b"# TYPED m x\n# HELPER\nm 1\n", UNTYPED + b"m 1\n"),
]  # fmt: skip

JOINED = [
    (
        "the lines of a summary",
        b'# TYPE m summary\nm{quantile="0.5",a="x"} 7\nm_sum{a="x"} 3\nm_count{a="x"} 2\nm_count 1.9\n',
        b'# TYPE m summary\nm{a="x",quantile="0.5"} 7\nm_sum{a="x"} 3\nm_count{a="x"} 2\nm_sum 0\nm_count 1\n',
    ),
    (
        "the lines of a histogram",
        b'# TYPE m histogram\nm_bucket{le="1",a="x"} 2\nm_count{a="x"} 3\nm{a="x",le="+Inf"} 3\nm_sum{a="x"} 9\n',
        b'# TYPE m histogram\nm_bucket{a="x",le="1"} 2\nm_bucket{a="x",le="+Inf"} 3\n'
        b'm_sum{a="x"} 9\nm_count{a="x"} 3\n',
    ),
    (
        "a bucket under the bare name",
        b'# TYPE m histogram\nm{le="1"} 2.5\n',
        b'# TYPE m histogram\nm_bucket{le="1"} 2.5\nm_bucket{le="+Inf"} 0\nm_sum 0\nm_count 0\n',
    ),
    (
        "a bucket without bound counts for nothing",
        b'# TYPE m histogram\nm_bucket 2\nm_bucket{le="NaN"} 2\n',
        b'# TYPE m histogram\nm_bucket{le="+Inf"} 0\nm_sum 0\nm_count 0\n',
    ),
    (
        "of two bounds the last counts",
        b'# TYPE m histogram\nm_bucket{le="1",le="2"} 5\n',
        b'# TYPE m histogram\nm_bucket{le="2"} 5\nm_bucket{le="+Inf"} 0\nm_sum 0\nm_count 0\n',
    ),
    (
        "a summary has no buckets",
        b"# TYPE m summary\nm_bucket 1\nm_sum 2\n",
        b"# TYPE m summary\nm_sum 2\nm_count 0\n# TYPE m_bucket untyped\nm_bucket 1\n",
    ),
    (
        "a family of its own keeps its name",
        b"# TYPE m_count gauge\n# TYPE m summary\nm_count 1\nm_sum 2\n",
        b"# TYPE m_count gauge\nm_count 1\n# TYPE m summary\nm_sum 2\nm_count 0\n",
    ),
    (
        "help for a part is help for the whole",
        b"# TYPE m summary\n# HELP m_sum x\nm_sum 2\n",
        b"# HELP m x\n# TYPE m summary\nm_sum 2\nm_count 0\n",
    ),
    (
        "a negative count of a summary wraps",
        b"# TYPE m summary\nm_count -1\nm_count{a=\"x\"} NaN\n",
        b'# TYPE m summary\nm_sum 0\nm_count 1.8446744073709552e+19\nm_sum{a="x"} 0\n'
        b'm_count{a="x"} 9.223372036854776e+18\n',
    ),
    (
        "a family named again later",
        b"a 1\nb 2\na{c=\"x\"} 3\n",
        b"# TYPE a untyped\na 1\na{c=\"x\"} 3\n# TYPE b untyped\nb 2\n",
    ),
    ("the same series twice stays twice", b"m 1\nm 1\n", UNTYPED + b"m 1\nm 1\n"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "shown"),
    [pytest.param(body, shown, id=name) for name, body, shown in SPELLINGS + COMMENTS + JOINED],
)
def test_body_is_parsed(body: bytes, shown: bytes) -> None:
    assert canonical_text.write(parser.parse(body).values()) == shown


@pytest.mark.parametrize(
    ("timestamp", "timestamp_ms"),
    [(b"0", 0), (b"-5", -5), (b"+05", 5), (b"9223372036854775807", 2**63 - 1), (b"0" * 5000 + b"7", 7)],
    ids=["zero", "negative", "plus", "largest", "many zeros"],
)
def test_timestamp_is_parsed(timestamp: bytes, timestamp_ms: int) -> None:
    (metric,) = parser.parse(b"m 1 " + timestamp + b"\n")["m"].metrics
    assert metric.timestamp_ms == timestamp_ms


def test_timestamp_on_any_line_of_a_histogram_is_parsed() -> None:
    (metric,) = parser.parse(b"# TYPE m histogram\nm_sum 1 5\nm_count 1\n")["m"].metrics
    assert metric.timestamp_ms == 5


def test_families_are_in_order_of_first_appearance() -> None:
    assert list(parser.parse(b"b 1\n# HELP c x\na 1\nc 1\nb 2\n")) == ["b", "c", "a"]


def test_body_of_many_lines_is_parsed_completely() -> None:
    body = b"".join(b'm{a="%d"} %d\n' % (number, number) for number in range(20_000))
    metrics = parser.parse(b"# TYPE m gauge\n" + body)["m"].metrics
    assert [metric.value for metric in metrics] == list(range(20_000))
