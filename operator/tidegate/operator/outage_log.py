"""Telling people of a failure that lasts: once when it begins or changes, once when it is over."""

from __future__ import annotations

import logging

from tidegate.aio import clocks

_logger = logging.getLogger(__name__)


class Outage:
    """What keeps failing, with its log lines.

    :param what: the subject of the sentence in the log, such as ``the list of Jobs``.
    :param meanwhile: what this means for the user until it is over.
    """

    def __init__(self, what: str, *, meanwhile: str, clock: clocks.Clock) -> None:
        self._what = what
        self._meanwhile = meanwhile
        self._clock = clock
        self._since: float | None = None
        self._told = ""

    def failed(self, reason: object) -> None:
        """It failed (again)."""
        if self._since is None:
            self._since = self._clock.steady()
        text = str(reason)
        if text == self._told:
            _logger.debug("%s fails still: %s", self._what, text)
            return
        self._told = text
        _logger.warning("%s fails: %s; %s", self._what, text, self._meanwhile)

    def over(self) -> None:
        """It worked."""
        if self._since is not None:
            _logger.info("%s works again after %.0f s", self._what, self._clock.steady() - self._since)
        self._since, self._told = None, ""
