"""The limits of requests, by the labels of the metric that counts them."""

from __future__ import annotations

import enum


class Limit(enum.Enum):
    """A limit. The metric shows every limit as 0 from the start.

    :ivar label: its name in the metric, and with hyphens in the flag (``--limit.…``).
    :ivar status: status code of the response to a request over the limit.
    """

    BODY = "body", 413
    """Bytes of a body, as it was sent."""
    UNPACKED_BODY = "unpacked_body", 413
    """Bytes of a body after decompression."""
    BODIES = "bodies", 429
    """Bytes of all bodies in memory."""
    REQUEST_HEAD = "request_head", 431
    """Bytes of the request line and the headers."""
    HEAD_TIMEOUT = "head_timeout", 408
    """Time until the request line and the headers have arrived."""
    BODY_TIMEOUT = "body_timeout", 408
    """Time until the body has arrived."""
    CONNECTIONS = "connections", 429
    """Open connections."""
    REQUESTS = "requests", 429
    """Concurrent pushes."""
    PUSH_SERIES = "push_series", 413
    """Series of a push."""
    GROUP_SERIES = "group_series", 413
    """Series of a group."""
    GROUPS = "groups", 429
    """Groups."""
    SERIES = "series", 429
    """Series of all groups."""
    MEMORY = "memory", 429
    """Memory of the process; rejects new groups."""
    LABELS = "labels", 400
    """Labels of a series."""
    NAME_LENGTH = "name_length", 400
    """Characters of the name of a metric or a label."""
    VALUE_LENGTH = "value_length", 400
    """Characters of the value of a label, or of a help text."""

    def __init__(self, label: str, status: int) -> None:
        self.label = label
        self.status = status

    @property
    def flag(self) -> str:
        """The flag that sets the limit."""
        return f"--limit.{self.label.replace('_', '-')}"
