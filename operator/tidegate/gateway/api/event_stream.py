"""``GET /api/v1/events``: server-sent events about changes, for the live web page.

An event contains the numbers of groups and scrapers and the revision, never the change itself; the page then requests
what it shows. A stream therefore has no backlog: while its client does not read, no events are sent, and the stream
holds one event and a small socket buffer.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from dataclasses import dataclass, field

from aiohttp import hdrs, web

from tidegate.aio import broadcasts, clocks
from tidegate.draining import scrape_progress
from tidegate.gateway.metrics import own_metrics
from tidegate.store import interface

MAX_STREAMS = 64
"""Open streams. A further one replaces the oldest, if that has been open long enough. A page whose stream ends opens
another; if it gets none, it polls the groups instead."""

_MIN_SECONDS = 20.0
"""Seconds before which a stream is not replaced. SECURITY: a client that does not read can lock out others for no
longer: the gateway cannot know whether a small event was read or is in the client's socket buffer."""

PAUSE_SECONDS = 1.0
"""Pause between two events of a stream, however many changes there are."""

_POLL_SECONDS = 2.0
"""Interval between checks for news that are not changes of the store, such as a new scraper."""

_SILENT_POLLS = 7
"""Checks without an event after which a comment is sent, so that proxies keep the connection open and closed
connections are noticed."""

_STUCK_SECONDS = 20.0
"""How long a client may leave its socket buffer full."""

_SOCKET_BYTES = 16 * 1024
"""Size of the socket's send buffer; by default it grows to megabytes. Linux doubles the value."""

_HEADERS = {
    hdrs.CONTENT_TYPE: "text/event-stream; charset=utf-8",
    hdrs.CACHE_CONTROL: "no-store",
    "X-Accel-Buffering": "no",
}
"""``X-Accel-Buffering: no`` makes proxies forward every event at once."""


@dataclass(eq=False)
class _Stream:
    """An open stream.

    :ivar began: monotonic time.
    :ivar ended: set to end the stream.
    """

    began: float
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class EventStreamHandler:
    """Handles ``GET /api/v1/events``.

    :param version: the version of the page; an older page in a browser then knows that it is outdated.
    """

    def __init__(
        self,
        store: interface.Store,
        tracker: scrape_progress.ScrapeTracker,
        *,
        clock: clocks.Clock,
        metrics: own_metrics.GatewayMetrics,
        version: str,
        pause_seconds: float = PAUSE_SECONDS,
        poll_seconds: float = _POLL_SECONDS,
    ) -> None:
        self._store = store
        self._tracker = tracker
        self._clock = clock
        self._metrics = metrics
        self._version = version
        self._pause_seconds = pause_seconds
        self._poll_seconds = poll_seconds
        # Oldest first.
        self._streams: list[_Stream] = []
        self._is_stopping = False

    def stop(self) -> None:
        """End all streams, so that the server can stop."""
        self._is_stopping = True
        for stream in self._streams:
            stream.ended.set()

    async def events(self, request: web.BaseRequest) -> web.StreamResponse:
        """Send events until the client disconnects, a newer stream replaces this one, or the process stops.

        503 if there are too many streams.
        """
        if request.method == hdrs.METH_HEAD:
            return web.Response(headers=_HEADERS)
        now = self._clock.monotonic()
        if self._is_stopping or not self._make_room(now=now):
            reason = f"too many event streams (maximum {MAX_STREAMS}): poll /api/v1/groups every few seconds instead\n"
            return web.Response(status=503, headers={hdrs.RETRY_AFTER: f"{_MIN_SECONDS:.0f}"}, text=reason)
        stream = _Stream(began=now)
        self._streams.append(stream)
        self._metrics.streams.set(len(self._streams))
        try:
            return await self._respond(request, stream)
        finally:
            self._remove(stream)

    def _make_room(self, *, now: float) -> bool:
        """Whether another stream may be opened; ends the oldest one if necessary."""
        if len(self._streams) < MAX_STREAMS:
            return True
        oldest = self._streams[0]
        if now - oldest.began < _MIN_SECONDS:
            return False
        oldest.ended.set()
        self._remove(oldest)
        return True

    def _remove(self, stream: _Stream) -> None:
        if stream in self._streams:
            self._streams.remove(stream)
            self._metrics.streams.set(len(self._streams))

    async def _respond(self, request: web.BaseRequest, stream: _Stream) -> web.StreamResponse:
        response = web.StreamResponse(headers=_HEADERS)
        # The send buffer of its socket is too small for other responses.
        response.force_close()
        transport = request.transport
        try:
            if transport is None:
                return response
            _shrink_send_buffer(transport)
            await response.prepare(request)
            await self._send_events(response, transport, stream)
            if transport.get_write_buffer_size():
                # SECURITY: a client that does not read no longer takes the place of a stream.
                transport.abort()
            else:
                await response.write_eof()
        except ConnectionError:
            pass  # The client disconnected, which is how streams usually end.
        return response

    async def _send_events(self, response: web.StreamResponse, transport: asyncio.Transport, stream: _Stream) -> None:
        sent, silent_polls, stuck_since = "", 0, None
        while not stream.ended.is_set() and not transport.is_closing():
            if transport.get_write_buffer_size():
                now = self._clock.monotonic()
                stuck_since = now if stuck_since is None else stuck_since
                if now - stuck_since >= _STUCK_SECONDS:
                    return
                await broadcasts.wait_any(stream.ended, seconds=self._pause_seconds)
                continue
            stuck_since = None
            changed = self._store.next_change()
            news = json.dumps(self._news())
            if news != sent:
                await response.write(f"event: news\ndata: {news}\n\n".encode())
                sent, silent_polls = news, 0
                await broadcasts.wait_any(stream.ended, seconds=self._pause_seconds)
                continue
            silent_polls += 1
            if silent_polls >= _SILENT_POLLS:
                await response.write(b": no news\n\n")
                silent_polls = 0
            await broadcasts.wait_any(stream.ended, changed, seconds=self._poll_seconds)

    def _news(self) -> dict[str, object]:
        states = {state.value: count for state, count in self._store.states().items()}
        readings = self._tracker.active(now=self._clock.monotonic())
        return {
            "version": self._version,
            "revision": self._store.revision,
            "states": states,
            "scrapers": len(readings),
            "last_read": max((reading.last_read or 0.0 for reading in readings), default=0.0),
        }


def _shrink_send_buffer(transport: asyncio.Transport) -> None:
    """Set a small send buffer for this connection."""
    original = transport.get_extra_info("socket")
    if original is not None:
        with socket.socket(fileno=os.dup(original.fileno())) as duplicate:
            duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BYTES)
