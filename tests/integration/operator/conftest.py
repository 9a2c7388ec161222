"""The versions of Pushgateway that the operator is tested with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import requirements
from tests.support.operator import operator_fixtures
from tests.support.pushgateway import pushgateway_servers

session = operator_fixtures.session
scene = operator_fixtures.scene


@pytest.fixture(params=pushgateway_servers.programs().items(), ids=lambda named: named[0])
def pushgateway_program(request: pytest.FixtureRequest) -> Path:
    """A real Pushgateway: each available version in turn."""
    find: Callable[[], Path] = request.param[1]
    return requirements.require(find)
