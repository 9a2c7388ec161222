"""The log of the HTTP server, without bytes that clients sent."""

from __future__ import annotations

import logging
from typing import Any

from aiohttp import http_exceptions


class RedactingLogger(logging.LoggerAdapter[logging.Logger]):
    """Logs a malformed request with the client's address and the type of error, not with its bytes."""

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        error = kwargs.get("exc_info")
        if isinstance(error, http_exceptions.HttpProcessingError):
            # SECURITY: the error quotes what was sent, and that may be a header with a password.
            level, msg, kwargs = logging.DEBUG, f"{msg}: {type(error).__name__}", {}
        super().log(level, msg, *args, **kwargs)
