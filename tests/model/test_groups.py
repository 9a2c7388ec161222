"""Grouping keys."""

from __future__ import annotations

from tidegate.model import groups


def test_the_order_of_labels_makes_no_other_key() -> None:
    one = groups.grouping_key({"job": "a", "instance": "i"})
    assert one == groups.grouping_key({"instance": "i", "job": "a"})
    assert groups.labels(one) == {"instance": "i", "job": "a"}


def test_a_label_is_found_by_its_name() -> None:
    key = groups.grouping_key({"job": "a", "instance": ""})
    assert groups.label(key, "instance") == ""
    assert groups.label(key, "zone") is None


def test_people_read_the_job_first_and_every_character_escaped() -> None:
    key = groups.grouping_key({"job": 'a"b', "a": "x\\y\nz"})
    assert groups.describe(key) == r'{job="a\"b",a="x\\y\nz"}'
