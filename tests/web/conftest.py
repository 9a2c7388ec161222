"""A real Chromium, one for the whole run, and pages in it that complain about nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest
from playwright import sync_api

from tests.web import browsers, threaded_gateway

OpenPage: TypeAlias = Callable[..., sync_api.Page]

_SECONDS = 10.0
_REFUSED = "Failed to load resource"
"""What the browser itself says of an answer that is no success; the page says it in its own words."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what needs the browser."""
    if isinstance(item, pytest.Function) and "chromium" in item.fixturenames:
        item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[sync_api.Browser]:
    with browsers.chromium() as browser:
        yield browser


@pytest.fixture
def web() -> dict[str, Any]:
    """What the gateway serves, beside its address; a module that needs more has a fixture of this name of its own."""
    return {}


@pytest.fixture
def site(web: dict[str, Any]) -> Iterator[threaded_gateway.Site]:
    with threaded_gateway.Site(**web) as running:
        yield running


@pytest.fixture
def complaints() -> list[str]:
    """What pages have complained of so far; whatever is in it at the end of the test fails it."""
    return []


@pytest.fixture
def open_page(chromium: sync_api.Browser, site: threaded_gateway.Site, complaints: list[str]) -> Iterator[OpenPage]:
    """Opens the site's page in a context of its own; whatever the page complains of fails the test.

    ``at`` is another URL of it.
    """
    contexts: list[sync_api.BrowserContext] = []

    def hear(message: sync_api.ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_REFUSED):
            complaints.append(message.text)

    def open_it(path: str = "", *, at: str = "", **options: Any) -> sync_api.Page:
        usual = {"viewport": {"width": 1280, "height": 720}, "locale": "en-GB", "timezone_id": "UTC"}
        context = chromium.new_context(**{**usual, **options})
        contexts.append(context)
        context.set_default_timeout(1000 * _SECONDS)
        page = context.new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{at or site.url}{path}")
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert not complaints, complaints


@pytest.fixture
def page(open_page: OpenPage) -> sync_api.Page:
    """The site's page as it opens."""
    return open_page()
