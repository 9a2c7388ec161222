"""The known readers: whether each is active, and up to which revision of the store it has read.

Readers of one scraper have the same address and the same ``User-Agent``. Prometheus and vmagent keep one connection for
each scrape job and target, so the connections that readers hold at the same time distinguish them: a scrape on a new
connection, while every known reader has its own connection open, comes from another reader.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from tidegate.model import scrapers

_logger = logging.getLogger(__name__)

MAX_READERS = 256
"""Known readers. Without a limit, a client that changes its name with every request would fill memory."""


class ReadingStore(Protocol):
    """Persists the progress of readers for the next process."""

    def record_reader(self, progress: scrapers.ReaderProgress) -> None:
        """Save the current progress of a reader."""
        ...

    def forget_reader(self, reader: scrapers.Reader) -> None:
        """Delete the progress of a reader."""
        ...


class Connection(Protocol):
    """A connection of a client."""

    @property
    def is_open(self) -> bool:
        """Whether another request can still arrive on it."""
        ...


class Scrape(NamedTuple):
    """A scrape that has begun.

    :param reading: the progress of its reader.
    :param number: of the scrapes of its reader, the first is 1.
    :param attribution: changes when it becomes doubtful which reader the scrape belongs to.
    """

    reading: scrapers.ReaderProgress
    connection: Connection
    number: int
    attribution: int


class ScrapeTracker:
    """Tracks the readers of one store. It has no clock of its own; callers pass the monotonic time.

    :param reading_store: saves every change.
    """

    def __init__(self, reading_store: ReadingStore) -> None:
        self._reading_store = reading_store
        self._readings: dict[scrapers.Reader, scrapers.ReaderProgress] = {}
        self._connections: dict[scrapers.Reader, Connection] = {}
        self._attributions: dict[scrapers.Reader, int] = {}

    def restore(self, readings: Iterable[scrapers.ReaderProgress], *, ended: float, now: float) -> None:
        """Continue with the progress that a previous process saved.

        Scrapers cannot scrape while no gateway runs. The time between the two processes is therefore not counted as
        silence.

        :param ended: monotonic time at which the previous process last ran.
        """
        for reading in readings:
            if reading.active_until < ended:
                self._reading_store.forget_reader(reading.reader)
                continue
            reading.last_seen += now - ended
            self._readings[reading.reader] = reading
            self._reading_store.record_reader(reading)

    def began(self, scraper: scrapers.Scraper, *, connection: Connection, now: float) -> Scrape | None:
        """Record the start of a scrape; ``None`` if its reader cannot be tracked.

        The reader counts as active, even if this scrape fails.
        """
        own = self._readers_of(scraper)
        reading = next((each for each in own if self._connections.get(each.reader) is connection), None)
        is_same_connection = reading is not None
        if reading is None:
            reading = self._reattach(own, now=now)
        if reading is None:
            reading = self._admit(_unused(scraper, own), now=now)
            for each in own:
                each.is_superseded = True
        if reading is None:
            return None
        reading.began(is_same_connection=is_same_connection, now=now)
        self._connections[reading.reader] = connection
        self._reading_store.record_reader(reading)
        return Scrape(reading, connection, reading.scrapes, self._attributions.get(reading.reader, 0))

    def delivered(
        self,
        scrape: Scrape,
        *,
        revision: int,
        now: float,
        seconds: float | None = None,
        size: int | None = None,
    ) -> None:
        """Record that a reader has received a complete response.

        :param revision: the revision of the store in the response.
        :param seconds: the duration of the response, if it is known.
        :param size: the bytes of the response, if they are known.
        """
        reading = scrape.reading
        if self._readings.get(reading.reader) is not reading:
            return  # The reader was forgotten meanwhile, and perhaps admitted again.
        if scrape.attribution != self._attributions.get(reading.reader, 0):
            return
        is_on_connection = self._connections.get(reading.reader) is scrape.connection
        reading.delivered(revision, is_on_connection=is_on_connection, has_begun_next=reading.scrapes > scrape.number)
        reading.last_read = now
        reading.last_seconds, reading.last_size = seconds, size
        self._reading_store.record_reader(reading)

    def known(self) -> list[scrapers.ReaderProgress]:
        """All known readers, inactive ones included."""
        return list(self._readings.values())

    def active(self, *, now: float) -> list[scrapers.ReaderProgress]:
        """The active readers, which draining groups wait for."""
        return [reading for reading in self.known() if now <= reading.active_until]

    def next_lapse(self, *, now: float) -> float | None:
        """When the next active reader becomes inactive unless it scrapes; ``None`` when none is active."""
        return min((reading.active_until for reading in self.active(now=now)), default=None)

    def _readers_of(self, scraper: scrapers.Scraper) -> list[scrapers.ReaderProgress]:
        return [reading for reading in self._readings.values() if reading.reader.scraper == scraper]

    def _reattach(self, own: list[scrapers.ReaderProgress], *, now: float) -> scrapers.ReaderProgress | None:
        """The reader that goes on with a new connection; ``None`` if every one has its own connection open."""
        if own and own[0].reader.scraper.name:
            # A scraper states its name where connections say nothing, as behind a proxy: it is one reader.
            return own[0]
        free = [reading for reading in own if not self._has_connection(reading.reader)]
        if free and len(own) > 1:
            # Also those with an open connection: perhaps it was lost, and the gateway has not seen its end yet.
            self._level(own)
        if len(free) > 1:
            free = self._without_lapsed(free, now=now)
        return min(free, key=lambda reading: abs(now - reading.due), default=None)

    def _without_lapsed(self, free: list[scrapers.ReaderProgress], *, now: float) -> list[scrapers.ReaderProgress]:
        """Forget the inactive readers among these, except the last one to become inactive if no other is left.

        Otherwise the connection of an active reader could continue an inactive one, and groups would wait for both.
        """
        kept = [reading for reading in free if now <= reading.active_until]
        kept = kept or [max(free, key=lambda reading: reading.active_until)]
        for reading in free:
            if reading not in kept:
                self._forget(reading.reader)
        return kept

    def _has_connection(self, reader: scrapers.Reader) -> bool:
        connection = self._connections.get(reader)
        return connection is not None and connection.is_open

    def _level(self, readings: list[scrapers.ReaderProgress]) -> None:
        """Give readers that look alike without their connections the progress that is true of each of them."""
        delivered = min(reading.delivered_revision for reading in readings)
        ingested = min(reading.ingested_revision for reading in readings)
        for reading in readings:
            reading.level(delivered=delivered, ingested=ingested)
            self._attributions[reading.reader] = self._attributions.get(reading.reader, 0) + 1
            self._reading_store.record_reader(reading)

    def _admit(self, reader: scrapers.Reader, *, now: float) -> scrapers.ReaderProgress | None:
        if len(self._readings) >= MAX_READERS:
            oldest = min(self._readings.values(), key=lambda reading: reading.active_until)
            if oldest.active_until >= now:
                # SECURITY: if an active reader were forgotten, groups that it has not read would be deleted.
                _logger.warning(
                    "ignoring the new scraper at %s: there are already %d active readers, the maximum; "
                    "draining groups do not wait for it",
                    reader.scraper.address,
                    MAX_READERS,
                )
                return None
            self._forget(oldest.reader)
        reading = self._readings[reader] = scrapers.ReaderProgress(reader=reader, first_seen=now, last_seen=now)
        return reading

    def _forget(self, reader: scrapers.Reader) -> None:
        del self._readings[reader]
        self._connections.pop(reader, None)
        self._attributions.pop(reader, None)
        self._reading_store.forget_reader(reader)


def _unused(scraper: scrapers.Scraper, own: Iterable[scrapers.ReaderProgress]) -> scrapers.Reader:
    """The reader of this scraper with the lowest unused number."""
    used = {reading.reader.number for reading in own}
    return scrapers.Reader(scraper, next(number for number in itertools.count(1) if number not in used))
