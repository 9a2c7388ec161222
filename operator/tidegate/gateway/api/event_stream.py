"""``GET /api/v1/events``: server-sent events that say that something has changed, for a page that shows it live.

An event says how many groups and scrapers there are and at which revision, never what changed: whoever wants to see
it asks. So a stream has nothing to catch up with: while its reader makes no room it is told nothing, and it costs one
event and what its socket holds.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from dataclasses import dataclass, field

from aiohttp import hdrs, web

from tidegate.aio import clocks
from tidegate.draining import scrape_progress
from tidegate.gateway.metrics import own_metrics
from tidegate.store import interface

MOST_STREAMS = 64
"""Streams at once. Where all are taken the oldest one makes room, if it has had its time; a page whose stream ends asks
for another one, and whoever gets none asks for the groups again and again instead."""

_LEAST_SECONDS = 20.0
"""Seconds before which no stream makes room for another one. SECURITY: whoever reads nothing locks others out for no
longer: of a small event nobody can tell whether it was read, or lies in the kernel of the other side."""

PAUSE_SECONDS = 1.0
"""Between two events of a stream, however many changes there are meanwhile."""

_LOOK_SECONDS = 2.0
"""How often it is looked what is no change of the store: who has scraped."""

_SILENT_LOOKS = 7
"""After so many looks without an event a comment is sent, so that proxies keep the stream, and those who left it are
found out."""

_STUCK_SECONDS = 20.0
"""For a reader to make room in its socket."""

_SOCKET_BYTES = 16 * 1024
"""What our side's kernel is asked to hold of a stream; it would take megabytes. Linux doubles it for its own needs."""

_HEADERS = {
    hdrs.CONTENT_TYPE: "text/event-stream; charset=utf-8",
    hdrs.CACHE_CONTROL: "no-store",
    "X-Accel-Buffering": "no",
}
"""The last one has proxies pass on what they get at once."""


@dataclass(eq=False)
class _Stream:
    """One that is open.

    :ivar began: steady seconds.
    :ivar ended: set where it is to end.
    """

    began: float
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class StreamEndpoint:
    """See :mod:`tidegate.gateway.api.event_stream`.

    :param version: of the page, so that one that is older knows that it is.
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
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        self._store = store
        self._tracker = tracker
        self._clock = clock
        self._metrics = metrics
        self._version = version
        self._pause_seconds = pause_seconds
        self._look_seconds = look_seconds
        # The oldest first.
        self._streams: list[_Stream] = []
        self._is_stopping = False

    def stop(self) -> None:
        """End all streams, so that the server can stop."""
        self._is_stopping = True
        for stream in self._streams:
            stream.ended.set()

    async def events(self, request: web.BaseRequest) -> web.StreamResponse:
        """Events until the client goes, another one needs the place, or the process ends; 503 where there is none."""
        if request.method == hdrs.METH_HEAD:
            return web.Response(headers=_HEADERS)
        now = self._clock.steady()
        if self._is_stopping or not self._make_room(now=now):
            reason = f"there are {MOST_STREAMS} streams already: ask for /api/v1/groups every few seconds instead\n"
            return web.Response(status=503, headers={hdrs.RETRY_AFTER: f"{_LEAST_SECONDS:.0f}"}, text=reason)
        stream = _Stream(began=now)
        self._streams.append(stream)
        self._metrics.streams.set(len(self._streams))
        try:
            return await self._answer(request, stream)
        finally:
            self._leave(stream)

    def _make_room(self, *, now: float) -> bool:
        """Whether there is a place, perhaps the oldest stream's."""
        if len(self._streams) < MOST_STREAMS:
            return True
        oldest = self._streams[0]
        if now - oldest.began < _LEAST_SECONDS:
            return False
        oldest.ended.set()
        self._leave(oldest)
        return True

    def _leave(self, stream: _Stream) -> None:
        if stream in self._streams:
            self._streams.remove(stream)
            self._metrics.streams.set(len(self._streams))

    async def _answer(self, request: web.BaseRequest, stream: _Stream) -> web.StreamResponse:
        response = web.StreamResponse(headers=_HEADERS)
        # Its socket holds too little for other answers.
        response.force_close()
        transport = request.transport
        try:
            if transport is None:
                return response
            _keep_small(transport)
            await response.prepare(request)
            await self._send_events(response, transport, stream)
            if transport.get_write_buffer_size():
                # SECURITY: a reader that reads nothing holds its place no longer.
                transport.abort()
            else:
                await response.write_eof()
        except ConnectionError:
            pass  # The reader has gone, as readers of streams do.
        return response

    async def _send_events(self, response: web.StreamResponse, transport: asyncio.Transport, stream: _Stream) -> None:
        told, silent, stuck = "", 0, None
        while not stream.ended.is_set() and not transport.is_closing():
            if transport.get_write_buffer_size():
                now = self._clock.steady()
                stuck = now if stuck is None else stuck
                if now - stuck >= _STUCK_SECONDS:
                    return
                await self._wait(stream.ended, seconds=self._pause_seconds)
                continue
            stuck = None
            changed = self._store.next_change()
            news = json.dumps(self._news())
            if news != told:
                await response.write(f"event: news\ndata: {news}\n\n".encode())
                told, silent = news, 0
                await self._wait(stream.ended, seconds=self._pause_seconds)
                continue
            silent += 1
            if silent >= _SILENT_LOOKS:
                await response.write(b": nothing is new\n\n")
                silent = 0
            await self._wait(stream.ended, changed, seconds=self._look_seconds)

    def _news(self) -> dict[str, object]:
        states = {state.value: count for state, count in self._store.states().items()}
        readings = self._tracker.active(now=self._clock.steady())
        return {
            "version": self._version,
            "revision": self._store.revision,
            "states": states,
            "scrapers": len(readings),
            "last_read": max((reading.last_read or 0.0 for reading in readings), default=0.0),
        }

    async def _wait(self, *events: asyncio.Event, seconds: float) -> None:
        """Until one of the events, or the time is over."""
        waiting = [asyncio.ensure_future(event.wait()) for event in events]
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for future in waiting:
                future.cancel()


def _keep_small(transport: asyncio.Transport) -> None:
    """Have the kernel hold little of this connection."""
    known = transport.get_extra_info("socket")
    if known is not None:
        with socket.socket(fileno=os.dup(known.fileno())) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BYTES)
