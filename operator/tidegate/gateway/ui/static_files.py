"""The files of the web page, read once and served from memory.

The paths of all files except the page itself contain the version. Browsers can therefore cache them without limit, and
never mix files of two versions.
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
    # SECURITY: the page runs, shows and requests only its own files, and text is never parsed as HTML.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class StaticFiles:
    """The static files of the package.

    :param is_read_only: whether the page offers no deletions.
    :ivar version: a hash of all files.
    """

    def __init__(self, *, is_read_only: bool) -> None:
        files = _read()
        digest = hashlib.sha256(b"".join(name.encode() + b"\0" + data for name, data in sorted(files.items())))
        self.version = digest.hexdigest()[:16]
        mode = b"read-only" if is_read_only else b"read-write"
        page = files.pop(_PAGE).replace(_VERSION, self.version.encode()).replace(_MODE, mode)
        self._page = _content(_PAGE, page)
        self._files = {name: _content(name, data) for name, data in files.items()}

    @property
    def names(self) -> list[str]:
        """The names of all files except the page itself."""
        return sorted(self._files)

    async def page(self, request: web.BaseRequest) -> web.Response:
        """The page. Browsers revalidate it every time, and get 304 if it has not changed."""
        return cached_content.response(request, self._page, {**_HEADERS, hdrs.CACHE_CONTROL: "no-cache"})

    async def redirect(self, request: web.BaseRequest) -> web.Response:
        """Redirect from the path without a trailing slash to the page."""
        return web.Response(status=301, headers={hdrs.LOCATION: f"{request.path}/"})

    async def file(self, request: web.BaseRequest) -> web.Response:
        """The file that the last segment of the path names; it must be one of :attr:`names`."""
        file = self._files[request.path.rpartition("/")[2]]
        return cached_content.response(request, file, {**_HEADERS, hdrs.CACHE_CONTROL: "max-age=31536000, immutable"})


def _read() -> dict[str, bytes]:
    folder = importlib.resources.files(_PACKAGE) / _FOLDER
    return {file.name: file.read_bytes() for file in folder.iterdir() if not file.name.startswith(".")}


def _content(name: str, data: bytes) -> cached_content.Content:
    return cached_content.of(data, type=_TYPES[name[name.rindex(".") :]])
