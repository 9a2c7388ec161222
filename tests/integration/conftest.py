"""Tests that share an expensive fixture run in one worker of pytest-xdist (``--dist=loadgroup``)."""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Name the group of each test that needs the browser, or a Pushgateway that serves many tests."""
    for item in items:
        if isinstance(item, pytest.Function):
            group = _shared_fixture(item)
            if group:
                item.add_marker(pytest.mark.xdist_group(group))


def _shared_fixture(item: pytest.Function) -> str:
    """The fixture that the test shares with tests of other modules; empty if there is none."""
    if "chromium" in item.fixturenames:
        return "chromium"
    if "pair_with_utf8_names" in item.fixturenames:
        return "pair_with_utf8_names"
    if "pair" in item.fixturenames:
        version, _ = item.callspec.params["pair"]
        return f"pair-{version}"
    return ""
