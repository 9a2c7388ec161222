"""Numbers are parsed and printed as in Pushgateway; the tables are results of Go's ``strconv``."""

from __future__ import annotations

import math

import hypothesis
import pytest
from hypothesis import strategies

from tidegate.exposition.text import numbers

SPELLINGS = {
    "0": 0.0,
    "1": 1.0,
    "-1": -1.0,
    "+1.5": 1.5,
    "5.": 5.0,
    ".5": 0.5,
    "007": 7.0,
    "1e3": 1000.0,
    "1E+3": 1000.0,
    "1.5e-3": 0.0015,
    "1e308": 1e308,
    "1e-400": 0.0,
    "inf": math.inf,
    "+Inf": math.inf,
    "-INFINITY": -math.inf,
    "infinity": math.inf,
}

NO_NUMBERS = [
    "",
    " 1",
    "1 ",
    "1\n",
    "+",
    ".",
    "e5",
    "1e",
    "1e+",
    "--1",
    "1.2.3",
    "1_000",
    "0x10",
    "0x1p-2",
    "1p3",
    "+nan",
    "-NaN",
    "nano",
    "infinit",
    "1,5",
    "\u0661",
    "1e309",
    "-1e309",
    "9" * 400,
]

WRITTEN = {
    0.0: "0",
    1.0: "1",
    -1.0: "-1",
    100000.0: "100000",
    999999.0: "999999",
    999999.5: "999999.5",
    1e6: "1e+06",
    -1e6: "-1e+06",
    1000000.5: "1.0000005e+06",
    1000001.0: "1.000001e+06",
    1234567.0: "1.234567e+06",
    2e7: "2e+07",
    12345678.5: "1.23456785e+07",
    1700000000.1234567: "1.7000000001234567e+09",
    1e15: "1e+15",
    9007199254740993.0: "9.007199254740992e+15",
    9999999999999998.0: "9.999999999999998e+15",
    1e16: "1e+16",
    123456789012345680.0: "1.2345678901234568e+17",
    1e21: "1e+21",
    1e22: "1e+22",
    1e100: "1e+100",
    0.1: "0.1",
    0.0001: "0.0001",
    0.000123: "0.000123",
    0.00001: "1e-05",
    1.5e-7: "1.5e-07",
    5e-324: "5e-324",
    1.7976931348623157e308: "1.7976931348623157e+308",
    math.inf: "+Inf",
    -math.inf: "-Inf",
}


@pytest.mark.parametrize(("text", "value"), SPELLINGS.items(), ids=repr)
def test_number_is_parsed(text: str, value: float) -> None:
    assert numbers.parse_float(text) == value


@pytest.mark.parametrize("text", ["nan", "NaN", "NAN"])
def test_nan_is_parsed_in_any_case(text: str) -> None:
    assert math.isnan(numbers.parse_float(text))


@pytest.mark.parametrize("text", NO_NUMBERS, ids=lambda text: repr(text[:12]))
def test_text_that_is_not_a_number_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a number|out of range"):
        numbers.parse_float(text)


@pytest.mark.parametrize(("value", "text"), WRITTEN.items(), ids=repr)
def test_number_is_printed(value: float, text: str) -> None:
    assert numbers.format_float(value) == text


def test_negative_zero_is_printed_without_its_sign() -> None:
    assert numbers.format_float(-0.0) == "0"


def test_nan_is_printed() -> None:
    assert numbers.format_float(math.nan) == "NaN"


@hypothesis.given(strategies.floats(allow_nan=False))
def test_printed_number_is_parsed_into_itself(value: float) -> None:
    assert numbers.parse_float(numbers.format_float(value)) == value
