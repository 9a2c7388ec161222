"""The versions of Pushgateway that the operator is tested with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.support import requirements
from tests.support.operator import operator_fixtures, pushgateway_harness
from tests.support.pushgateway import pushgateway_servers

session = operator_fixtures.session
scene = operator_fixtures.scene


@pytest.fixture(params=pushgateway_servers.programs().items(), ids=lambda named: named[0])
def pushgateway_program(request: pytest.FixtureRequest) -> Path:
    """A real Pushgateway: each available version in turn."""
    find: Callable[[], Path] = request.param[1]
    return requirements.require(find)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The persistence file of the Pushgateway."""
    return tmp_path / "groups"


@pytest.fixture
def pushgateway(pushgateway_program: Path, tmp_path: Path, file: Path) -> Iterator[pushgateway_servers.Pushgateway]:
    with pushgateway_servers.serving(pushgateway_program, tmp_path, f"--persistence.file={file}") as running:
        yield running


@pytest.fixture
async def stage(
    pushgateway: pushgateway_servers.Pushgateway, session: aiohttp.ClientSession
) -> pushgateway_harness.Stage:
    running_stage = pushgateway_harness.Stage(pushgateway.url, session)
    await running_stage.push("job/x")
    await running_stage.follow()
    return running_stage
