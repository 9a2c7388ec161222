"""Logs a lasting failure once when it starts, once when its reason changes, and once when it ends."""

from __future__ import annotations

import logging

from tidegate.aio import clocks

_logger = logging.getLogger(__name__)


class OutageLog:
    """The log of one operation that may fail repeatedly.

    :param subject: the subject of the log lines, such as ``the list of all objects``.
    :param consequence: the behavior until the operation succeeds, such as ``keeping all groups until it succeeds``.
    """

    def __init__(self, subject: str, *, consequence: str, clock: clocks.Clock) -> None:
        self._subject = subject
        self._consequence = consequence
        self._clock = clock
        self._since: float | None = None
        self._logged_reason = ""

    def failed(self, reason: object) -> None:
        """Log a failure; at level debug if the last one had the same reason."""
        if self._since is None:
            self._since = self._clock.monotonic()
        text = str(reason)
        if text == self._logged_reason:
            _logger.debug("%s failed again: %s", self._subject, text)
            return
        self._logged_reason = text
        _logger.warning("%s failed: %s; %s", self._subject, text, self._consequence)

    def recovered(self) -> None:
        """Log that the operation succeeded, if it failed before."""
        if self._since is not None:
            _logger.info("%s succeeded again after %.0f s", self._subject, self._clock.monotonic() - self._since)
        self._since, self._logged_reason = None, ""
