"""With a route prefix, with a password, or read-only: the page works, or shows that an action is not allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bcrypt
import pytest
from playwright import sync_api
from playwright.sync_api import expect

from tests.integration.web import conftest
from tests.support import waiting
from tests.support.programs import browsers
from tests.support.web import threaded_gateway


def _expect_live(page: sync_api.Page, site: threaded_gateway.Site) -> None:
    expect(page.get_by_role("heading", name="Nothing has been pushed yet")).to_be_visible()
    expect(page.locator("#live")).to_have_text("live")
    site.push("x 1\n", job="backup")
    expect(page.get_by_role("gridcell").first).to_contain_text("backup")


@pytest.mark.parametrize(
    "web",
    [
        pytest.param({"route_prefix": "/push/gate"}, id="a prefix"),
        pytest.param({"external_url": "https://example.com/gate/"}, id="an external URL"),
    ],
)
def test_page_works_below_a_route_prefix(site: threaded_gateway.Site, page: sync_api.Page) -> None:
    _expect_live(page, site)
    page.get_by_role("gridcell").first.click()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete the group").click()
    expect(page.get_by_role("heading", name="Nothing has been pushed yet")).to_be_visible()
    page.goto(site.url.rstrip("/"))
    assert page.url == site.url
    page.goto(f"{site.url}status")
    expect(page.get_by_role("heading", name="Flags")).to_be_visible()


@pytest.mark.parametrize("web", [{"page_read_only": True}])
def test_read_only_page_offers_no_deletion(site: threaded_gateway.Site, page: sync_api.Page) -> None:
    _expect_live(page, site)
    expect(page.get_by_role("button", name="Delete by selector…")).to_have_count(0)
    page.get_by_role("gridcell").first.click()
    expect(page.get_by_role("button", name="Close")).to_be_visible()
    expect(page.get_by_role("button", name="Delete…")).to_have_count(0)


class TestWithAPassword:
    """Every part of the page needs the password, and the browser sends it."""

    @pytest.fixture
    def web(self, tmp_path: Path) -> dict[str, Any]:
        file = tmp_path / "web.yml"
        file.write_text(f"basic_auth_users:\n  reader: {bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()}\n")
        return {"config_file": str(file)}

    def test_page_updates_with_a_password(self, site: threaded_gateway.Site, open_page: conftest.OpenPage) -> None:
        page = open_page(http_credentials={"username": "reader", "password": "secret"})
        _expect_live(page, site)

    def test_page_is_hidden_without_the_password(self, open_page: conftest.OpenPage) -> None:
        page = open_page(http_credentials={"username": "reader", "password": "wrong"})
        expect(page.locator("body")).to_have_text("Unauthorized")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_no_serious_violation(
    site: threaded_gateway.Site, open_page: conftest.OpenPage, scheme: str, width: int
) -> None:
    site.scrape()
    waiting.eventually(lambda: site.gateway.tracker.known()[0].last_read, why="the scrape to be known")
    site.push("# HELP rows How many.\nrows 1\n", job="backup", instance="db-1")
    site.push("x 1\n", ttl=600.0, job="load-test")
    owner = site.claim("Job", "default/backup-1", job="backup", instance="db-1")
    site.retire(owner, job="backup", instance="db-1")
    site.push_invalid(job="broken")
    page = open_page(color_scheme=scheme, viewport={"width": width, "height": 720}, bypass_csp=True)
    expect(page.get_by_role("gridcell").first).to_be_visible()
    page.evaluate(browsers.axe())
    _expect_accessible(page, "groups")
    page.get_by_role("gridcell").first.click()
    expect(page.get_by_role("complementary")).to_contain_text("Job default/backup-1 has finished.")
    _expect_accessible(page, "a group")
    page.get_by_role("button", name="Delete…").click()
    _expect_accessible(page, "the question")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Delete by selector…").click()
    page.get_by_role("textbox", name="Selector").fill('{job="backup"}')
    page.get_by_role("button", name="Show what would be deleted").click()
    expect(page.get_by_role("dialog").get_by_role("listitem")).to_have_count(1)
    _expect_accessible(page, "the preview")
    page.keyboard.press("Escape")
    for view in ("Scrapers", "Deletions", "Status"):
        page.get_by_role("link", name=view).click()
        expect(page.get_by_role("heading", name=view)).to_be_visible()
        _expect_accessible(page, view)


def _expect_accessible(page: sync_api.Page, where: str) -> None:
    found = page.evaluate("async () => (await axe.run()).violations")
    grave = [
        (each["id"], each["impact"], [node["html"][:200] for node in each["nodes"]][:3])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
    assert not grave, f"{where}: {grave}"
