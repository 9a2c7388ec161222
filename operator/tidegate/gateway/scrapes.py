"""GET /metrics: what Prometheus reads, and the word to the tracker once it has read all of it."""

from __future__ import annotations

import asyncio
import math
import time
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator

from aiohttp import hdrs, web

from tidegate.aiokits import clocks, tasks
from tidegate.exposition import encodings
from tidegate.gateway import deliveries, negotiation
from tidegate.gateway import metrics as own_metrics
from tidegate.scrapes import drains, trackers
from tidegate.store import interface

TIMEOUT_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
"""Sent by whoever scrapes for real (Prometheus and its kin); a curl or a browser does not send it."""

_DEFAULT_TIMEOUT = 10.0
"""Prometheus' own default, for a header that holds no number."""

_MAX_TIMEOUT = 300.0
_MAX_USER_AGENT = 200
_CHUNK_BYTES = 256 * 1024
_GZIP_LEVEL = 1
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class ScrapeEndpoint:
    """``GET /metrics``."""

    def __init__(
        self,
        store: interface.Store,
        tracker: trackers.ScrapeTracker,
        *,
        drainer: drains.Drainer,
        metrics: own_metrics.GatewayMetrics,
        clock: clocks.Clock,
    ) -> None:
        self._store = store
        self._tracker = tracker
        self._drainer = drainer
        self._metrics = metrics
        self._clock = clock
        self._confirmations = tasks.TaskSet()

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Answer with all groups as they are at this moment."""
        scraper = _scraper(request)
        response = web.StreamResponse()
        if scraper is None:
            await self._answer(request, response, self._store.snapshot(), within=_MAX_TIMEOUT)
            return response
        timeout = _timeout(request)
        deadline = time.monotonic() + timeout
        self._tracker.began(scraper, now=self._clock.steady())
        snapshot = self._store.snapshot()
        delivery = deliveries.Delivery(request.transport)
        try:
            sent = await self._answer(request, response, snapshot, within=timeout)
        except BaseException:
            delivery.close()
            raise
        confirmation = self._confirm(delivery, scraper, sent=sent, revision=snapshot.revision, deadline=deadline)
        self._confirmations.start(confirmation, name=f"confirm scrape of {scraper.address}")
        return response

    async def close(self) -> None:
        """Stop waiting for confirmations; what was not confirmed was not read."""
        await self._confirmations.cancel()

    async def _answer(
        self, request: web.Request, response: web.StreamResponse, snapshot: interface.Snapshot, *, within: float
    ) -> bool:
        """Send all of the snapshot; whether the reader took it (into its kernel's buffers) within these seconds."""
        merged = list(own_metrics.merge(snapshot.families, self._metrics.families()))
        encoding = negotiation.negotiate(request.headers.get(hdrs.ACCEPT, ""))
        response.headers[hdrs.CONTENT_TYPE] = encoding.content_type
        response.headers[hdrs.VARY] = f"{hdrs.ACCEPT}, {hdrs.ACCEPT_ENCODING}"
        try:
            async with asyncio.timeout(within):
                chunks = await _encode(merged, encoding)
                if _accepts_gzip(request):
                    response.headers[hdrs.CONTENT_ENCODING] = "gzip"
                    chunks = [chunk async for chunk in _gzip(chunks)]
                response.content_length = sum(len(chunk) for chunk in chunks)
                await response.prepare(request)
                for chunk in chunks:
                    await response.write(chunk)
                await response.write_eof()
        except (ConnectionError, TimeoutError):
            if request.transport is not None:
                # SECURITY: a reader that has stopped reading would hold a whole answer in memory as long as it likes.
                request.transport.abort()
            return False
        return True

    async def _confirm(
        self, delivery: deliveries.Delivery, scraper: trackers.Scraper, *, sent: bool, revision: int, deadline: float
    ) -> None:
        try:
            left = deadline - time.monotonic()
            arrived = sent and left > 0 and await delivery.confirmed(within=left)
        finally:
            delivery.close()
        if not arrived:
            late = time.monotonic() >= deadline
            self._metrics.scrapes.labels(result="late" if late else "broken").inc()
            return
        self._metrics.scrapes.labels(result="delivered").inc()
        self._tracker.delivered(scraper, revision=revision, now=self._clock.steady())
        self._drainer.wake()


def _scraper(request: web.Request) -> trackers.Scraper | None:
    if TIMEOUT_HEADER not in request.headers or request.method != hdrs.METH_GET:
        return None
    agent = request.headers.get(hdrs.USER_AGENT, "")[:_MAX_USER_AGENT]
    return trackers.Scraper(address=request.remote or "unix", user_agent=agent)


def _timeout(request: web.Request) -> float:
    try:
        seconds = float(request.headers[TIMEOUT_HEADER])
    except ValueError:
        return _DEFAULT_TIMEOUT
    return min(seconds, _MAX_TIMEOUT) if math.isfinite(seconds) else _DEFAULT_TIMEOUT


def _accepts_gzip(request: web.Request) -> bool:
    """As promhttp decides: some item of Accept-Encoding names gzip and does not rule it out."""
    for item in request.headers.get(hdrs.ACCEPT_ENCODING, "").split(","):
        coding, _, weight = item.strip().partition(";")
        if coding.strip().lower() == "gzip" and weight.replace(" ", "") not in ("q=0", "q=0.0"):
            return True
    return False


async def _encode(merged: list[encodings.RenderedFamily], encoding: encodings.Encoding) -> list[bytes]:
    if encoding == encodings.Encoding():
        return list(_chunks(encodings.encode(merged, encoding)))
    # Other formats have to be made, once for each page: of a large store that takes seconds.
    return await asyncio.to_thread(lambda: list(_chunks(encodings.encode(merged, encoding))))


def _chunks(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The parts joined to pieces that are worth a call of the socket and can be compressed without a stall."""
    waiting: list[bytes] = []
    size = 0
    for part in parts:
        waiting.append(part)
        size += len(part)
        if size >= _CHUNK_BYTES:
            yield b"".join(waiting)
            waiting.clear()
            size = 0
    if waiting:
        yield b"".join(waiting)


async def _gzip(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    compressor = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    for chunk in chunks:
        if len(chunk) < _CHUNK_BYTES:
            yield compressor.compress(chunk)
        else:
            yield await asyncio.to_thread(compressor.compress, chunk)
    yield compressor.flush()
