"""Answers that say nothing but a status, as most answers to pushes do, and answers that say what is wrong."""

from __future__ import annotations

import email.utils
import functools
import http
import time
from collections.abc import Mapping

from aiohttp import web
from aiohttp.http import SERVER_SOFTWARE, HttpVersion11

from tidegate.model import errors


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


def status(error: errors.BadRequestError) -> int:
    """The status of the answer to what is no request."""
    return error.limit.status if isinstance(error, errors.LimitError) else 400


def last_word(error: errors.BadRequestError, *, headers: Mapping[str, str]) -> bytes:
    """A whole answer to what is no request, as it is on the wire; its connection is closed.

    :param headers: what every answer says besides.
    """
    text, found = spelled(error), http.HTTPStatus(status(error))
    lines = {
        "Content-Type": "text/plain; charset=utf-8",
        "X-Content-Type-Options": "nosniff",
        "Content-Length": len(text),
        "Connection": "close",
        **headers,
    }
    head = [f"HTTP/1.1 {found} {found.phrase}", *[f"{name}: {value}" for name, value in lines.items()]]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + text


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
