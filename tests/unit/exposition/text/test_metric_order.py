"""A series key sorts label sets as Pushgateway does, and differs for different label sets."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import strategies

from tidegate.exposition.text import metric_order
from tidegate.model import families

_NAMES = strategies.sampled_from(["a", "aa", "b", "job", "instance"])
_VALUES = strategies.text(strategies.sampled_from("\0\1\2a\u00e9\U0001f4c8"), max_size=3)
LABELS = strategies.dictionaries(_NAMES, _VALUES, max_size=4).map(lambda pairs: tuple(sorted(pairs.items())))


def _pushgateway_order(labels: families.Labels) -> tuple[object, ...]:
    return len(labels), [value.encode() for _, value in labels], [name.encode() for name, _ in labels]


@hypothesis.given(LABELS, LABELS)
def test_keys_compare_as_label_sets_do(first: families.Labels, second: families.Labels) -> None:
    assert (metric_order.series_key(first) < metric_order.series_key(second)) == (
        _pushgateway_order(first) < _pushgateway_order(second)
    )


@hypothesis.given(LABELS, LABELS)
def test_keys_are_equal_only_for_equal_label_sets(first: families.Labels, second: families.Labels) -> None:
    assert (metric_order.series_key(first) == metric_order.series_key(second)) == (first == second)


@hypothesis.given(LABELS)
def test_label_set_can_be_read_from_its_key(labels: families.Labels) -> None:
    assert metric_order.labels(metric_order.series_key(labels)) == labels


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param((), (("a", ""),), id="fewer labels first"),
        pytest.param(
            tuple((f"a{number}", "z") for number in range(9)),
            tuple((f"a{number}", "a") for number in range(10)),
            id="nine before ten",
        ),
        pytest.param((("z", "1"),), (("a", "2"),), id="values before names"),
        pytest.param((("a", "x"), ("b", "z")), (("a", "xa"), ("b", "a")), id="the first value decides"),
        pytest.param((("a", "x"),), (("b", "x"),), id="names where values are equal"),
    ],
)
def test_label_sets_sort_as_in_pushgateway(first: families.Labels, second: families.Labels) -> None:
    assert metric_order.series_key(first) < metric_order.series_key(second)
