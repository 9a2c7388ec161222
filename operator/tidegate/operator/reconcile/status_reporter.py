"""The status of policies: how many objects and groups each selects, its last action, and whether it works."""

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
from tidegate.operator.planning import drain_planner
from tidegate.operator.policy import cleanup_rules, policies, policy_status

_logger = logging.getLogger(__name__)


class StatusReporter:
    """Collects the status of each policy and writes it if it changed.

    A failed write is retried with the next plan of all groups. Policies apply whether their status is written or not.
    """

    def __init__(
        self,
        cache: cluster_cache.ClusterCache,
        *,
        api: kube_api.KubeApi,
        metrics: operator_metrics.OperatorMetrics,
        clock: clocks.Clock,
    ) -> None:
        self._cache = cache
        self._api = api
        self._metrics = metrics
        self._lock = asyncio.Lock()
        self._outage = outage_log.OutageLog(
            "writing the status of policies",
            consequence="the policies still apply; retrying with every resync",
            clock=clock,
        )
        self._last_actions: dict[cleanup_rules.PolicyRef, policy_status.LastAction] = {}

    def record_action(
        self, owner: owners.Owner, action: policy_status.ActionType, keys: Iterable[grouping.GroupingKey]
    ) -> None:
        """Record an action on groups of this owner."""
        for policy in self._policies_of(owner):
            self._last_actions[policy] = policy_status.LastAction(action, self._api.server_clock.now(), max(keys))

    async def report(self, decisions: Iterable[drain_planner.Decision]) -> None:
        """Write every status that changed. ``decisions`` are those about all groups."""
        all_policies = self._cache.policies
        if not all_policies or self._lock.locked():
            return
        async with self._lock:
            await self._write(all_policies, decisions)

    async def _write(
        self, all_policies: Iterable[policies.Policy], decisions: Iterable[drain_planner.Decision]
    ) -> None:
        counts_by_policy = self._counts(decisions)
        last_error: kube_api.ApiError | None = None
        for policy in all_policies:
            counts = counts_by_policy.get(policy.ref, policy_status.PolicyCounts())
            patch = policy_status.status_patch(policy, counts, now=self._api.server_clock.now())
            if patch is None:
                continue
            try:
                await self._api.patch_policy_status(policy, patch)
            except kube_api.NotFoundError:
                _logger.debug("not writing the status of %s: it was deleted", policy.ref)
            except kube_api.ApiError as error:
                self._metrics.api_errors.labels(reason=error.reason).inc()
                last_error = error
        if last_error is None:
            self._outage.recovered()
        else:
            self._outage.failed(last_error)

    def _counts(
        self, decisions: Iterable[drain_planner.Decision]
    ) -> dict[cleanup_rules.PolicyRef, policy_status.PolicyCounts]:
        objects: Counter[cleanup_rules.PolicyRef] = Counter()
        template_errors: dict[cleanup_rules.PolicyRef, list[str]] = defaultdict(list)
        for view in self._cache.objects():
            objects.update(view.rules.policies)
            for policy in view.rules.policies:
                template_errors[policy] += [
                    f"{view.owner}: {problem}" for problem in view.rules.problems if problem.startswith(f"{policy}: ")
                ]
        groups: Counter[cleanup_rules.PolicyRef] = Counter()
        for decision in decisions:
            groups.update(
                {policy for group_owner in decision.owners for policy in self._policies_of(group_owner.owner)}
            )
        return {
            policy.ref: policy_status.PolicyCounts(
                objects[policy.ref], groups[policy.ref], self._last_actions.get(policy.ref), template_errors[policy.ref]
            )
            for policy in self._cache.policies
        }

    def _policies_of(self, owner: owners.Owner) -> tuple[cleanup_rules.PolicyRef, ...]:
        cached = self._cache.get_object(owner)
        return () if cached is None else cached.view.rules.policies
