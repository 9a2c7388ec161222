"""Labels in the path of a push or a delete, as Pushgateway's README defines them."""

from __future__ import annotations

import base64
import re

_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
"""No slash, no escape and no value of dots only: no server or proxy changes such a path."""


def segments(name: str, value: str) -> str:
    """Return ``instance/db1``, with base64 if the value is not plain.

    :param name: as it is written in the path.
    """
    if _PLAIN_VALUE.fullmatch(value):
        return f"{name}/{value}"
    # An empty value is encoded as padding, so that the path segment is not empty.
    encoded = base64.urlsafe_b64encode(value.encode()).decode().rstrip("=") or "="
    return f"{name}@base64/{encoded}"
