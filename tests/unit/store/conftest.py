"""A store with and without a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.store import persistent_stores, store_builders
from tidegate.store import interface


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "groups"


@pytest.fixture(params=["memory", "file"])
async def store(request: pytest.FixtureRequest, path: Path) -> AsyncIterator[interface.Store]:
    if request.param == "memory":
        yield store_builders.store()
    else:
        async with persistent_stores.opened(path) as opened:
            yield opened
