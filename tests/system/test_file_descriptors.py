"""Room for connections is what descriptors there are for."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from tidegate.system import file_descriptors


@pytest.fixture
def soft() -> Iterator[int]:
    """A soft limit of this process, and the one before again afterwards."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (500, before[1]))
    yield 500
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("soft")
def test_where_there_are_descriptors_there_is_room_for_all() -> None:
    assert file_descriptors.room_for(300) == 300


@pytest.mark.usefixtures("soft")
def test_some_descriptors_are_left_for_other_things(caplog: pytest.LogCaptureFixture) -> None:
    assert file_descriptors.room_for(500) == 400
    assert "at most 400 connections instead of 500" in caplog.text


@pytest.mark.usefixtures("soft")
def test_the_limit_is_raised_as_far_as_it_goes() -> None:
    file_descriptors.raise_limit()
    found, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert found == hard
