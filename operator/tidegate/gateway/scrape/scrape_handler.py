"""``GET /metrics``: sends all groups to a scraper and reports the scrape once the scraper has received it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from aiohttp import hdrs, web

from tidegate import settings
from tidegate.aio import clocks, tasks, time_slices
from tidegate.draining import group_drainer, scrape_progress, unrecognised_scrapers
from tidegate.exposition import encoders, gzip_chunks
from tidegate.gateway.http import connections
from tidegate.gateway.metrics import own_metrics
from tidegate.gateway.scrape import delivery_confirmation, negotiation, scraper_identity
from tidegate.store import interface

DEFAULT_TIMEOUT = 10.0
"""Seconds for a header that is not a number; the default of Prometheus."""

MAX_TIMEOUT = 300.0
"""Seconds that a response may take at most, whatever the header says."""

_CHUNK_BYTES = 256 * 1024


class _Sent(NamedTuple):
    """A response that was sent.

    :param revision: the revision of the store that it contains.
    :param seconds: from the request to the last byte written.
    :param size: bytes of the body as sent.
    """

    revision: int
    seconds: float
    size: int


class ScrapeHandler:
    """Handles ``GET /metrics``.

    :param unrecognised: records requests of clients that are not scrapers.
    :param web_settings: the formats that scrapers can get, which clients are scrapers, and how long a connection must
        stay intact after a response.
    """

    def __init__(
        self,
        store: interface.Store,
        tracker: scrape_progress.ScrapeTracker,
        *,
        drainer: group_drainer.Drainer,
        unrecognised: unrecognised_scrapers.UnrecognisedScrapers,
        metrics: own_metrics.GatewayMetrics,
        clock: clocks.Clock,
        web_settings: settings.WebSettings,
    ) -> None:
        self._store = store
        self._tracker = tracker
        self._drainer = drainer
        self._metrics = metrics
        self._clock = clock
        self._unrecognised = unrecognised
        self._user_agents = web_settings.scraper_user_agents
        self._formats = negotiation.offered(web_settings)
        self._settle_seconds = web_settings.scrape_settle_seconds
        self._confirmations = tasks.TaskSet()

    async def get(self, request: web.BaseRequest) -> web.StreamResponse:
        """Send all groups as they are now."""
        scraper = scraper_identity.of_request(request)
        response = web.StreamResponse()
        if not scraper_identity.is_scraper(request, user_agents=self._user_agents):
            if request.method == hdrs.METH_GET:
                self._unrecognised.requested(scraper.address, scraper.user_agent, now=self._clock.monotonic())
            await self._send(request, response, await self._store.snapshot(), timeout=MAX_TIMEOUT)
            return response
        began, timeout = time.monotonic(), _timeout(request)
        scrape = self._tracker.began(scraper, connection=_connection(request), now=self._clock.monotonic())
        # The start of a scrape may prove that the previous one was processed.
        self._drainer.wake()
        snapshot = await self._store.snapshot()
        delivery = delivery_confirmation.Delivery(request.transport, settle_seconds=self._settle_seconds)
        try:
            is_sent = await self._send(request, response, snapshot, timeout=timeout)
        except BaseException:
            delivery.close()
            raise
        sent = _Sent(snapshot.revision, time.monotonic() - began, response.content_length or 0)
        confirmation = self._confirm(delivery, scrape, sent if is_sent else None, deadline=began + timeout)
        self._confirmations.start(confirmation, name=f"confirm scrape of {scraper.address}")
        return response

    async def close(self) -> None:
        """Stop waiting for confirmations. Scrapes that are not confirmed do not count."""
        await self._confirmations.cancel()

    async def _send(
        self,
        request: web.BaseRequest,
        response: web.StreamResponse,
        snapshot: interface.Snapshot,
        *,
        timeout: float,  # noqa: ASYNC109 - the result is False then
    ) -> bool:
        """Send the snapshot; ``False`` if it could not be written to the socket within ``timeout`` seconds."""
        merged = list(own_metrics.merge(snapshot.families, self._metrics.families()))
        await time_slices.yield_to_others()
        encoding = negotiation.negotiate(request.headers.get(hdrs.ACCEPT, ""), formats=self._formats)
        gzip = _accepts_gzip(request)
        response.headers[hdrs.CONTENT_TYPE] = encoding.content_type
        response.headers[hdrs.VARY] = f"{hdrs.ACCEPT}, {hdrs.ACCEPT_ENCODING}"
        try:
            async with asyncio.timeout(timeout):
                parts = await _parts(encoders.encode(merged, encoding), gzip=gzip)
                if gzip:
                    response.headers[hdrs.CONTENT_ENCODING] = "gzip"
                response.content_length = sum(map(len, parts))
                await response.prepare(request)
                time_slice = time_slices.TimeSlice()
                # aiohttp sends what a handler writes, even if the request is HEAD.
                for chunk in _chunks(parts if request.method != hdrs.METH_HEAD else ()):
                    await response.write(chunk)
                    await time_slice.step()
                await response.write_eof()
        except (ConnectionError, TimeoutError):
            if request.transport is not None:
                # SECURITY: a client that has stopped reading would keep a whole response in memory.
                request.transport.abort()
            return False
        return True

    async def _confirm(
        self,
        delivery: delivery_confirmation.Delivery,
        scrape: scrape_progress.Scrape | None,
        sent: _Sent | None,
        *,
        deadline: float,
    ) -> None:
        """Wait until the response is delivered, and report the scrape.

        :param sent: ``None`` if the response could not be sent.
        """
        try:
            left = deadline - time.monotonic()
            is_delivered = sent is not None and left > 0 and await delivery.is_confirmed(timeout=left)
        finally:
            delivery.close()
        if sent is None or not is_delivered:
            is_late = time.monotonic() >= deadline
            self._metrics.scrapes.labels(result="late" if is_late else "broken").inc()
            return
        self._metrics.scrapes.labels(result="delivered").inc()
        if scrape is not None:
            self._tracker.delivered(scrape, now=self._clock.monotonic(), **sent._asdict())
            self._drainer.wake()


def _connection(request: web.BaseRequest) -> scrape_progress.Connection:
    assert isinstance(request.protocol, connections.Connection)
    return request.protocol


def _timeout(request: web.BaseRequest) -> float:
    if scraper_identity.TIMEOUT_HEADER not in request.headers:
        return MAX_TIMEOUT
    try:
        seconds = float(request.headers[scraper_identity.TIMEOUT_HEADER])
    except ValueError:
        return DEFAULT_TIMEOUT
    return min(seconds, MAX_TIMEOUT) if math.isfinite(seconds) else DEFAULT_TIMEOUT


def _accepts_gzip(request: web.BaseRequest) -> bool:
    """Whether an item of ``Accept-Encoding`` allows gzip. The rule is that of promhttp."""
    for item in request.headers.get(hdrs.ACCEPT_ENCODING, "").split(","):
        coding, _, weight = item.strip().partition(";")
        if coding.strip().lower() == "gzip" and weight.replace(" ", "") not in ("q=0", "q=0.0"):
            return True
    return False


async def _parts(pieces: Iterable[gzip_chunks.Chunk], *, gzip: bool) -> list[bytes]:
    """The parts of the body. Rendering a large store takes a while; other requests are handled in between."""
    time_slice = time_slices.TimeSlice()
    rendered = []
    for piece in pieces:
        if piece.data:
            rendered.append(piece)
            if gzip:
                piece.compressed()
        await time_slice.step()
    if not gzip:
        return [piece.data for piece in rendered]
    await time_slices.yield_to_others()
    parts = gzip_chunks.gzip_stream(piece.compressed() for piece in rendered)
    await time_slices.yield_to_others()
    return parts


def _chunks(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The parts joined to chunks that are large enough for one socket write each."""
    pending: list[bytes] = []
    size = 0
    for part in parts:
        pending.append(part)
        size += len(part)
        if size >= _CHUNK_BYTES:
            yield b"".join(pending)
            pending.clear()
            size = 0
    if pending:
        yield b"".join(pending)
