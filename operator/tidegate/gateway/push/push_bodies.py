"""The bodies of pushes: read, unpacked, and held in memory, within the limits of one and of all together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

from aiohttp import hdrs, web

from tidegate import settings
from tidegate.gateway.http import limit_errors
from tidegate.gateway.push import content_coding
from tidegate.model import errors, limits

LARGE = 64 * 1024
"""Bytes from which a body is parsed in a thread, so that other clients are served meanwhile."""

_CHUNKED = "chunked"

_PACE = 1024 * 1024
"""A body's time begins anew whenever so many bytes of it have come: a large one may take longer, a slow one may not."""


class _Held:
    """What one push holds of what all may."""

    __slots__ = ("due", "paced", "refused", "scope", "size")

    def __init__(self) -> None:
        self.size = 0
        self.paced = 0
        self.due = 0.0
        self.refused: errors.LimitError | None = None
        self.scope: asyncio.Timeout | None = None


class Intake:
    """Takes in what is pushed.

    Where there is no room for another push, one whose body is still to come makes some, the oldest first: clients that
    send nothing keep nobody from pushing.
    """

    def __init__(self, chosen: settings.LimitSettings) -> None:
        self._limits = chosen
        self._small = min(LARGE, chosen.body)
        self._pushes = 0
        self._leaving = 0
        self._bytes = 0
        self._awaited: dict[_Held, None] = {}

    def begin(self) -> None:
        """A push begins; :meth:`end` it.

        :raises errors.LimitError: there are too many, and none of them waits for its body.
        """
        if self._pushes - self._leaving >= self._limits.requests:
            self._refuse_oldest(limits.Limit.REQUESTS)
        self._pushes += 1

    def end(self) -> None:
        """A push that had begun ends."""
        self._pushes -= 1

    def at_once(self, request: web.BaseRequest) -> bytes | None:
        """The body where it came with its head and can be taken as it stands, as most can. It is counted nowhere:
        it has been parsed before anything else happens."""
        content, headers = request.content, request.headers
        if not content.is_eof() or hdrs.CONTENT_ENCODING in headers or hdrs.TRANSFER_ENCODING in headers:
            return None
        # SECURITY: aiohttp takes the longest of all lengths for none.
        if not 0 < content.total_bytes < self._small:
            return None
        try:
            return content.read_nowait()
        except web.RequestPayloadError as error:
            raise _unreadable(error) from error

    @contextlib.asynccontextmanager
    async def body(self, request: web.BaseRequest) -> AsyncIterator[bytes]:
        """The body, read and unpacked; it counts as held for as long as the context lasts.

        :raises errors.BadRequestError: it cannot be read or unpacked.
        :raises errors.LimitError: it, or all bodies together, would be over a limit, or it takes too long.
        """
        if (request.content_length or 0) > self._limits.body:
            raise limit_errors.over(limits.Limit.BODY, self._limits)
        if request.headers.get(hdrs.TRANSFER_ENCODING, _CHUNKED).lower() != _CHUNKED:
            raise errors.BadRequestError(f"Transfer-Encoding can be {_CHUNKED} alone")
        held = _Held()
        try:
            packed = await self._read(request, held)
            unpacking = content_coding.unpacking(request.headers.get(hdrs.CONTENT_ENCODING, ""), packed)
            yield packed if unpacking is None else await self._unpack(unpacking, held, packed=len(packed))
        finally:
            self._let_go(held)

    def look(self, *, now: float) -> None:
        """Refuse those that take too long; ``now`` is the event loop's time."""
        for held in list(self._awaited):
            if held.size - held.paced >= _PACE or not held.due:
                held.paced, held.due = held.size, now + self._limits.body_timeout
            elif now >= held.due:
                self._refuse(held, limits.Limit.BODY_TIMEOUT)

    async def _read(self, request: web.BaseRequest, held: _Held) -> bytes:
        content, body = request.content, bytearray()
        with self._awaiting(held):
            async with asyncio.timeout(None) as held.scope:
                while part := await content.readany():
                    size = len(body) + len(part)
                    if size > self._limits.body:
                        raise limit_errors.over(limits.Limit.BODY, self._limits)
                    self._hold(held, size)
                    if size == len(part) and content.is_eof():
                        return part
                    body += part
        return bytes(body)

    async def _unpack(self, unpacking: content_coding.Unpacking, held: _Held, *, packed: int) -> bytes:
        parts = []
        while not unpacking.is_done:
            parts.append(await asyncio.to_thread(unpacking.step))
            # SECURITY: looked at while it is unpacked: a bomb is small before and everything afterwards.
            if unpacking.size > self._limits.unpacked_body:
                raise limit_errors.over(limits.Limit.UNPACKED_BODY, self._limits)
            self._hold(held, packed + unpacking.size)
        return b"".join(parts)

    @contextlib.contextmanager
    def _awaiting(self, held: _Held) -> Iterator[None]:
        """While this lasts the push may be refused so that there is room for others."""
        self._awaited[held] = None
        try:
            yield
        except TimeoutError:
            if held.refused is None:
                raise
        except (web.RequestPayloadError, ConnectionError) as error:
            raise _unreadable(error) from error
        finally:
            self._awaited.pop(held, None)
        if held.refused is not None:
            raise held.refused

    def _hold(self, held: _Held, size: int) -> None:
        """From now on it holds so many bytes."""
        if held.refused is not None:
            return
        self._bytes += size - held.size
        held.size = size
        while self._bytes > self._limits.bodies:
            self._refuse_oldest(limits.Limit.BODIES, but=held)

    def _let_go(self, held: _Held) -> None:
        self._bytes -= held.size
        held.size = 0
        if held.refused is not None:
            self._leaving -= 1

    def _refuse_oldest(self, limit: limits.Limit, *, but: _Held | None = None) -> None:
        for held in self._awaited:
            if held is not but:
                self._refuse(held, limit)
                return
        raise limit_errors.over(limit, self._limits)

    def _refuse(self, held: _Held, limit: limits.Limit) -> None:
        """End the wait for a body, and count on what that makes free."""
        del self._awaited[held]
        held.refused = limit_errors.over(limit, self._limits)
        self._leaving += 1
        self._bytes -= held.size
        held.size = 0
        if held.scope is not None:
            held.scope.reschedule(asyncio.get_running_loop().time())


def _unreadable(error: Exception) -> errors.BadRequestError:
    return errors.BadRequestError(f"the body cannot be read: {error}")
