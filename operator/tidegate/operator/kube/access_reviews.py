"""Reviews at the start whether the operator's service account has the permissions that it needs.

Each permission is checked with a SelfSubjectAccessReview. Every authenticated user may create these: Kubernetes binds
the ClusterRole ``system:basic-user`` to all of them.
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
"""The interval of reviews while permissions are missing: they may be granted while the operator runs."""

_TRANSIENT_REASONS = frozenset({"unreachable", "timeout", "tls", "server", "throttled", "unauthorized"})
"""Reasons after which the review is retried. The resync logs these errors."""


class AccessReviews:
    """Reviews all permissions until none is missing."""

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
        """Review and log missing permissions until none is missing or reviews are impossible."""
        while True:
            try:
                missing = await self._missing_permissions()
            except kube_api.ApiError as error:
                if error.reason not in _TRANSIENT_REASONS:
                    _logger.warning(
                        "cannot review the operator's permissions: %s; continuing without the review: requests that "
                        "lack a permission will fail and be logged",
                        error,
                    )
                    return
                _logger.debug("cannot review the operator's permissions yet: %s; retrying", error)
                pause = self._backoff.next()
            else:
                self._backoff.reset()
                self._log_changes(missing)
                if not missing:
                    return
                pause = _RETRY_SECONDS
            await self._clock.sleep(pause)

    async def _missing_permissions(self) -> list[required_permissions.Permission]:
        scopes = await self._api.list_policy_scopes()
        needed = required_permissions.required(self._settings, kinds=self._kinds.all, scopes=scopes)
        return [permission for permission in needed if not await self._api.is_allowed(permission)]

    def _log_changes(self, missing: list[required_permissions.Permission]) -> None:
        for permission in missing:
            if permission not in self._missing:
                _logger.warning(
                    "the operator's service account lacks the permission to %s; without this permission, %s; grant it "
                    "with the rule %s in %s",
                    permission,
                    permission.consequence,
                    permission.rule,
                    permission.file,
                )
        for permission in self._missing:
            if permission not in missing:
                _logger.info("the operator's service account now has the permission to %s", permission)
        self._missing = missing
        self._metrics.rights_missing.set(len(missing))
