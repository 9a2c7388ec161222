"""Answers that say nothing but a status, which most answers to pushes are."""

from __future__ import annotations

import email.utils
import functools
import http
import time

from aiohttp import web
from aiohttp.http import SERVER_SOFTWARE, HttpVersion11


def nothing(status: int) -> web.StreamResponse:
    """The answer with this status and nothing else.

    It is written as it stands: to put one together from headers takes a tenth of the time of a whole push.
    """
    return _Shared.of(status)


def told(error: Exception, status: int) -> web.Response:
    """What is wrong, as plain text, whatever bytes of the client's the text repeats."""
    return web.Response(status=status, body=spelled(error), content_type="text/plain", charset="utf-8")


def spelled(error: Exception) -> bytes:
    """The text of an error on a line; bytes of headers that are no UTF-8 are escaped in it."""
    return f"{error}\n".encode(errors="backslashreplace")


def fitting(request: web.BaseRequest, response: web.StreamResponse, *, plain: bool) -> web.StreamResponse:
    """The response as this request can get it.

    :param plain: whether no headers are to be added.
    """
    if not isinstance(response, _Shared) or (plain and request.version == HttpVersion11 and request.keep_alive):
        return response
    return web.Response(status=response.status)


class _Shared(web.StreamResponse):
    """Has no state, so that any number of requests may be answered with it."""

    def __init__(self, status: int) -> None:
        super().__init__(status=status)
        self._second = 0
        self._text = b""

    @classmethod
    @functools.cache
    def of(cls, status: int) -> _Shared:
        return cls(status)

    @property
    def keep_alive(self) -> bool:
        return True

    async def prepare(self, request: web.BaseRequest) -> None:
        await request.writer.write(self._now())

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to be sent."""

    def _now(self) -> bytes:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._text = (
                f"HTTP/1.1 {self.status} {http.HTTPStatus(self.status).phrase}\r\n"
                f"Content-Length: 0\r\n"
                f"Date: {email.utils.formatdate(second, usegmt=True)}\r\n"
                f"Server: {SERVER_SOFTWARE}\r\n\r\n"
            ).encode()
        return self._text
