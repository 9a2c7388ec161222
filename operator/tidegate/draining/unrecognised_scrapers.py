"""Clients that request the metrics path in a rhythm and do not count as scrapers: draining groups do not wait for them.

Datadog's agent, Telegraf, Vector, Fluent Bit and Netdata do not send the header by which the gateway recognizes
scrapers. A person, a probe or a script may look like them; nothing depends on it but what the gateway reports.
"""

from __future__ import annotations

import re
import shlex
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

MAX_CLIENTS = 64
"""Clients that are remembered. Without a limit, a client that changes its name with every request would fill memory."""

RHYTHM_GAPS = 4
"""A client has a rhythm once so many gaps between its requests in a row are alike."""

MIN_INTERVAL = 1.0
"""Seconds. Clients with shorter gaps do not scrape."""

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
    gaps: deque[float] = field(default_factory=lambda: deque(maxlen=RHYTHM_GAPS))
    requests: int = 1
    interval: float | None = None

    def requested(self, *, now: float) -> None:
        self.gaps.append(now - self.last_seen)
        self.last_seen = now
        self.requests += 1
        shortest, longest = min(self.gaps), max(self.gaps)
        if len(self.gaps) == RHYTHM_GAPS and shortest >= MIN_INTERVAL and longest <= _ALIKE * shortest:
            self.interval = longest

    def has_left(self, *, now: float) -> bool:
        return self.interval is not None and now > self.last_seen + _MISSED * self.interval


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
        """Forget a client that has left, else the one with the fewest requests, so that regular clients stay."""
        if len(self._clients) < MAX_CLIENTS:
            return

        def worth(key: tuple[str, str]) -> tuple[bool, int, float]:
            client = self._clients[key]
            return not client.has_left(now=now), client.requests, client.last_seen

        del self._clients[min(self._clients, key=worth)]
