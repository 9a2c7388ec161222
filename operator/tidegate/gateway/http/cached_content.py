"""Content served from memory, with an ETag and ``304 Not Modified``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from aiohttp import hdrs, web


class Content(NamedTuple):
    """Text in UTF-8 with its media type and its entity tag."""

    data: bytes
    type: str
    etag: str


def of(data: bytes, *, type: str) -> Content:
    """The content that these bytes are. Its tag is their hash."""
    return Content(data, type, f'"{hashlib.sha256(data).hexdigest()[:32]}"')


def response(request: web.BaseRequest, content: Content, headers: Mapping[str, str]) -> web.Response:
    """The content with these headers, or 304 if the request's ``If-None-Match`` has its tag."""
    headers = {**headers, hdrs.ETAG: content.etag}
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get(hdrs.IF_NONE_MATCH, "").split(",")}
    if content.etag in known or "*" in known:
        return web.Response(status=304, headers=headers)
    return web.Response(body=content.data, content_type=content.type, charset="utf-8", headers=headers)
