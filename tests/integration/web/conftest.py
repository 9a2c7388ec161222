"""One Chromium for the folder, and pages in it that must not log errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest
from playwright import sync_api

from tests.support.programs import browsers
from tests.support.web import threaded_gateway

OpenPage: TypeAlias = Callable[..., sync_api.Page]

_SECONDS = 60.0
"""How long a browser may take for one step: generous, because a busy machine slows it down most."""

sync_api.expect.set_options(timeout=1000 * _SECONDS)
_REFUSED = "Failed to load resource"
"""The browser's own message about an error response; the page shows a message of its own."""


@pytest.fixture(scope="package")
def chromium() -> Iterator[sync_api.Browser]:
    """One Chromium for this folder. It ends with it: Playwright keeps an event loop, and asyncio allows no other."""
    with browsers.chromium() as browser:
        yield browser


@pytest.fixture
def web() -> dict[str, Any]:
    """Web settings of the gateway in addition to its address; a module overrides this fixture to set more."""
    return {}


@pytest.fixture
def site(web: dict[str, Any]) -> Iterator[threaded_gateway.Site]:
    with threaded_gateway.Site(**web) as running:
        yield running


@pytest.fixture
def page_errors() -> list[str]:
    """The errors that pages have logged; if any are left at the end, the test fails."""
    return []


@pytest.fixture
def open_page(chromium: sync_api.Browser, site: threaded_gateway.Site, page_errors: list[str]) -> Iterator[OpenPage]:
    """Open the site's page in a new browser context; an error that the page logs fails the test.

    ``at`` is another URL of the site.
    """
    contexts: list[sync_api.BrowserContext] = []

    def on_console_message(message: sync_api.ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_REFUSED):
            page_errors.append(message.text)

    def open_new(path: str = "", *, at: str = "", **options: Any) -> sync_api.Page:
        usual = {"viewport": {"width": 1280, "height": 720}, "locale": "en-GB", "timezone_id": "UTC"}
        context = chromium.new_context(**{**usual, **options})
        contexts.append(context)
        context.set_default_timeout(1000 * _SECONDS)
        page = context.new_page()
        page.on("console", on_console_message)
        page.on("pageerror", lambda error: page_errors.append(str(error)))
        page.goto(f"{at or site.url}{path}")
        return page

    yield open_new
    for context in contexts:
        context.close()
    assert not page_errors, page_errors


@pytest.fixture
def page(open_page: OpenPage) -> sync_api.Page:
    """The site's page with its default view."""
    return open_page()
