"""Text from pushes, scrapers and the URL is shown as text and never becomes part of the page's HTML."""

from __future__ import annotations

import pytest
from playwright import sync_api
from playwright.sync_api import expect

from tests.support.web import threaded_gateway
from tidegate.exposition.text import parser
from tidegate.model import grouping

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    '"><script>window.hurt = 1</script>',
    "</title><svg/onload=window.hurt=1>",
    "javascript:window.hurt=1",
    "{{constructor.constructor('window.hurt=1')()}}",
)


def _expect_whole(page: sync_api.Page) -> None:
    assert page.evaluate("window.hurt") is None
    assert page.locator("img, main script, iframe, object").count() == 0
    assert page.locator("script").count() == 1


@pytest.mark.parametrize("words", HOSTILE)
def test_labels_names_and_help_are_shown_as_text(site: threaded_gateway.Site, page: sync_api.Page, words: str) -> None:
    escaped = words.replace("\\", r"\\").replace("\n", r"\n")
    quoted = escaped.replace('"', r"\"")
    body = f'# HELP x {escaped}\n# TYPE x gauge\nx{{what="{quoted}"}} 1\n'
    site.push(body, job=words, instance=words)
    site.claim("Job", f"default/{words.replace('/', '')}", job=words, instance=words)
    row = page.get_by_role("gridcell").first
    expect(row).to_contain_text("job=")
    row.click()
    detail = page.get_by_role("complementary")
    expect(detail.locator(".help")).to_have_text(words)
    expect(detail.locator("td").first).to_contain_text("what=")
    _expect_whole(page)
    page.get_by_role("button", name="Delete…").click()
    expect(page.get_by_role("dialog")).to_contain_text("job=")
    _expect_whole(page)
    page.get_by_role("button", name="Delete the group").click()
    page.get_by_role("link", name="Deletions", exact=True).click()
    expect(page.get_by_role("row").last).to_contain_text("request")
    _expect_whole(page)


@pytest.mark.parametrize("words", HOSTILE)
def test_user_agent_of_a_scraper_is_shown_as_text(site: threaded_gateway.Site, page: sync_api.Page, words: str) -> None:
    site.scrape(words)
    page.get_by_role("link", name="Scrapers").click()
    expect(page.get_by_role("cell", name=words, exact=True)).to_be_visible()
    _expect_whole(page)


@pytest.mark.parametrize("words", HOSTILE)
def test_user_agent_of_an_unrecognised_scraper_is_shown_as_text(
    site: threaded_gateway.Site, page: sync_api.Page, words: str
) -> None:
    for _ in range(5):
        site.get("metrics", {"User-Agent": words})
        site.move(15)
    page.get_by_role("link", name="Scrapers").click()
    expect(page.get_by_role("cell", name=words, exact=True)).to_be_visible()
    _expect_whole(page)


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.usefixtures("site")
def test_url_parameters_are_shown_as_text(page: sync_api.Page, words: str) -> None:
    page.evaluate(
        "words => { location.hash = 'groups?search=' + encodeURIComponent(words) + '&open=' + "
        "encodeURIComponent(JSON.stringify({job: words})) + '&state=' + encodeURIComponent(words) }",
        words,
    )
    expect(page.get_by_text("state must be one of")).to_be_visible()
    _expect_whole(page)


def test_non_ascii_names_and_spaces_are_shown_unchanged(site: threaded_gateway.Site, page: sync_api.Page) -> None:
    key = grouping.grouping_key({"job": "a\nb\u202ec"})
    site.do(site.gateway.store.push(key, parser.parse(b"x 1\n"), replace=True))
    expect(page.get_by_role("gridcell").first).to_contain_text(r'job="a\nb')


def test_content_security_policy_blocks_an_injected_script(page: sync_api.Page, page_errors: list[str]) -> None:
    failed = page.evaluate("""() => {
        try { document.body.innerHTML = '<img src=x onerror="window.hurt=1">'; } catch (error) { return error.name; }
    }""")
    assert failed == "TypeError"
    assert "TrustedHTML" in page_errors.pop()
    assert page.evaluate("window.hurt") is None
