"""The limit of connections follows from the limit of file descriptors."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from tidegate.system import file_descriptors


@pytest.fixture
def soft() -> Iterator[int]:
    """A soft limit of this process; the previous one is restored afterwards."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (500, before[1]))
    yield 500
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("soft")
def test_all_connections_are_allowed_if_there_are_enough_descriptors() -> None:
    assert file_descriptors.room_for(300) == 300


@pytest.mark.usefixtures("soft")
def test_some_descriptors_are_reserved_for_other_uses(caplog: pytest.LogCaptureFixture) -> None:
    assert file_descriptors.room_for(500) == 400
    assert "at most 400 connections instead of 500" in caplog.text


@pytest.mark.usefixtures("soft")
def test_soft_limit_is_raised_to_the_hard_limit() -> None:
    file_descriptors.raise_limit()
    found, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert found == hard


def test_equal_limits_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (4096, 4096))
    monkeypatch.setattr(resource, "setrlimit", pytest.fail)
    file_descriptors.raise_limit()


def test_hard_limit_that_the_system_does_not_grant_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def reject(_kind: int, _limits: tuple[int, int]) -> None:
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", reject)
    file_descriptors.raise_limit()
    assert "cannot raise the limit on file descriptors from 256" in caplog.text


def test_unlimited_descriptors_allow_all_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert file_descriptors.room_for(1_000_000) == 1_000_000


def test_one_connection_is_always_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (50, 50))
    assert file_descriptors.room_for(500) == 1
