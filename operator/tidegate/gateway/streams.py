"""``GET /api/v1/events``: server-sent events that say that something has changed, for a page that shows it live.

An event says how many groups and scrapers there are and at which revision, never what changed: whoever wants to see
it asks. So a stream has nothing to catch up with, and a slow reader costs what its own socket holds.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable

from aiohttp import hdrs, web

from tidegate.aiokits import clocks
from tidegate.gateway import metrics as own_metrics
from tidegate.scrapes import trackers
from tidegate.store import interface

MOST_STREAMS = 64
"""Streams at once. Whoever gets none asks again and again instead, as the page does."""

PAUSE_SECONDS = 1.0
"""Between two events of a stream, however many changes there are meanwhile."""

_LOOK_SECONDS = 2.0
"""How often it is looked what is no change of the store: who has scraped."""

_SILENT_LOOKS = 7
"""After so many looks without an event a comment is sent, so that proxies keep the stream, and those who left it are
found out."""

_WRITE_SECONDS = 20.0
"""For a reader to make room in its socket."""


class StreamEndpoint:
    """See :mod:`tidegate.gateway.streams`.

    :param version: of the page, so that one that is older knows that it is.
    """

    def __init__(
        self,
        store: interface.Store,
        tracker: trackers.ScrapeTracker,
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
        self._streams = 0
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End all streams, so that the server can stop."""
        self._stopping.set()

    async def events(self, request: web.BaseRequest) -> web.StreamResponse:
        """Events until the client goes or the process ends; 503 where there are too many streams."""
        if self._streams >= MOST_STREAMS or self._stopping.is_set():
            reason = f"there are {MOST_STREAMS} streams already: ask for /api/v1/groups every few seconds instead\n"
            return web.Response(status=503, headers={hdrs.RETRY_AFTER: "30"}, text=reason)
        self._streams += 1
        self._metrics.streams.set(self._streams)
        try:
            return await self._stream(request)
        finally:
            self._streams -= 1
            self._metrics.streams.set(self._streams)

    async def _stream(self, request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={
                hdrs.CONTENT_TYPE: "text/event-stream; charset=utf-8",
                hdrs.CACHE_CONTROL: "no-store",
                "X-Accel-Buffering": "no",
            }
        )
        try:
            await response.prepare(request)
            if request.method == hdrs.METH_GET:
                await self._send_events(response)
            await _in_time(response.write_eof())
        except TimeoutError:
            if request.transport is not None:
                # SECURITY: a reader that reads nothing holds its place no longer.
                request.transport.abort()
        except ConnectionError:
            pass  # The reader has gone, as readers of streams do.
        return response

    async def _send_events(self, response: web.StreamResponse) -> None:
        told, silent = "", 0
        while not self._stopping.is_set():
            changed = self._store.next_change()
            news = json.dumps(self._news())
            if news != told:
                await _in_time(response.write(f"event: news\ndata: {news}\n\n".encode()))
                told, silent = news, 0
                await self._wait(seconds=self._pause_seconds)
                continue
            silent += 1
            if silent >= _SILENT_LOOKS:
                await _in_time(response.write(b": nothing is new\n\n"))
                silent = 0
            await self._wait(changed, seconds=self._look_seconds)

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
        """Until one of the events, the end of the process, or the time is over."""
        waiting = [asyncio.ensure_future(event.wait()) for event in (*events, self._stopping)]
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for future in waiting:
                future.cancel()


async def _in_time(writing: Awaitable[None]) -> None:
    async with asyncio.timeout(_WRITE_SECONDS):
        await writing
