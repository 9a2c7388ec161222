"""What is served from memory as it stands, and in full only to whoever does not have it yet."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from aiohttp import hdrs, web


class Content(NamedTuple):
    """Bytes of text in UTF-8, their media type, and the tag that names what they say."""

    data: bytes
    type: str
    etag: str


def of(data: bytes, *, type: str) -> Content:
    """These bytes with their tag."""
    return Content(data, type, f'"{hashlib.sha256(data).hexdigest()[:32]}"')


def answer(request: web.BaseRequest, content: Content, headers: Mapping[str, str]) -> web.Response:
    """The content, or 304 where the request names its tag; with these headers."""
    headers = {**headers, hdrs.ETAG: content.etag}
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get(hdrs.IF_NONE_MATCH, "").split(",")}
    if content.etag in known or "*" in known:
        return web.Response(status=304, headers=headers)
    return web.Response(body=content.data, content_type=content.type, charset="utf-8", headers=headers)
