"""The health of the watch, derived from its requests, for the log and the metrics."""

from __future__ import annotations

from collections.abc import Collection

from tidegate.operator import operator_metrics, outage_log
from tidegate.operator.kube import kube_api
from tidegate.operator.watch import kopf_session

_REASONS_LOGGED_PER_PATH = frozenset({"forbidden", "not-found"})
"""Reasons that apply to one path; other reasons apply to all paths."""


class WatchHealth:
    """Tracks which paths are watched and which requests fail. For one event loop.

    Each reason is logged once until all paths are watched again.
    """

    def __init__(self, *, outage: outage_log.OutageLog, metrics: operator_metrics.OperatorMetrics) -> None:
        self._outage = outage
        self._metrics = metrics
        self._expected_paths: frozenset[str] = frozenset()
        self._streaming_paths: set[str] = set()
        self._errors_by_call: dict[kopf_session.ApiCall, kube_api.ApiError] = {}
        self._logged: set[tuple[str, str]] = set()
        self._is_stable = True

    def watch_started(self, paths: Collection[str]) -> None:
        """The watch has started or restarted, and is expected to watch these paths."""
        self._expected_paths = frozenset(paths)
        self._streaming_paths.clear()
        self._errors_by_call.clear()

    def call_finished(self, call: kopf_session.ApiCall) -> None:
        """A request has finished."""
        place = call._replace(error=None)
        if call.error is None:
            self._errors_by_call.pop(place, None)
            if call.is_watch:
                self._streaming_paths.add(call.path)
        elif call.path in self._expected_paths or call.error.reason != "not-found":
            # Ignore "not found" for paths that are not watched.
            self._errors_by_call[place] = call.error
            self._streaming_paths.discard(call.path)
            self._log_failure(call.error, path=call.path)
        self._update()

    def watch_stable(self) -> None:
        """The watch has run for a while since its start."""
        self._is_stable = True
        self._update()

    def watch_ended(self, error: Exception | None) -> None:
        """The whole watch has ended with this error.

        The next response may end it again, so the watch does not count as working until it is stable.
        """
        self._is_stable = False
        self._streaming_paths.clear()
        if isinstance(error, OSError):
            error = kube_api.ApiError(str(error), reason="login")
        elif not isinstance(error, kube_api.ApiError):
            description = "no error" if error is None else f"{type(error).__name__}: {error}"
            error = kube_api.ApiError(f"kopf stopped ({description}); this is a bug, please report it", reason="kopf")
        # If the response to a request ended the watch, that request was logged already.
        if error not in self._errors_by_call.values():
            self._log_failure(error, path="")
        self._update()

    def _log_failure(self, error: kube_api.ApiError, *, path: str) -> None:
        self._metrics.api_errors.labels(reason=error.reason).inc()
        cause = error.reason, path if error.reason in _REASONS_LOGGED_PER_PATH else ""
        if cause not in self._logged:
            self._logged.add(cause)
            self._outage.failed(error)

    def _update(self) -> None:
        works = self._expected_paths <= self._streaming_paths and not self._errors_by_call
        self._metrics.watch_up.set(works)
        if works and self._is_stable:
            self._logged.clear()
            self._outage.recovered()
