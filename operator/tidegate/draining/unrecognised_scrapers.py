"""Clients that request the metrics path in a rhythm and do not count as scrapers: draining groups do not wait for them.

Datadog's agent, Telegraf, Vector, Fluent Bit and Netdata do not send the header by which the gateway recognizes
scrapers. A person, a probe or a script may look like them; nothing depends on it but what the gateway reports.
"""

from __future__ import annotations

import collections
import re
import shlex
from dataclasses import dataclass, field
from typing import NamedTuple

MAX_CLIENTS = 64
"""Clients that are remembered. Without a limit, a client that changes its name with every request would fill memory."""

RHYTHM_GAPS = 4
"""A client has a rhythm once so many gaps between its requests in a row are alike."""

MIN_INTERVAL = 0.5
"""Seconds. Clients with shorter gaps do not scrape. Scrapers with an interval of a second have some jitter."""

MAX_INTERVAL = 3600.0
"""Seconds. A client with longer gaps does not scrape: a person may look every morning. A client without a rhythm is
forgotten after this time."""

_ALIKE = 1.5
"""Gaps are alike if the longest is at most this many times as long as the shortest."""

_MISSED = 3
"""A client that has not requested the path for this many intervals has left."""

_PRODUCT = re.compile(r"[^/\s(;,]+")
_WILDCARDS = re.compile(r"[\[\]*?]")


class UnrecognisedScraper(NamedTuple):
    """A client that probably scrapes. Times are monotonic seconds.

    :param interval: the longest gap between its last requests.
    """

    address: str
    user_agent: str
    interval: float
    last_seen: float

    @property
    def flag(self) -> str:
        """The argument that makes it a scraper, quoted for a shell; "" if it does not state what it is."""
        product = _PRODUCT.match(self.user_agent)
        if product is None:
            return ""
        glob = _WILDCARDS.sub("?", product[0])
        return shlex.quote(f"--scrape.user-agent={glob}*")


@dataclass(slots=True)
class _Client:
    last_seen: float
    gaps: collections.deque[float] = field(default_factory=lambda: collections.deque(maxlen=RHYTHM_GAPS))
    interval: float | None = None

    def requested(self, *, now: float) -> None:
        self.gaps.append(now - self.last_seen)
        self.last_seen = now
        shortest, longest = min(self.gaps), max(self.gaps)
        if len(self.gaps) == RHYTHM_GAPS and shortest >= MIN_INTERVAL and longest <= _ALIKE * shortest:
            self.interval = longest

    def has_left(self, *, now: float) -> bool:
        silence = MAX_INTERVAL if self.interval is None else _MISSED * self.interval
        return now > self.last_seen + silence


class UnrecognisedScrapers:
    """Finds such clients. It has no clock of its own; callers pass the monotonic time."""

    def __init__(self) -> None:
        self._clients: dict[tuple[str, str], _Client] = {}

    def requested(self, address: str, user_agent: str, *, now: float) -> None:
        """Record a request for the metrics path."""
        key = (address, user_agent)
        client = self._clients.get(key)
        if client is None or client.has_left(now=now):
            self._clients.pop(key, None)
            self._make_room(now=now)
            self._clients[key] = _Client(last_seen=now)
        else:
            client.requested(now=now)

    def active(self, *, now: float) -> list[UnrecognisedScraper]:
        """The clients with a rhythm, the one that was seen first at the beginning."""
        return [
            UnrecognisedScraper(*key, client.interval, client.last_seen)
            for key, client in self._clients.items()
            if client.interval is not None and not client.has_left(now=now)
        ]

    def _make_room(self, *, now: float) -> None:
        """Forget a client that has left, else one without a rhythm.

        Of these, it is the one of the address with the most clients, which may change its name with every request, that
        has not requested the path for the longest time. Recent clients stay, so that a new scraper is found.
        """
        if len(self._clients) < MAX_CLIENTS:
            return
        of_address = collections.Counter(address for address, _ in self._clients)

        def worth(key: tuple[str, str]) -> tuple[bool, bool, int, float]:
            client = self._clients[key]
            return not client.has_left(now=now), client.interval is not None, -of_address[key[0]], client.last_seen

        del self._clients[min(self._clients, key=worth)]
