"""Garbage of tasks and coroutines that kopf leaves behind is reported in the test that made it."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture
def own_garbage() -> Iterator[None]:
    """Let collections find only objects of the test, so that they are cheap; collect them at its end.

    A task with an unread exception is then logged in its own test.
    """
    gc.freeze()
    yield
    gc.collect()
    gc.unfreeze()
