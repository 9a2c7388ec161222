"""Whether our account has the rights that it needs, asked at the start.

Each right is asked about with a SelfSubjectAccessReview. Every authenticated user may create those: the ClusterRole
``system:basic-user``, which Kubernetes itself binds to all of them, says so.
"""

from __future__ import annotations

import logging

from tidegate import settings
from tidegate.aio import backoffs, clocks
from tidegate.operator import operator_metrics
from tidegate.operator.kube import kube_api, required_permissions
from tidegate.operator.objects import served_kinds

_logger = logging.getLogger(__name__)

_RETRY_SECONDS = 60.0
"""What is missing may be granted while we run."""

_TRANSIENT_REASONS = frozenset({"unreachable", "timeout", "tls", "server", "throttled", "unauthorized"})
"""Reasons for which it is worth asking again; the lists tell of them."""


class AccessReviews:
    """Asks about every right until none is missing."""

    def __init__(
        self,
        api: kube_api.KubeApi,
        *,
        kinds: served_kinds.ServedKinds,
        clock: clocks.Clock,
        metrics: operator_metrics.OperatorMetrics,
        backoff: backoffs.Backoff,
        operator_settings: settings.OperatorSettings,
    ) -> None:
        self._api = api
        self._kinds = kinds
        self._clock = clock
        self._metrics = metrics
        self._backoff = backoff
        self._settings = operator_settings
        self._missing: list[required_permissions.Permission] = []

    async def run(self) -> None:
        """Ask, say what is missing, and ask again while something is; end when nothing is, or nothing is answered."""
        while True:
            try:
                missing = await self._missing_rights()
            except kube_api.ApiError as error:
                if error.reason not in _TRANSIENT_REASONS:
                    _logger.warning(
                        "cannot find out whether any right is missing: %s; going on without: what is refused is said "
                        "when it is met",
                        error,
                    )
                    return
                _logger.debug("cannot find out yet whether any right is missing: %s", error)
                pause = self._backoff.next()
            else:
                self._backoff.reset()
                self._log_changes(missing)
                if not missing:
                    return
                pause = _RETRY_SECONDS
            await self._clock.sleep(pause)

    async def _missing_rights(self) -> list[required_permissions.Permission]:
        scopes = await self._api.list_policy_scopes()
        needed = required_permissions.required(self._settings, kinds=self._kinds.all, scopes=scopes)
        return [right for right in needed if not await self._api.is_allowed(right)]

    def _log_changes(self, missing: list[required_permissions.Permission]) -> None:
        for right in missing:
            if right not in self._missing:
                _logger.warning(
                    "the operator's account may not %s: without that right, %s; grant it by the rule %s of %s",
                    right,
                    right.consequence,
                    right.rule,
                    right.file,
                )
        for right in self._missing:
            if right not in missing:
                _logger.info("the operator's account may now %s", right)
        self._missing = missing
        self._metrics.rights_missing.set(len(missing))
