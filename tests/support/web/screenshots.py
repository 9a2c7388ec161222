"""``make screenshots``: screenshots of the page with sample groups, for docs/."""

from __future__ import annotations

import sys
import urllib.parse
from typing import Literal, NamedTuple

from playwright import sync_api

from tests.support import repository
from tests.support.programs import binaries, browsers
from tests.support.web import sample_groups, threaded_gateway

DOCS = repository.DOCS
DAY = 86_400.0
_CRAWL = urllib.parse.quote('{"job":"crawl","shard":"2"}')


class Screenshot(NamedTuple):
    """A screenshot to take."""

    name: str
    hash: str
    scheme: Literal["dark", "light"]
    width: int
    height: int


PICTURES = (
    Screenshot("groups", "groups", "light", 1160, 600),
    Screenshot("group", f"groups?open={_CRAWL}", "dark", 1160, 520),
    Screenshot("narrow", "groups", "light", 360, 560),
)


def main() -> int:
    """Take all screenshots; return 0 on success."""
    try:
        with threaded_gateway.Site(now=threaded_gateway.NOON - DAY) as site, browsers.chromium() as browser:
            sample_groups.fill(site)
            for screenshot in PICTURES:
                _take(browser, site, screenshot)
    except binaries.MissingToolError as missing:
        print(f"screenshots: {missing}", file=sys.stderr)
        return 1
    return 0


def _take(browser: sync_api.Browser, site: threaded_gateway.Site, screenshot: Screenshot) -> None:
    page = browser.new_page(
        viewport={"width": screenshot.width, "height": screenshot.height},
        color_scheme=screenshot.scheme,
        locale="en-GB",
        timezone_id="UTC",
    )
    page.goto(f"{site.url}#{screenshot.hash}")
    page.get_by_text("live", exact=True).first.wait_for()
    page.wait_for_load_state("load")
    sync_api.expect(page.locator("#count-groups")).to_have_text("15")
    page.screenshot(path=DOCS / f"page-{screenshot.name}.png", animations="disabled")
    page.close()


if __name__ == "__main__":
    sys.exit(main())
