"""With twenty thousand groups, the page contains only the visible rows, and fetches any part of the list on demand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright import sync_api
from playwright.sync_api import expect

from tests.integration.web import conftest
from tests.support.web import threaded_gateway

NUMBER = 20_000
MAX_ROWS = 60
"""Of a list that shows some twenty."""


@pytest.fixture(scope="module")
def site() -> Iterator[threaded_gateway.Site]:
    with threaded_gateway.Site() as running:
        running.push_many(NUMBER)
        yield running


def _rows(page: sync_api.Page) -> sync_api.Locator:
    return page.get_by_role("grid").locator(".rows .row")


def _expect_few_rows(page: sync_api.Page) -> None:
    assert 0 < _rows(page).count() <= MAX_ROWS


def test_page_contains_only_the_visible_rows(page: sync_api.Page) -> None:
    expect(page.get_by_text("20,000 groups")).to_be_visible()
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", str(NUMBER + 1))
    _expect_few_rows(page)


def test_end_key_shows_the_last_row(page: sync_api.Page) -> None:
    requested: list[str] = []
    expect(_rows(page).first).to_contain_text("job-00000")
    page.on("request", lambda request: requested.append(request.url))
    page.get_by_role("grid").focus()
    page.keyboard.press("End")
    expect(page.locator(f"#row-{NUMBER - 1}")).to_contain_text("job-19999")
    _expect_few_rows(page)
    assert len([url for url in requested if "listing=" in url]) <= 3


def test_scrolling_shows_rows_in_the_middle(page: sync_api.Page) -> None:
    expect(_rows(page).first).to_contain_text("job-00000")
    page.get_by_role("grid").evaluate("grid => { grid.scrollTop = 10000 * 32 }")
    expect(page.locator("#row-10005")).to_contain_text("job-10005")
    _expect_few_rows(page)


def test_search_covers_all_groups(page: sync_api.Page) -> None:
    page.get_by_role("searchbox").fill("host-42")
    expect(page.get_by_text("200 of 20,000 groups")).to_be_visible()
    page.get_by_role("searchbox").fill("job-17342")
    expect(_rows(page)).to_have_count(1)


def test_push_does_not_change_the_scroll_position(site: threaded_gateway.Site, open_page: conftest.OpenPage) -> None:
    page = open_page()
    expect(_rows(page).first).to_contain_text("job-00000")
    page.get_by_role("grid").evaluate("grid => { grid.scrollTop = 10000 * 32 }")
    expect(page.locator("#row-10005")).to_contain_text("job-10005")
    site.push("x 2\n", job="zz-the-last")
    expect(page.locator("#count-groups")).to_have_text("20,001")
    expect(page.get_by_text("20,001 groups")).to_be_visible()
    expect(page.locator("#row-10005")).to_contain_text("job-10005")
    assert page.get_by_role("grid").evaluate("grid => grid.scrollTop") == 10_000 * 32
