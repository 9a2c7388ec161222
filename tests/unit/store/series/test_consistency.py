"""The error of a push that contradicts another group names that group."""

from __future__ import annotations

import pytest

from tests.support.store import store_builders
from tidegate.model import errors, families, grouping


def _clash(there: grouping.GroupingKey, *, labels: int = 0) -> errors.InconsistentPushError:
    """Return the error of a push with another type, with groups that have similar grouping keys."""
    store = store_builders.store()
    for other in (store_builders.key(job="a", zone="1"), store_builders.key(job="a", cluster="c")):
        store_builders.done(store.push(other, store_builders.family("y", store_builders.number(1.0)), replace=True))
    extra = {f"l{number:02}": "x" for number in range(labels)}
    pushed = store_builders.family("x", store_builders.number(1.0, **extra, zone="1"))
    store_builders.done(store.push(there, pushed, replace=True))
    counter = store_builders.family("x", store_builders.number(1.0), type=families.MetricType.COUNTER)
    with pytest.raises(errors.InconsistentPushError) as caught:
        store_builders.done(store.push(store_builders.key(job="new"), counter, replace=True))
    return caught.value


@pytest.mark.parametrize(
    "there",
    [
        pytest.param(store_builders.key(job="a"), id="by the job alone"),
        pytest.param(store_builders.key(job="a", zone="1"), id="by a label that the series has, too"),
        pytest.param(store_builders.key(job="a", cluster="c", instance="i"), id="by several labels"),
    ],
)
def test_error_names_the_group_of_a_series(there: grouping.GroupingKey) -> None:
    assert _clash(there).group == there
    assert _clash(there, labels=5).group == there


def test_error_names_a_group_with_very_many_labels() -> None:
    there = store_builders.key(job="a", zone="1", **{f"k{number:02}": "x" for number in range(30)})
    assert _clash(there).group == there


def test_error_shows_a_series_with_very_many_labels_instead_of_its_group() -> None:
    there = store_builders.key(job="a", **{f"k{number:02}": "x" for number in range(8)})
    error = _clash(there, labels=20)
    assert error.group is None
    assert 'in another group, which has the series x{job="a",instance="",k00="x"' in str(error)
