"""GET /metrics: what Prometheus reads, and the word to the tracker once it has read all of it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from aiohttp import hdrs, web

from tidegate.aio import clocks, tasks, time_slices
from tidegate.draining import collector, scrape_progress
from tidegate.exposition import compressed_chunks, encoders
from tidegate.gateway.metrics import own_metrics
from tidegate.gateway.scrape import deliveries, negotiation
from tidegate.model import scrapers
from tidegate.store import interface

TIMEOUT_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
"""Sent by whoever scrapes for real (Prometheus and its kin); a curl or a browser does not send it."""

DEFAULT_TIMEOUT = 10.0
"""Prometheus' own default, for a header that holds no number."""

MAX_TIMEOUT = 300.0
MAX_USER_AGENT = 200
_CHUNK_BYTES = 256 * 1024


class _Answer(NamedTuple):
    """What was sent: the store's revision in it, what it took, and its bytes as they were sent."""

    revision: int
    seconds: float
    size: int


class ScrapeEndpoint:
    """``GET /metrics``.

    :param formats: those that scrapes are answered in.
    """

    def __init__(
        self,
        store: interface.Store,
        tracker: scrape_progress.ScrapeTracker,
        *,
        drainer: collector.Drainer,
        metrics: own_metrics.GatewayMetrics,
        clock: clocks.Clock,
        formats: Collection[encoders.Format],
    ) -> None:
        self._store = store
        self._tracker = tracker
        self._drainer = drainer
        self._metrics = metrics
        self._clock = clock
        self._formats = formats
        self._confirmations = tasks.TaskSet()

    async def get(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer with all groups as they are at this moment."""
        scraper = _scraper(request)
        response = web.StreamResponse()
        if scraper is None:
            await self._answer(request, response, await self._store.snapshot(), within=MAX_TIMEOUT)
            return response
        began, timeout = time.monotonic(), _timeout(request)
        self._tracker.began(scraper, now=self._clock.steady())
        snapshot = await self._store.snapshot()
        delivery = deliveries.Delivery(request.transport)
        try:
            sent = await self._answer(request, response, snapshot, within=timeout)
        except BaseException:
            delivery.close()
            raise
        answer = _Answer(snapshot.revision, time.monotonic() - began, response.content_length or 0)
        confirmation = self._confirm(delivery, scraper, answer, sent=sent, deadline=began + timeout)
        self._confirmations.start(confirmation, name=f"confirm scrape of {scraper.address}")
        return response

    async def close(self) -> None:
        """Stop waiting for confirmations; what was not confirmed was not read."""
        await self._confirmations.cancel()

    async def _answer(
        self, request: web.BaseRequest, response: web.StreamResponse, snapshot: interface.Snapshot, *, within: float
    ) -> bool:
        """Send all of the snapshot; whether the reader took it (into its kernel's buffers) within these seconds."""
        merged = list(own_metrics.merge(snapshot.families, self._metrics.families()))
        await time_slices.others()
        encoding = negotiation.negotiate(request.headers.get(hdrs.ACCEPT, ""), formats=self._formats)
        gzip = _accepts_gzip(request)
        response.headers[hdrs.CONTENT_TYPE] = encoding.content_type
        response.headers[hdrs.VARY] = f"{hdrs.ACCEPT}, {hdrs.ACCEPT_ENCODING}"
        try:
            async with asyncio.timeout(within):
                parts = await _parts(encoders.encode(merged, encoding), gzip=gzip)
                if gzip:
                    response.headers[hdrs.CONTENT_ENCODING] = "gzip"
                response.content_length = sum(map(len, parts))
                await response.prepare(request)
                turn = time_slices.Turn()
                # A stream is sent as it is written, for HEAD, too, and would be read as the next answer.
                for chunk in _chunks(parts if request.method != hdrs.METH_HEAD else ()):
                    await response.write(chunk)
                    await turn.step()
                await response.write_eof()
        except (ConnectionError, TimeoutError):
            if request.transport is not None:
                # SECURITY: a reader that has stopped reading would hold a whole answer in memory as long as it likes.
                request.transport.abort()
            return False
        return True

    async def _confirm(
        self, delivery: deliveries.Delivery, scraper: scrapers.Scraper, answer: _Answer, *, sent: bool, deadline: float
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
        self._tracker.delivered(scraper, now=self._clock.steady(), **answer._asdict())
        self._drainer.wake()


def _scraper(request: web.BaseRequest) -> scrapers.Scraper | None:
    if TIMEOUT_HEADER not in request.headers or request.method != hdrs.METH_GET:
        return None
    # SECURITY: a header may have bytes that are no UTF-8, which no file and no log takes.
    agent = request.headers.get(hdrs.USER_AGENT, "")[:MAX_USER_AGENT].encode("utf-8", "replace").decode()
    return scrapers.Scraper(address=request.remote or "unix", user_agent=agent)


def _timeout(request: web.BaseRequest) -> float:
    try:
        seconds = float(request.headers[TIMEOUT_HEADER])
    except ValueError:
        return DEFAULT_TIMEOUT
    return min(seconds, MAX_TIMEOUT) if math.isfinite(seconds) else DEFAULT_TIMEOUT


def _accepts_gzip(request: web.BaseRequest) -> bool:
    """As promhttp decides: some item of Accept-Encoding names gzip and does not rule it out."""
    for item in request.headers.get(hdrs.ACCEPT_ENCODING, "").split(","):
        coding, _, weight = item.strip().partition(";")
        if coding.strip().lower() == "gzip" and weight.replace(" ", "") not in ("q=0", "q=0.0"):
            return True
    return False


async def _parts(made: Iterable[compressed_chunks.Piece], *, gzip: bool) -> list[bytes]:
    """The answer in parts. What has to be made anew of a large store takes a while, in turns with other requests."""
    turn = time_slices.Turn()
    found = []
    for piece in made:
        if piece.data:
            found.append(piece)
            if gzip:
                piece.packed()
        await turn.step()
    if not gzip:
        return [piece.data for piece in found]
    await time_slices.others()
    parts = compressed_chunks.gzipped(piece.packed() for piece in found)
    await time_slices.others()
    return parts


def _chunks(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The parts joined to chunks that are worth a call of the socket."""
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
