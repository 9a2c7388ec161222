"""Tests that share an expensive fixture run in one worker of pytest-xdist (``--dist=loadgroup``)."""

from __future__ import annotations

import pytest

_SHARED = ("chromium", "pair_with_utf8_names", "shared_gateway")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Name the group of each test that needs the browser, or a server of many tests."""
    for item in items:
        if isinstance(item, pytest.Function):
            group = _shared_fixture(item)
            if group:
                item.add_marker(pytest.mark.xdist_group(group))


def _shared_fixture(item: pytest.Function) -> str:
    """The fixture that the test shares with tests of other modules; empty if there is none."""
    if "pair" in item.fixturenames:
        # The id begins with that of the version, which is the parameter of the fixture.
        return f"pair-{item.callspec.id.partition('-')[0]}"
    return next((fixture for fixture in _SHARED if fixture in item.fixturenames), "")
