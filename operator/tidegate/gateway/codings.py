"""What a pushed body was before it was packed."""

from __future__ import annotations

import gzip
import io
import zlib

from aiohttp import web

from tidegate.model import errors


def is_gzip(coding: str) -> bool:
    """Whether a ``Content-Encoding`` is one to be unpacked. All others are ignored, as in Pushgateway."""
    return coding.lower() == "gzip"


def gunzip(packed: bytes, *, most: int) -> bytes:
    """The body, unpacked and checked to its end.

    :param most: bytes that it may have; it is not unpacked any further.
    :raises errors.BadRequestError: it is not gzip, is cut or damaged.
    :raises web.HTTPRequestEntityTooLarge: it has more bytes.
    """
    if not packed:
        raise errors.BadRequestError("the body is empty, and that is no gzip")
    try:
        body = gzip.GzipFile(fileobj=io.BytesIO(packed)).read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise errors.BadRequestError(f"the body cannot be read: {error}") from error
    if len(body) > most:
        raise web.HTTPRequestEntityTooLarge(max_size=most, actual_size=len(body))
    return body
