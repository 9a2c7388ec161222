"""A gateway as its users run it, for clients as its users have them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import tidegate_processes


@pytest.fixture
def flags() -> tuple[str, ...]:
    """Of the gateway; a module or class that needs some has a fixture of this name of its own."""
    return ()


@pytest.fixture
def gateway(tmp_path: Path, flags: tuple[str, ...]) -> Iterator[tidegate_processes.Gateway]:
    """A gateway, ready."""
    with tidegate_processes.serving(tmp_path, arguments=flags) as running:
        yield running
