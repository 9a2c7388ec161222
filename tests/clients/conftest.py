"""A gateway as its users run it, for clients as its users have them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import tidegates


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[tidegates.Gateway]:
    """A gateway, ready."""
    with tidegates.serving(tmp_path) as running:
        yield running
