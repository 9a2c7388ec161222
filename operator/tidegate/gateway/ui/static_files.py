"""The page's files, read once and served from memory.

All but the page itself lie below a path that has the version in it, so that files of two versions never meet in one
browser, and each may be kept for ever.
"""

from __future__ import annotations

import hashlib
import importlib.resources

from aiohttp import hdrs, web

from tidegate.gateway.http import cached_content

_PACKAGE = "tidegate.gateway.ui"
_FOLDER = "static"
_PAGE = "index.html"
_VERSION, _MODE = b"{{version}}", b"{{mode}}"
_TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml"}

_HEADERS = {
    # SECURITY: nothing but this page's own files is run, shown or asked for, and text is never taken for a page.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Files:
    """The files as they are in the package.

    :param is_read_only: whether the page offers no deletions.
    :ivar version: names what they say; another one has another name.
    """

    def __init__(self, *, is_read_only: bool) -> None:
        found = _read()
        digest = hashlib.sha256(b"".join(name.encode() + b"\0" + data for name, data in sorted(found.items())))
        self.version = digest.hexdigest()[:16]
        mode = b"read-only" if is_read_only else b"read-write"
        page = found.pop(_PAGE).replace(_VERSION, self.version.encode()).replace(_MODE, mode)
        self._page = _content(_PAGE, page)
        self._files = {name: _content(name, data) for name, data in found.items()}

    @property
    def names(self) -> list[str]:
        """All but the page itself."""
        return sorted(self._files)

    async def page(self, request: web.BaseRequest) -> web.Response:
        """The page. It is asked for anew each time, and answered in full only where it has changed."""
        return cached_content.answer(request, self._page, {**_HEADERS, hdrs.CACHE_CONTROL: "no-cache"})

    async def move(self, request: web.BaseRequest) -> web.Response:
        """From the page's path without its last slash to the page."""
        return web.Response(status=301, headers={hdrs.LOCATION: f"{request.path}/"})

    async def file(self, request: web.BaseRequest) -> web.Response:
        """What it is made of, by the last part of the path, which has to be one of the names."""
        file = self._files[request.path.rpartition("/")[2]]
        return cached_content.answer(request, file, {**_HEADERS, hdrs.CACHE_CONTROL: "max-age=31536000, immutable"})


def _read() -> dict[str, bytes]:
    folder = importlib.resources.files(_PACKAGE) / _FOLDER
    return {file.name: file.read_bytes() for file in folder.iterdir() if not file.name.startswith(".")}


def _content(name: str, data: bytes) -> cached_content.Content:
    return cached_content.of(data, type=_TYPES[name[name.rindex(".") :]])
