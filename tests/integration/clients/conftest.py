"""A gateway process for the client libraries to push to."""

from collections.abc import Iterator

import pytest

from tests.support.processes import tidegate_processes


@pytest.fixture(scope="session")
def shared_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tidegate_processes.Gateway]:
    """One gateway for all tests of the folder."""
    flags = ("--web.enable-admin-api", "--web.enable-openmetrics")
    with tidegate_processes.serving(tmp_path_factory.mktemp("clients"), arguments=flags) as running:
        yield running


@pytest.fixture
def gateway(shared_gateway: tidegate_processes.Gateway) -> tidegate_processes.Gateway:
    """The gateway without groups."""
    shared_gateway.wipe()
    return shared_gateway
