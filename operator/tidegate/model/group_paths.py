"""Labels in the path of a push or a delete, in the spellings that Pushgateway's README has."""

from __future__ import annotations

import base64
import re

_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
"""No slash, no escape and no dots alone: nothing that a server or a proxy on the way reads in another way."""


def spelled(name: str, value: str) -> str:
    """``instance/db1``, with base64 where the value is not plain.

    :param name: as it is to stand in the path.
    """
    if _PLAIN_VALUE.fullmatch(value):
        return f"{name}/{value}"
    # Of an empty value the padding alone is left, so that there is something between the slashes.
    coded = base64.urlsafe_b64encode(value.encode()).decode().rstrip("=") or "="
    return f"{name}@base64/{coded}"
