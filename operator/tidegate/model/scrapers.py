"""Scrapers, the clients that scrape all groups regularly; their readers, and the progress of each reader."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from tidegate.model import proofs

LONGEST_INTERVAL = 300.0
"""Seconds. Prometheus looks back five minutes for a sample, so the interval of a scraper without gaps in its series is
shorter. This interval is assumed until the interval is measured, and no reader becomes inactive sooner. A measured
interval can only make the gateway wait longer."""

MISSED_SCRAPES = 3
"""A reader is active until it misses this many of its intervals, and for at least ``LONGEST_INTERVAL``."""

MEASURED_GAPS = 8
"""The interval is the longest of this many last gaps between scrapes, and unknown before. After a missed scrape the
long gap makes the gateway wait longer, until this many further scrapes have replaced it."""

SHORTEST_SILENCE = 10.0
"""Seconds. A reader that another one has probably replaced becomes inactive after this time at the earliest, and after
the scrapes that it may miss."""

NEW_CONNECTIONS = 8
"""After more scrapes than this on a new connection each, a reader is known to open a connection for every scrape.
Before that, it may be a server that is killed and restarted again and again."""


class Scraper(NamedTuple):
    """A scraper, as identified by its requests.

    :param name: the query parameter ``scraper`` of its requests; "" for none.
    """

    address: str
    user_agent: str
    name: str = ""

    def __str__(self) -> str:
        name = f" ({self.name})" if self.name else ""
        return f"{self.user_agent or 'a scraper'} at {self.address}{name}"


class Reader(NamedTuple):
    """One scrape loop of a scraper: one scrape job of a server, or one of several servers behind one address.

    :param number: tells the readers of one scraper apart; the first is 1.
    """

    scraper: Scraper
    number: int = 1

    def __str__(self) -> str:
        return str(self.scraper) if self.number == 1 else f"{self.scraper}, reader {self.number}"


@dataclass(slots=True)
class ReaderProgress:
    """The progress of one reader. Times are monotonic seconds.

    :ivar last_seen: start of its last scrape, moved forward by the time without a running gateway.
    :ivar gaps: the last times from one scrape to the next, without the time without a running gateway.
    :ivar delivered_revision: it has received every push up to this revision; 0 for none.
    :ivar ingested_revision: it has received them and has then begun another scrape that proves that it still lives.
    :ivar new_connections: the number of its last scrapes that each came on a new connection.
    :ivar last_read: end of its last complete scrape.
    :ivar last_seconds: duration of its last complete scrape, if this process served it.
    :ivar last_size: bytes of that response, as they were sent.
    :ivar scrapes: the number of scrapes that this process has seen.
    :ivar is_superseded: whether another reader of its scraper has appeared since its last scrape, as after a change of
        the scrape job: Prometheus then opens another connection and leaves the old one open without using it.
    """

    reader: Reader
    first_seen: float
    last_seen: float
    gaps: deque[float] = field(default_factory=lambda: deque(maxlen=MEASURED_GAPS))
    delivered_revision: int = 0
    ingested_revision: int = 0
    new_connections: int = 0
    last_read: float | None = None
    last_seconds: float | None = None
    last_size: int | None = None
    scrapes: int = 0
    is_superseded: bool = False
    _on_connection: int = 0
    """The revision up to which responses on its current connection were delivered."""
    _before_last_read: int = 0
    """``delivered_revision`` before its last complete scrape."""

    @property
    def interval(self) -> float | None:
        """Seconds between its scrapes; ``None`` until it is measured."""
        return min(max(self.gaps), LONGEST_INTERVAL) if len(self.gaps) == MEASURED_GAPS else None

    @property
    def active_until(self) -> float:
        """When it becomes inactive unless it scrapes again: after 5 to 15 minutes or, if superseded, earlier."""
        if self.is_superseded:
            missed = MISSED_SCRAPES * max(self.gaps) if self.gaps else LONGEST_INTERVAL
            return self.last_seen + max(SHORTEST_SILENCE, missed)
        interval = LONGEST_INTERVAL if self.interval is None else self.interval
        return self.last_seen + max(LONGEST_INTERVAL, MISSED_SCRAPES * interval)

    @property
    def due(self) -> float:
        """When its next scrape is expected."""
        return self.last_seen + max(self.gaps, default=0.0)

    def confirmed(self, grade: proofs.Grade) -> int:
        """The revision up to which it has read, by this grade. Databases are not considered."""
        return self.delivered_revision if grade is proofs.Grade.DELIVERED else self.ingested_revision

    def began(self, *, is_same_connection: bool, now: float) -> None:
        """Record the start of a scrape.

        :param is_same_connection: whether its previous scrape came on the same connection. Then it has processed the
            previous response. A new connection does not prove that, because the process may have died in between.
        """
        if now > self.last_seen:
            self.gaps.append(now - self.last_seen)
        self.last_seen = max(now, self.last_seen)
        self.scrapes += 1
        self.is_superseded = False
        if is_same_connection:
            self.new_connections = 0
            self.ingested_revision = max(self.ingested_revision, self._on_connection)
            return
        if self.new_connections >= NEW_CONNECTIONS:
            # It never keeps a connection. It has received these pushes in two complete scrapes, and still lives.
            self.ingested_revision = max(self.ingested_revision, self._before_last_read)
        self.new_connections = min(self.new_connections + 1, NEW_CONNECTIONS)
        self._on_connection = 0

    def delivered(self, revision: int, *, is_on_connection: bool, has_begun_next: bool) -> None:
        """Record that it has received a complete response.

        :param revision: the revision of the store in the response.
        :param is_on_connection: whether the response was sent on its current connection.
        :param has_begun_next: whether it has already begun the next scrape, on that connection.
        """
        self._before_last_read = self.delivered_revision
        self.delivered_revision = max(revision, self.delivered_revision)
        if is_on_connection:
            self._on_connection = max(revision, self._on_connection)
        if is_on_connection and has_begun_next:
            self.ingested_revision = max(revision, self.ingested_revision)

    def level(self, *, delivered: int, ingested: int) -> None:
        """Lower its progress to what is also true of another reader that it may have been confused with."""
        self.delivered_revision = min(delivered, self.delivered_revision)
        self.ingested_revision = min(ingested, self.ingested_revision)
        self._on_connection = self._before_last_read = 0
