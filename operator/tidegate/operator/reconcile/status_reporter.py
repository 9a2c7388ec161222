"""Keeping the status of every policy: how much it is for, what was done by it last, and whether it works."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable

from tidegate.aio import clocks
from tidegate.model import grouping, owners
from tidegate.operator import operator_metrics, outage_log
from tidegate.operator.cache import cluster_cache
from tidegate.operator.kube import kube_api
from tidegate.operator.planning import planner
from tidegate.operator.policy import cleanup_rules, policies, policy_status

_logger = logging.getLogger(__name__)


class PolicyReports:
    """Collects what concerns policies, and writes what changed of their status. A courtesy, as Events are: what cannot
    be written is written with the next plan of everything."""

    def __init__(
        self,
        picture: cluster_cache.Picture,
        *,
        api: kube_api.KubeApi,
        own: operator_metrics.OperatorMetrics,
        clock: clocks.Clock,
    ) -> None:
        self._picture = picture
        self._api = api
        self._metrics = own
        self._turn = asyncio.Lock()
        self._outage = outage_log.Outage(
            "writing the status of policies", meanwhile="they hold, and it is tried again each resync", clock=clock
        )
        self._last: dict[cleanup_rules.PolicyRef, policy_status.LastAction] = {}

    def acted(
        self, owner: owners.Owner, action: policy_status.ActionType, keys: Iterable[grouping.GroupingKey]
    ) -> None:
        """Something was done to groups of this owner."""
        for policy in self._policies_of(owner):
            self._last[policy] = policy_status.LastAction(action, self._api.time.now(), max(keys))

    async def write(self, decisions: Iterable[planner.Decision]) -> None:
        """Write what differs, where ``decisions`` are those of all groups."""
        known = self._picture.policies
        if not known or self._turn.locked():
            return
        async with self._turn:
            await self._write(known, decisions)

    async def _write(self, known: Iterable[policies.Policy], decisions: Iterable[planner.Decision]) -> None:
        counts_by_policy = self._counts(decisions)
        failed: kube_api.ApiError | None = None
        for policy in known:
            counts = counts_by_policy.get(policy.ref, policy_status.PolicyCounts())
            status = policy_status.status_patch(policy, counts, now=self._api.time.now())
            if status is None:
                continue
            try:
                await self._api.set_policy_status(policy, status)
            except kube_api.NotFoundError:
                _logger.debug("%s is gone", policy.ref)
            except kube_api.ApiError as error:
                self._metrics.api_errors.labels(reason=error.reason).inc()
                failed = error
        if failed is None:
            self._outage.over()
        else:
            self._outage.failed(failed)

    def _counts(
        self, decisions: Iterable[planner.Decision]
    ) -> dict[cleanup_rules.PolicyRef, policy_status.PolicyCounts]:
        objects: Counter[cleanup_rules.PolicyRef] = Counter()
        template_errors: dict[cleanup_rules.PolicyRef, list[str]] = defaultdict(list)
        for view in self._picture.objects():
            objects.update(view.rules.policies)
            for policy in view.rules.policies:
                template_errors[policy] += [
                    f"{view.owner}: {problem}" for problem in view.rules.problems if problem.startswith(f"{policy}: ")
                ]
        held: Counter[cleanup_rules.PolicyRef] = Counter()
        for decision in decisions:
            held.update({policy for holder in decision.owners for policy in self._policies_of(holder.owner)})
        return {
            policy.ref: policy_status.PolicyCounts(
                objects[policy.ref], held[policy.ref], self._last.get(policy.ref), template_errors[policy.ref]
            )
            for policy in self._picture.policies
        }

    def _policies_of(self, owner: owners.Owner) -> tuple[cleanup_rules.PolicyRef, ...]:
        known = self._picture.known(owner)
        return () if known is None else known.view.rules.policies
