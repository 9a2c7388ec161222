"""One life for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.lifecycles import group_lifecycle_machine


@pytest.fixture
def life() -> Iterator[group_lifecycle_machine.GroupLife]:
    with group_lifecycle_machine.GroupLife() as made:
        yield made
