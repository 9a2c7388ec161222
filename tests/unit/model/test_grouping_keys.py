"""Grouping keys."""

from __future__ import annotations

from tidegate.model import grouping


def test_order_of_labels_does_not_change_the_key() -> None:
    one = grouping.grouping_key({"job": "a", "instance": "i"})
    assert one == grouping.grouping_key({"instance": "i", "job": "a"})
    assert grouping.labels(one) == {"instance": "i", "job": "a"}


def test_a_label_is_found_by_its_name() -> None:
    key = grouping.grouping_key({"job": "a", "instance": ""})
    assert grouping.label(key, "instance") == ""
    assert grouping.label(key, "zone") is None


def test_description_has_the_job_first_and_escapes_values() -> None:
    key = grouping.grouping_key({"job": 'a"b', "a": "x\\y\nz"})
    assert grouping.describe(key) == r'{job="a\"b",a="x\\y\nz"}'
