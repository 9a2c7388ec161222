"""Escaping of names that are not plain."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import strategies

from tidegate.exposition import name_escaping

Escaping = name_escaping.Escaping
_NAMES = strategies.text(strategies.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("name", "underscores", "dots", "values"),
    [
        pytest.param("a_b:c", "a_b:c", "a_b:c", "a_b:c", id="plain"),
        pytest.param("a.b_c", "a_b_c", "a_dot_b__c", "U__a_2e_b__c", id="dot"),
        pytest.param("1a", "_a", "__a", "U___31_a", id="digit first"),
        pytest.param("é😀", "__", "____", "U___e9__1f600_", id="beyond ASCII"),
        pytest.param("a b", "a_b", "a__b", "U__a_20_b", id="blank"),
    ],
)
def test_name_is_escaped_by_the_requested_scheme(name: str, underscores: str, dots: str, values: str) -> None:
    assert name_escaping.escape(name, Escaping.ALLOW_UTF8) == name
    assert name_escaping.escape(name, Escaping.UNDERSCORES) == underscores
    assert name_escaping.escape(name, Escaping.DOTS) == dots
    assert name_escaping.escape(name, Escaping.VALUES) == values


def test_a_colon_is_plain_in_a_metric_name_and_not_in_a_label_name() -> None:
    assert name_escaping.escape("a:b", Escaping.UNDERSCORES) == "a:b"
    assert name_escaping.escape("a:b", Escaping.UNDERSCORES, label=True) == "a_b"


@hypothesis.given(_NAMES)
def test_every_name_can_be_decoded_from_its_values(name: str) -> None:
    hypothesis.assume(not name.startswith("U__"))
    assert name_escaping.unescape(name_escaping.escape(name, Escaping.VALUES)) == name


@hypothesis.given(_NAMES, strategies.booleans())
def test_escaped_name_is_plain(name: str, label: bool) -> None:
    for escaping in (Escaping.UNDERSCORES, Escaping.DOTS, Escaping.VALUES):
        escaped = name_escaping.escape(name, escaping, label=label)
        assert name_escaping.is_plain_label(escaped) if label else name_escaping.is_plain(escaped)


@pytest.mark.parametrize(
    "name", ["U__a_2e", "U__a_", "U__a_110000_", "U__a_d800_", "U__a_2e2e2e2_", "U_a_2e_", "a_2e_b"]
)
def test_invalid_escape_is_left_unchanged(name: str) -> None:
    assert name_escaping.unescape(name) == name


@pytest.mark.parametrize(
    ("labels", "twice"),
    [
        pytest.param(["a_b", "c"], None, id="plain"),
        pytest.param(["a.b", "a.c"], None, id="apart"),
        pytest.param(["a.b", "a_b"], "a_b", id="underscores"),
        pytest.param(["a.b", "a_dot_b"], "a_dot_b", id="dots"),
        pytest.param(["a.b", "U__a_2e_b"], "U__a_2e_b", id="values"),
    ],
)
def test_labels_with_equal_escaped_names_clash(labels: list[str], twice: str | None) -> None:
    assert name_escaping.clash(labels) == twice
