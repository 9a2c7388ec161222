"""Whether the watch works, as its calls tell: for the log and for the metrics. For one event loop."""

from __future__ import annotations

from collections.abc import Collection

from tidegate.operator import operator_metrics, outage_log
from tidegate.operator.kube import kube_api
from tidegate.operator.watch import kopf_session

_EACH_PATH_ITS_OWN = frozenset({"forbidden", "not-found"})
"""Reasons that concern one path; any other is as good for all."""


class WatchState:
    """What works and what fails. A reason is logged once until everything works again, however often it is met."""

    def __init__(self, *, outage: outage_log.Outage, own: operator_metrics.OperatorMetrics) -> None:
        self._outage = outage
        self._metrics = own
        self._awaited: frozenset[str] = frozenset()
        self._streaming: set[str] = set()
        self._failing: dict[kopf_session.Call, kube_api.ApiError] = {}
        self._told: set[tuple[str, str]] = set()
        self._lasts = True

    def begun(self, paths: Collection[str]) -> None:
        """The watch began (anew): these are to be watched."""
        self._awaited = frozenset(paths)
        self._streaming.clear()
        self._failing.clear()

    def called(self, call: kopf_session.Call) -> None:
        """What became of a call."""
        place = call._replace(error=None)
        if call.error is None:
            self._failing.pop(place, None)
            if call.is_watch:
                self._streaming.add(call.path)
        elif call.path in self._awaited or call.error.reason != "not-found":
            # What else is not found is a part of the API that nobody watches.
            self._failing[place] = call.error
            self._streaming.discard(call.path)
            self._failed(call.error, path=call.path)
        self._tell()

    def lasted(self) -> None:
        """The watch has run for a while since it began."""
        self._lasts = True
        self._tell()

    def ended(self, error: Exception | None) -> None:
        """The watch has ended as a whole, with this error. What ends it may come again with its next answer, so it does
        not count as working before it has lasted."""
        self._lasts = False
        self._streaming.clear()
        if isinstance(error, OSError):
            error = kube_api.ApiError(str(error), reason="login")
        elif not isinstance(error, kube_api.ApiError):
            said = "no error" if error is None else f"{type(error).__name__}: {error}"
            error = kube_api.ApiError(f"kopf ended ({said}); this is a bug, please report it", reason="kopf")
        # It may have ended over the answer to one of its calls, which was counted as that.
        if error not in self._failing.values():
            self._failed(error, path="")
        self._tell()

    def _failed(self, error: kube_api.ApiError, *, path: str) -> None:
        self._metrics.api_errors.labels(reason=error.reason).inc()
        told = error.reason, path if error.reason in _EACH_PATH_ITS_OWN else ""
        if told not in self._told:
            self._told.add(told)
            self._outage.failed(error)

    def _tell(self) -> None:
        works = self._awaited <= self._streaming and not self._failing
        self._metrics.watch_up.set(works)
        if works and self._lasts:
            self._told.clear()
            self._outage.over()
