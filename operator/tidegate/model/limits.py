"""The limits that a request may run into, by the names they are counted under."""

from __future__ import annotations

import enum


class Limit(enum.Enum):
    """What one client may not have more of. A further one is a line here; it is shown as 0 from the start.

    :ivar label: as the metric and the flag (``--limit.…``, with hyphens) call it.
    :ivar status: of the answer to a request that is over it.
    """

    BODY = "body", 413
    """Bytes of one body, as it was sent."""
    UNPACKED_BODY = "unpacked_body", 413
    """Bytes of one body, after it was unpacked."""
    BODIES = "bodies", 429
    """Bytes of all bodies that are held at once."""
    REQUEST_HEAD = "request_head", 431
    """Bytes of a request line and the headers."""
    HEAD_TIMEOUT = "head_timeout", 408
    """Time until a head has come."""
    BODY_TIMEOUT = "body_timeout", 408
    """Time until a body has come."""
    CONNECTIONS = "connections", 429
    """Connections at once."""
    REQUESTS = "requests", 429
    """Pushes under way at once."""

    def __init__(self, label: str, status: int) -> None:
        self.label = label
        self.status = status
