"""Whether our account has the rights that it needs, asked at the start.

Each right is asked about with a SelfSubjectAccessReview. Every authenticated user may create those: the ClusterRole
``system:basic-user``, which Kubernetes itself binds to all of them, says so.
"""

from __future__ import annotations

import asyncio
import logging

from tidegate import settings
from tidegate.aio import backoffs, clocks
from tidegate.operator import operator_metrics
from tidegate.operator.kube import kube_api, required_rights
from tidegate.operator.objects import served_kinds

_logger = logging.getLogger(__name__)

_AGAIN_SECONDS = 60.0
"""What is missing may be granted while we run."""

_AWAY = frozenset({"unreachable", "timeout", "tls", "server", "throttled", "unauthorized"})
"""Reasons for which it is worth asking again; the lists tell of them."""


class AccessReviews:
    """Asks about every right until none is missing."""

    def __init__(
        self,
        api: kube_api.KubeApi,
        *,
        table: served_kinds.KindTable,
        clock: clocks.Clock,
        own: operator_metrics.OperatorMetrics,
        backoff: backoffs.Backoff,
        chosen: settings.OperatorSettings,
    ) -> None:
        self._api = api
        self._table = table
        self._clock = clock
        self._metrics = own
        self._backoff = backoff
        self._settings = chosen
        self._missing: list[required_rights.Right] = []

    async def run(self) -> None:
        """Ask, say what is missing, and ask again while something is; end when nothing is, or nothing is answered."""
        while True:
            try:
                missing = await self._ask()
            except kube_api.ApiError as error:
                if error.reason not in _AWAY:
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
                self._tell(missing)
                if not missing:
                    return
                pause = _AGAIN_SECONDS
            await self._clock.wait(asyncio.Event(), until=self._clock.steady() + pause)

    async def _ask(self) -> list[required_rights.Right]:
        scopes = await self._api.policy_scopes()
        needed = required_rights.needed(self._settings, watched=self._table.all, scopes=scopes)
        return [right for right in needed if not await self._api.may(right)]

    def _tell(self, missing: list[required_rights.Right]) -> None:
        for right in missing:
            if right not in self._missing:
                _logger.warning(
                    "the operator's account may not %s: without that right, %s; grant it by the rule %s of %s",
                    right,
                    right.loss,
                    right.rule,
                    right.file,
                )
        for right in self._missing:
            if right not in missing:
                _logger.info("the operator's account may now %s", right)
        self._missing = missing
        self._metrics.rights_missing.set(len(missing))
