"""Selectors that Prometheus' parser accepts, selectors that it rejects, and those that only tidegate rejects."""

from __future__ import annotations

import pytest

ACCEPTED = [
    pytest.param('{job="a"}', id="one"),
    pytest.param('{job="a",zone!="b",n=~"c",m!~"d"}', id="all operators"),
    pytest.param('{job="a",}', id="comma at the end"),
    pytest.param(' \t\r\n{ job = "a" , zone = "b" } ', id="spaces"),
    pytest.param('{job="a", # why\n zone="b"} # so', id="comments"),
    pytest.param("{job='a'}", id="single quotes"),
    pytest.param("{job=`a\\n\n`}", id="backticks"),
    pytest.param('{"job"="a"}', id="quoted name"),
    pytest.param('{\'größe.x\'="a",`b c`="d"}', id="names of UTF-8"),
    pytest.param(r'{job="\a\b\f\n\r\t\v\\\"\x41\101\u00e4\U0001d11e"}', id="every escape"),
    pytest.param(r"{job='\''}", id="escaped single quote"),
    pytest.param('{job="a",job!="b"}', id="a label twice"),
    pytest.param('{by="a",sum="b",on="c"}', id="keywords are names"),
    pytest.param('{job!=""}', id="not empty"),
    pytest.param('{job=~".+"}', id="a pattern without the empty value"),
    pytest.param('{job!~"a?"}', id="not a pattern with the empty value"),
    pytest.param('{job="a",zone=""}', id="one that is not empty is enough"),
    pytest.param('{job=~"(?i)a{1,1000}\\\\pL"}', id="syntax of RE2"),
]

REJECTED = [
    pytest.param("", 1, "expected {", id="nothing"),
    pytest.param(" ", 2, "expected {", id="a space"),
    pytest.param("{", 2, "expected a label name", id="open"),
    pytest.param("}", 1, "expected {", id="closed"),
    pytest.param("{}", 1, "selects all", id="empty"),
    pytest.param('{job=""}', 1, "selects all", id="an empty value"),
    pytest.param(' {job=~".*",a!="b"}', 1, "selects all", id="accepts no labels"),
    pytest.param("{,}", 2, "expected a label name", id="comma alone"),
    pytest.param('{job="a",,}', 10, "expected a label name", id="comma twice"),
    pytest.param('{job="a" zone="b"}', 10, "expected }", id="no comma"),
    pytest.param('{job="a"', 9, "expected }", id="no brace"),
    pytest.param("{job}", 5, "expected one of =", id="no operator"),
    pytest.param('{job=="a"}', 6, "expected a value in quotes", id="two equal signs"),
    pytest.param('{job>"a"}', 5, "expected one of =", id="another operator"),
    pytest.param("{job=a}", 6, "expected a value in quotes", id="no quotes"),
    pytest.param("{job=1}", 6, "expected a value in quotes", id="number"),
    pytest.param('{1="a"}', 2, "expected a label name", id="name that begins with a digit"),
    pytest.param('{a:b="a"}', 3, "expected one of =", id="colon"),
    pytest.param('{job="a', 6, "expected a value in quotes", id="open string"),
    pytest.param('{job="a\n"}', 6, "expected a value in quotes", id="line end in a string"),
    pytest.param("{job=`a", 6, "expected a value in quotes", id="open backticks"),
    pytest.param(r'{job="\q"}', 7, "unknown escape", id="unknown escape"),
    pytest.param(r'{job="\'"}', 7, "unknown escape", id="escape of the other quote"),
    pytest.param(r'{job="a\x4"}', 8, "unknown escape", id="short escape"),
    pytest.param(r'{job="\400"}', 7, "unknown escape", id="octal beyond a byte"),
    pytest.param(r'{job="\U00110000"}', 7, "not a Unicode character", id="beyond Unicode"),
    pytest.param(r'{job="\ud800"}', 7, "not a Unicode character", id="half a code point"),
    pytest.param('{job="a"}x', 10, "unexpected text after", id="nothing may follow"),
    pytest.param('{job="a"} {job="b"}', 11, "unexpected text after", id="another after"),
    pytest.param('{job!="a"}', 1, "selects all", id="all but one"),
    pytest.param('{job=~"("}', 7, "missing )", id="bad pattern"),
    pytest.param('{job!~"a(?=b)"}', 7, "invalid perl operator", id="pattern that is not RE2's"),
    pytest.param('(job="a")', 1, "expected {", id="parentheses"),
]
"""With the column and a part of the error."""

REJECTED_BY_TIDEGATE_ONLY = [
    pytest.param('{job="a"}[5m]', 10, "unexpected text after", id="a range"),
    pytest.param("up", 1, "no metric name", id="metric alone"),
    pytest.param('up{job="a"}', 1, "no metric name", id="metric before the braces"),
    pytest.param('{"up"}', 2, "no metric name", id="metric in the braces"),
    pytest.param('{job="a","up"}', 10, "no metric name", id="metric at the end"),
    pytest.param('{job="a",__name__="up"}', 10, "no metric name", id="name of a metric"),
    pytest.param(r'{job="\xff"}', 6, "not UTF-8", id="a value that no label can have"),
    pytest.param(r'{job=~"\\pL{1000}"}', 7, "pattern too large", id="too large a pattern"),
    pytest.param(f'{{job=~"{"a" * 1001}"}}', 7, "more than 1000", id="too long a pattern"),
]
