"""Users find groups, see why they exist, and delete them."""

from __future__ import annotations

import contextlib
import http.client
import re

import pytest
from playwright import sync_api
from playwright.sync_api import expect

from tests.integration.web import conftest
from tests.support import waiting
from tests.support.web import threaded_gateway
from tidegate.gateway.scrape import scraper_identity
from tidegate.model import grouping


def _rows(page: sync_api.Page) -> sync_api.Locator:
    return page.get_by_role("grid").get_by_role("row").filter(has=page.get_by_role("gridcell"))


def _has(site: threaded_gateway.Site, **labels: str) -> bool:
    async def look() -> bool:
        return site.gateway.store.summary(grouping.grouping_key(labels)) is not None

    return site.do(look())


@pytest.fixture
def pushed(site: threaded_gateway.Site) -> threaded_gateway.Site:
    site.push("x 1\n", job="backup", instance="db-1")
    site.push("# HELP rows How many.\n# TYPE rows counter\nrows 12\n", job="import", team="search", pusher="10.1.2.3")
    site.claim("Job", "search/import-1", job="import", team="search")
    return site


def test_empty_page_shows_how_to_push(page: sync_api.Page, site: threaded_gateway.Site) -> None:
    expect(page.get_by_role("heading", name="Nothing has been pushed yet")).to_be_visible()
    expect(page.locator("pre")).to_contain_text(f"{site.url}metrics/job/some_job")


def test_push_appears_without_a_reload(page: sync_api.Page, site: threaded_gateway.Site) -> None:
    expect(page.get_by_role("heading", name="Nothing has been pushed yet")).to_be_visible()
    site.push("x 1\n", job="backup")
    expect(_rows(page)).to_have_count(1)
    expect(page.locator("#live")).to_have_text("live")
    site.push("x 1\n", job="import")
    expect(_rows(page)).to_have_count(2)
    expect(page.locator("#count-groups")).to_have_text("2")


@pytest.mark.usefixtures("pushed")
def test_search_and_filters_narrow_the_list_and_are_in_the_url(page: sync_api.Page) -> None:
    expect(_rows(page)).to_have_count(2)
    page.get_by_role("searchbox").fill("instance=db")
    expect(_rows(page)).to_have_count(1)
    expect(page.get_by_text("1 of 2 groups")).to_be_visible()
    page.reload()
    expect(page.get_by_role("searchbox")).to_have_value("instance=db")
    page.get_by_role("combobox", name="Owner", exact=True).select_option("claimed")
    page.get_by_role("button", name="Show all groups").click()
    page.get_by_role("combobox", name="Owner's namespace").select_option("search")
    expect(_rows(page)).to_have_count(1)
    expect(_rows(page)).to_contain_text("search/import-1")


@pytest.mark.usefixtures("pushed")
def test_search_by_selector_reports_syntax_errors(page: sync_api.Page) -> None:
    page.get_by_role("searchbox").fill('{job=~"i')
    expect(page.locator("#search-error")).to_contain_text("at column")
    page.get_by_role("searchbox").fill('{job=~"i.*"}')
    expect(_rows(page)).to_have_count(1)
    expect(page.locator("#search-error")).to_be_empty()


@pytest.mark.usefixtures("pushed")
def test_column_header_sorts_in_both_directions(page: sync_api.Page) -> None:
    header = page.get_by_role("columnheader", name="Group")
    expect(_rows(page).first).to_contain_text("backup")
    header.get_by_role("button").click()
    expect(header).to_have_attribute("aria-sort", "descending")
    expect(_rows(page).first).to_contain_text("import")


def test_open_group_shows_its_reason_owner_and_series(pushed: threaded_gateway.Site, page: sync_api.Page) -> None:
    _rows(page).filter(has_text="import").click()
    detail = page.get_by_role("complementary")
    expect(detail).to_contain_text("Job search/import-1 owns the group.")
    expect(detail).to_contain_text("10.1.2.3")
    expect(detail).to_contain_text("How many.")
    expect(detail.get_by_role("cell", name="12", exact=True)).to_be_visible()
    pushed.push("rows 13\n", job="import", team="search")
    expect(detail.get_by_role("cell", name="13", exact=True)).to_be_visible()


def test_draining_group_shows_its_missing_scraper_and_moves_to_the_deletions(
    site: threaded_gateway.Site, page: sync_api.Page
) -> None:
    site.scrape("Prometheus/3.8.0")
    waiting.eventually(lambda: site.gateway.tracker.known()[0].last_read, why="the scrape to be known")
    site.push("x 1\n", job="crawl")
    owner = site.claim("Job", "search/crawl-1", job="crawl")
    site.retire(owner, job="crawl")
    expect(_rows(page)).to_contain_text("for 127.0.0.1, deadline in 4m")
    _rows(page).click()
    expect(page.get_by_role("complementary")).to_contain_text("It waits for Prometheus/3.8.0 at 127.0.0.1 to scrape")
    site.scrape("Prometheus/3.8.0")
    expect(page.get_by_role("complementary")).to_contain_text("This group has been deleted")
    page.get_by_role("link", name="Deletions", exact=True).first.click()
    expect(page.get_by_role("row", name=re.compile("crawl.*delivered"))).to_be_visible()


