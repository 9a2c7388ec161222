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
    PUSH_SERIES = "push_series", 413
    """Series of one push."""
    GROUP_SERIES = "group_series", 413
    """Series of one group."""
    GROUPS = "groups", 429
    """Groups."""
    SERIES = "series", 429
    """Series of all groups."""
    MEMORY = "memory", 429
    """Memory of the process, for new groups."""
    LABELS = "labels", 400
    """Labels of one series."""
    NAME_LENGTH = "name_length", 400
    """Characters of the name of a metric or a label."""
    VALUE_LENGTH = "value_length", 400
    """Characters of a label's value, or of a help text."""

    def __init__(self, label: str, status: int) -> None:
        self.label = label
        self.status = status

    @property
    def flag(self) -> str:
        """The flag that changes it."""
        return f"--limit.{self.label.replace('_', '-')}"
