"""Grouping keys whose series no reader could take are refused by their path."""

from __future__ import annotations

import pytest

from tidegate.gateway import paths
from tidegate.model import errors


def test_labels_of_a_key_that_are_one_to_some_readers_are_refused() -> None:
    with pytest.raises(errors.BadGroupingKeyError, match="two of its labels are both a_b to some readers"):
        paths.grouping_key("job/x/a_b/1/U__a_2e_b/2", utf8_names=True)


def test_labels_of_a_key_that_every_reader_tells_apart_are_taken() -> None:
    key = paths.grouping_key("job/x/a_c/1/U__a_2e_b/2", utf8_names=True)
    assert dict(key) == {"job": "x", "a_c": "1", "a.b": "2"}