def test_page_shows_scrapers_and_status(site: threaded_gateway.Site, page: sync_api.Page) -> None:
    site.scrape("Prometheus/3.8.0")
    page.get_by_role("link", name="Scrapers").click()
    expect(page.get_by_role("row", name=re.compile("127.0.0.1 Prometheus.3.8.0 .*active"))).to_be_visible()
    page.get_by_role("link", name="Status").click()
    expect(page.get_by_role("row", name="--web.listen-address :9091")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^Version [0-9]"))).to_be_visible()
    page.get_by_role("link", name="/api/openapi.json").click()
    expect(page.get_by_text('"openapi"')).to_be_visible()


def test_page_tells_the_readers_of_a_scraper_apart(site: threaded_gateway.Site, page: sync_api.Page) -> None:
    headers = {scraper_identity.TIMEOUT_HEADER: "10", "User-Agent": "Prometheus/3.8.0"}
    with contextlib.ExitStack() as connections:
        for _ in range(2):
            connection = http.client.HTTPConnection(threaded_gateway.HOST, site.gateway.web_port, timeout=60)
            connections.callback(connection.close)
            connection.request("GET", "/metrics", headers=headers)
            connection.getresponse().read()
        page.get_by_role("link", name="Scrapers").click()
        for number in (1, 2):
            expect(page.get_by_role("row", name=f"Prometheus/3.8.0 (reader {number})")).to_be_visible()


def test_page_shows_a_client_that_no_group_waits_for_with_the_flag_that_counts_it_in(
    site: threaded_gateway.Site, page: sync_api.Page
) -> None:
    for _ in range(5):
        site.get("metrics", {"User-Agent": "Telegraf/1.37 Go/1.25"})
        site.move(15)
    page.get_by_role("link", name="Scrapers").click()
    waiting = page.get_by_role("region", name="Not waited for")
    expect(waiting.get_by_role("row", name=re.compile("127.0.0.1 Telegraf"))).to_contain_text(
        "'--scrape.user-agent=Telegraf*'"
    )


def test_group_is_deleted_only_after_a_confirmation(pushed: threaded_gateway.Site, page: sync_api.Page) -> None:
    _rows(page).first.click()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Cancel").click()
    assert _has(pushed, job="backup", instance="db-1")
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete the group").click()
    expect(_rows(page)).to_have_count(1)
    assert not _has(pushed, job="backup", instance="db-1")


def test_groups_are_deleted_by_selector_after_a_preview(pushed: threaded_gateway.Site, page: sync_api.Page) -> None:
    page.get_by_role("button", name="Delete by selector…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Delete", exact=True)).to_be_disabled()
    dialog.get_by_label("Selector").fill('{team="search"}')
    dialog.get_by_role("button", name="Show what would be deleted").click()
    expect(dialog.get_by_role("listitem")).to_contain_text('team="search"')
    assert _has(pushed, job="import", team="search")
    dialog.get_by_role("button", name="Delete 1 group").click()
    expect(_rows(page)).to_have_count(1)
    assert not _has(pushed, job="import", team="search")
    assert _has(pushed, job="backup", instance="db-1")


def test_deletion_is_rejected_if_more_groups_match_than_in_the_preview(
    pushed: threaded_gateway.Site, page: sync_api.Page
) -> None:
    page.get_by_role("button", name="Delete by selector…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Selector").fill('{team="search"}')
    dialog.get_by_role("button", name="Show what would be deleted").click()
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    pushed.push("x 1\n", job="later", team="search")
    dialog.get_by_role("button", name="Delete 1 group").click()
    expect(dialog.get_by_role("alert")).to_contain_text("the selectors now match 2 groups, not 1")
    assert _has(pushed, job="import", team="search")


def test_dialog_shows_the_error_of_an_invalid_selector(page: sync_api.Page) -> None:
    page.get_by_role("button", name="Delete by selector…").click()
    page.get_by_role("textbox", name="Selector").fill("{}")
    page.get_by_role("button", name="Show what would be deleted").click()
    expect(page.get_by_role("alert").last).to_contain_text("selects all")


@pytest.mark.usefixtures("pushed")
def test_page_can_be_used_with_the_keyboard_alone(page: sync_api.Page) -> None:
    expect(_rows(page)).to_have_count(2)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.get_by_role("grid").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("grid")).to_have_attribute("aria-activedescendant", "row-1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name='job="import"')).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Delete…")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary")).to_be_hidden()
    expect(page.get_by_role("grid")).to_be_focused()


@pytest.mark.usefixtures("pushed")
def test_page_recovers_when_the_gateway_responds_again(open_page: conftest.OpenPage) -> None:
    page = open_page()
    expect(_rows(page)).to_have_count(2)
    page.context.set_offline(True)
    page.get_by_role("searchbox").fill("backup")
    expect(page.locator("#notice")).to_contain_text("The gateway does not respond")
    page.context.set_offline(False)
    page.get_by_role("searchbox").fill("import")
    expect(_rows(page)).to_have_count(1)
    expect(page.locator("#notice")).to_be_hidden()
