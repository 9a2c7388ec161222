"""A gateway process for the client libraries to push to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import tidegate_processes


@pytest.fixture
def flags() -> tuple[str, ...]:
    """Extra flags of the gateway; a module or class overrides this fixture to set some."""
    return ()


@pytest.fixture
def gateway(tmp_path: Path, flags: tuple[str, ...]) -> Iterator[tidegate_processes.Gateway]:
    """A running gateway that is ready."""
    with tidegate_processes.serving(tmp_path, arguments=flags) as running:
        yield running
