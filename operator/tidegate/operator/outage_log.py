"""Telling people of a failure that lasts: once when it begins or changes, once when it is over."""

from __future__ import annotations

import logging

from tidegate.aio import clocks

_logger = logging.getLogger(__name__)


class OutageLog:
    """What keeps failing, with its log lines.

    :param what: the subject of the sentence in the log, such as ``the list of Jobs``.
    :param meanwhile: what this means for the user until it is over.
    """

    def __init__(self, subject: str, *, consequence: str, clock: clocks.Clock) -> None:
        self._subject = subject
        self._consequence = consequence
        self._clock = clock
        self._since: float | None = None
        self._logged_reason = ""

    def failed(self, reason: object) -> None:
        """It failed (again)."""
        if self._since is None:
            self._since = self._clock.monotonic()
        text = str(reason)
        if text == self._logged_reason:
            _logger.debug("%s fails still: %s", self._subject, text)
            return
        self._logged_reason = text
        _logger.warning("%s fails: %s; %s", self._subject, text, self._consequence)

    def recovered(self) -> None:
        """It worked."""
        if self._since is not None:
            _logger.info("%s works again after %.0f s", self._subject, self._clock.monotonic() - self._since)
        self._since, self._logged_reason = None, ""
