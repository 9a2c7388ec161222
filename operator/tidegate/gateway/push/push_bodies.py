"""Reading and decompressing request bodies, within the limits on each body and on all bodies together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

from aiohttp import hdrs, web

from tidegate import settings
from tidegate.gateway.http import limit_errors
from tidegate.gateway.push import decompression
from tidegate.model import errors, limits

LARGE = 64 * 1024
"""Bytes from which a body is parsed in a thread, so that other requests are served meanwhile."""

_CHUNKED = "chunked"

_PROGRESS_BYTES = 1024 * 1024
"""The body timeout starts again whenever this many bytes have arrived: a large body may take longer than a small one,
a slow one may not."""


class _PendingBody:
    """A body that is being read or held.

    :ivar size: bytes that count against the limit on all bodies.
    :ivar timed_size: the size when the timeout last started.
    :ivar deadline: event loop time at which the timeout ends; 0 before it first starts.
    :ivar rejection: set when the body is rejected while it is read.
    :ivar scope: the timeout scope of the read, used to cancel it.
    """

    __slots__ = ("deadline", "rejection", "scope", "size", "timed_size")

    def __init__(self) -> None:
        self.size = 0
        self.timed_size = 0
        self.deadline = 0.0
        self.rejection: errors.LimitError | None = None
        self.scope: asyncio.Timeout | None = None


class BodyReader:
    """Reads request bodies.

    When a limit on all pushes is reached, pushes whose bodies are incomplete are rejected, oldest first. So clients
    that send nothing cannot keep others from pushing.
    """

    def __init__(self, limit_settings: settings.LimitSettings) -> None:
        self._limits = limit_settings
        self._max_buffered = min(LARGE, limit_settings.body)
        self._pushes = 0
        self._rejected = 0
        self._bytes = 0
        self._incomplete: dict[_PendingBody, None] = {}

    def begin(self) -> None:
        """Count a push that begins. Call :meth:`end` at its end.

        :raises errors.LimitError: too many pushes are in flight, and the bodies of all are complete.
        """
        if self._pushes - self._rejected >= self._limits.requests:
            self._reject_oldest(limits.Limit.REQUESTS)
        self._pushes += 1

    def end(self) -> None:
        """Count a push that ends."""
        self._pushes -= 1

    def read_buffered(self, request: web.BaseRequest) -> bytes | None:
        """The body, if it arrived with the head and is neither compressed, chunked nor large; else ``None``.

        It does not count against the limit on all bodies: it is parsed before any other request is handled.

        :raises errors.BadRequestError: the body cannot be read.
        """
        content, headers = request.content, request.headers
        if not content.is_eof() or hdrs.CONTENT_ENCODING in headers or hdrs.TRANSFER_ENCODING in headers:
            return None
        # SECURITY: aiohttp reads the largest possible length as 0.
        if not 0 < content.total_bytes < self._max_buffered:
            return None
        try:
            return content.read_nowait()
        except web.RequestPayloadError as error:
            raise _unreadable(error) from error

    @contextlib.asynccontextmanager
    async def read(self, request: web.BaseRequest) -> AsyncIterator[bytes]:
        """Read and decompress the body. It counts against the limit on all bodies until the context ends.

        :raises errors.BadRequestError: the body cannot be read or decompressed.
        :raises errors.LimitError: the body, or all bodies together, are over a limit, or it takes too long.
        """
        if (request.content_length or 0) > self._limits.body:
            raise limit_errors.exceeded(limits.Limit.BODY, self._limits)
        if request.headers.get(hdrs.TRANSFER_ENCODING, _CHUNKED).lower() != _CHUNKED:
            raise errors.BadRequestError(f"unsupported Transfer-Encoding: only {_CHUNKED} is supported")
        pending = _PendingBody()
        try:
            body = await self._receive(request, pending)
            coding = request.headers.get(hdrs.CONTENT_ENCODING, "")
            decompressor = decompression.decompressor(coding, body)
            if decompressor is not None:
                body = await self._decompress(decompressor, pending, compressed_size=len(body))
            yield body
        finally:
            self._release(pending)

    async def read_small(self, request: web.BaseRequest) -> bytes:
        """Read the body of a request that is not a push but counts as one, within the same limits."""
        self.begin()
        try:
            body = self.read_buffered(request)
            if body is None:
                async with self.read(request) as body:
                    return body
            return body
        finally:
            self.end()

    def check_timeouts(self, *, now: float) -> None:
        """Reject bodies that take too long; ``now`` is the event loop's time."""
        for pending in list(self._incomplete):
            if pending.size - pending.timed_size >= _PROGRESS_BYTES or not pending.deadline:
                pending.timed_size, pending.deadline = pending.size, now + self._limits.body_timeout
            elif now >= pending.deadline:
                self._reject(pending, limits.Limit.BODY_TIMEOUT)

    async def _receive(self, request: web.BaseRequest, pending: _PendingBody) -> bytes:
        content, body = request.content, bytearray()
        with self._rejectable(pending):
            async with asyncio.timeout(None) as pending.scope:
                while part := await content.readany():
                    size = len(body) + len(part)
                    if size > self._limits.body:
                        raise limit_errors.exceeded(limits.Limit.BODY, self._limits)
                    self._reserve(pending, size)
                    if size == len(part) and content.is_eof():
                        return part
                    body += part
        return bytes(body)

    async def _decompress(
        self, decompressor: decompression.Decompressor, pending: _PendingBody, *, compressed_size: int
    ) -> bytes:
        parts = []
        while not decompressor.is_done:
            parts.append(await asyncio.to_thread(decompressor.step))
            # SECURITY: checked after every step: a decompression bomb is small before and exceeds memory afterwards.
            if decompressor.size > self._limits.unpacked_body:
                raise limit_errors.exceeded(limits.Limit.UNPACKED_BODY, self._limits)
            self._reserve(pending, compressed_size + decompressor.size)
        return b"".join(parts)

    @contextlib.contextmanager
    def _rejectable(self, pending: _PendingBody) -> Iterator[None]:
        """A context in which the body may be rejected to make room for others."""
        self._incomplete[pending] = None
        try:
            yield
        except TimeoutError:
            if pending.rejection is None:
                raise
        except (web.RequestPayloadError, ConnectionError) as error:
            raise _unreadable(error) from error
        finally:
            self._incomplete.pop(pending, None)
        if pending.rejection is not None:
            raise pending.rejection

    def _reserve(self, pending: _PendingBody, size: int) -> None:
        """Count this many bytes for a body, rejecting others if all together are over the limit."""
        if pending.rejection is not None:
            return
        self._bytes += size - pending.size
        pending.size = size
        while self._bytes > self._limits.bodies:
            self._reject_oldest(limits.Limit.BODIES, exclude=pending)

    def _release(self, pending: _PendingBody) -> None:
        self._bytes -= pending.size
        pending.size = 0
        if pending.rejection is not None:
            self._rejected -= 1

    def _reject_oldest(self, limit: limits.Limit, *, exclude: _PendingBody | None = None) -> None:
        for pending in self._incomplete:
            if pending is not exclude:
                self._reject(pending, limit)
                return
        raise limit_errors.exceeded(limit, self._limits)

    def _reject(self, pending: _PendingBody, limit: limits.Limit) -> None:
        """Cancel the read of a body. Its bytes and its place are free at once."""
        del self._incomplete[pending]
        pending.rejection = limit_errors.exceeded(limit, self._limits)
        self._rejected += 1
        self._bytes -= pending.size
        pending.size = 0
        if pending.scope is not None:
            pending.scope.reschedule(asyncio.get_running_loop().time())


def _unreadable(error: Exception) -> errors.BadRequestError:
    return errors.BadRequestError(f"the body cannot be read: {error}")
