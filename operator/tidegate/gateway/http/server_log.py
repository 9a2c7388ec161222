"""What the HTTP server logs of requests that it cannot read."""

from __future__ import annotations

import logging
from typing import Any

from aiohttp import http_exceptions


class Complaints(logging.LoggerAdapter[logging.Logger]):
    """The server's logger, which says of a request that is no HTTP from where it came, and nothing of what it says."""

    def log(self, level: int, msg: object, *args: object, **more: Any) -> None:
        error = more.get("exc_info")
        if isinstance(error, http_exceptions.HttpProcessingError):
            # SECURITY: the error quotes what was sent, and that may be a header with a password.
            level, msg, more = logging.DEBUG, f"{msg}: {type(error).__name__}", {}
        super().log(level, msg, *args, **more)
