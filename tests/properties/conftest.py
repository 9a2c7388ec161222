"""One life for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.properties import group_lives


@pytest.fixture
def life() -> Iterator[group_lives.GroupLife]:
    with group_lives.GroupLife() as made:
        yield made
