"""The reconciler: takes groups from the work queue, plans from the cache, looks up pods, and acts on the gateway."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from tidegate import settings
from tidegate.aio import backoffs, clocks
from tidegate.model import control_api, grouping, lifecycle, owners
from tidegate.operator import operator_metrics, outage_log
from tidegate.operator.cache import cluster_cache
from tidegate.operator.explain import notifications
from tidegate.operator.gateways import gateway_protocol
from tidegate.operator.kube import kube_api
from tidegate.operator.objects import pod_addresses
from tidegate.operator.ownership import resolution
from tidegate.operator.planning import drain_planner, pending_lookups, work_queue
from tidegate.operator.reconcile import action_gate, confirmations, status_reporter
from tidegate.operator.watch import group_watch, resyncs

_logger = logging.getLogger(__name__)

_ADDRESS_RETRY_SECONDS = (1.0, pod_addresses.ADDRESS_REPORT_SECONDS - 0.5, 0.0)
"""Pauses before looking up an address again, while no pod is known that may have pushed from it."""


class Reconciler:
    """Reconciles groups with one plan at a time."""

    def __init__(
        self,
        cache: cluster_cache.ClusterCache,
        *,
        queue: work_queue.WorkQueue,
        group_watch: group_watch.GroupWatch,
        resync: resyncs.Resync,
        gateway: gateway_protocol.Gateway,
        api: kube_api.KubeApi,
        notifier: notifications.Notifier,
        status_reporter: status_reporter.StatusReporter,
        metrics: operator_metrics.OperatorMetrics,
        clock: clocks.Clock,
        operator_settings: settings.OperatorSettings,
    ) -> None:
        self._cache = cache
        self._queue = queue
        self._group_watch = group_watch
        self._resync = resync
        self._gateway = gateway
        self._api = api
        self._notifier = notifier
        self._status_reporter = status_reporter
        self._metrics = metrics
        self._clock = clock
        self._settings = operator_settings
        self._backoff = backoffs.Backoff(
            first=operator_settings.worker.backoff_seconds / 4, limit=operator_settings.worker.backoff_limit_seconds / 6
        )
        self._lookup_outage = outage_log.OutageLog(
            "looking up a pod", consequence="keeping its group and retrying with the next resync", clock=clock
        )
        self.gate = action_gate.ActionGate(worker_settings=operator_settings.worker, metrics=metrics, notifier=notifier)
        self._confirmations = confirmations.Confirmations(group_watch, queue=queue)
        self._lookups_in_flight: set[resolution.Lookup] = set()
        self._pending_lookups = pending_lookups.PendingLookups()
        metrics.longest_lookup_wait.set_function(lambda: self._pending_lookups.longest_wait(now=clock.monotonic()))
        self.last_iteration = clock.monotonic()
        """When the loop last started an iteration, in monotonic seconds. It does so at least once per resync period."""
        self.first_plan = asyncio.Event()
        """Set once all groups that existed at the start were planned."""

    async def run(self) -> None:
        """Reconcile until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self.last_iteration = self._clock.monotonic()
                await self._clock.wait(
                    self._queue.not_empty, until=self.last_iteration + self._settings.worker.resync_seconds
                )
                if self._queue.not_empty.is_set():
                    await self._clock.sleep(self._settings.worker.coalesce_seconds)
                    await self._reconcile(tasks)

    async def _reconcile(self, tasks: asyncio.TaskGroup) -> None:
        keys = self._queue.take()
        if keys is None:
            await self._confirmations.wait()
        epoch = self._group_watch.epoch
        if epoch is None or not self._resync.synced.is_set():
            # The cache is not complete yet: an owner that was not listed yet may be active. The first complete list
            # puts all groups on the queue.
            return
        if keys is not None:
            keys = self._confirmations.take_confirmed(keys, epoch=epoch, tasks=tasks)
        with self._metrics.plan_seconds.time():
            plan = drain_planner.plan(
                self._cache, rules=self._settings.rules, now=self._api.server_clock.now(), keys=keys
            )
        self._pending_lookups.update(plan.decisions, all_groups=keys is None, now=self._clock.monotonic())
        self._notifier.ambiguous(each for each in plan.decisions if each.verdict is drain_planner.Verdict.AMBIGUOUS)
        for lookup in plan.lookups - self._lookups_in_flight:
            self._lookups_in_flight.add(lookup)
            tasks.create_task(self._look_up(lookup), name=f"look up {lookup}")
        actions = self.gate.permit(plan, last_list_started=self._resync.last_list_started, now=self._clock.monotonic())
        for start in range(0, len(actions), gateway_protocol.BATCH):
            await self._act(actions[start : start + gateway_protocol.BATCH], epoch=epoch)
        self.first_plan.set()
        if keys is None:
            self._metrics.set_verdicts(plan.decisions)
            tasks.create_task(self._status_reporter.report(plan.decisions), name="write policy status")

    async def _act(self, actions: Sequence[control_api.Action], *, epoch: str) -> None:
        owners_by_uid = self._owners_of(actions)
        try:
            revision, refusals = await self._gateway.act(actions, epoch=epoch)
        except gateway_protocol.HistoryLostError:
            return  # The group watch lists all groups again and puts them on the queue.
        except gateway_protocol.GatewayError:
            # The group watch logs the outage. The actions may or may not have been done: plan the groups again.
            self._metrics.gateway_errors.inc()
            self._queue.add(action.key for action in actions)
            await self._clock.sleep(self._backoff.next())
            return
        self._backoff.reset()
        self._report(actions, refusals, owners_by_uid=owners_by_uid)
        # Rejected actions came from a stale cache: the group watch reports the change, and the group is planned again.
        performed = [action.key for action, refusal in zip(actions, refusals, strict=True) if refusal is None]
        self._confirmations.expect(performed, revision=revision, epoch=epoch)

    def _owners_of(self, actions: Sequence[control_api.Action]) -> dict[owners.Uid, owners.Owner]:
        owners_by_uid: dict[owners.Uid, owners.Owner] = {}
        for action in actions:
            record = self._cache.group(action.key)
            claims = {} if record is None else dict(record.claims)
            if isinstance(action, control_api.ClaimGroup):
                claims[action.claim.owner.uid] = action.claim
            owners_by_uid.update({uid: claim.owner for uid, claim in claims.items()})
        return owners_by_uid

    def _report(
        self,
        actions: Sequence[control_api.Action],
        refusals: Sequence[lifecycle.Rejection | None],
        *,
        owners_by_uid: dict[owners.Uid, owners.Owner],
    ) -> None:
        draining: dict[owners.Owner, list[grouping.GroupingKey]] = defaultdict(list)
        for action, refusal in zip(actions, refusals, strict=True):
            self._metrics.count_action(action, refusal)
            record = self._cache.group(action.key)
            was_draining = record is not None and record.draining
            if isinstance(action, control_api.StartDrain) and refusal is None and not was_draining:
                fields = {
                    "group": grouping.describe(action.key),
                    "owners": _owner_names(action.finished, owners_by_uid),
                }
                rules = {record.claims[uid].rule for uid in action.finished if record and uid in record.claims}
                _logger.info("a group started to drain", extra={"fields": fields | {"rule": ",".join(sorted(rules))}})
                for uid in action.finished:
                    if uid in owners_by_uid:
                        draining[owners_by_uid[uid]].append(action.key)
        self._notifier.draining(draining)

    async def _look_up(self, lookup: resolution.Lookup) -> None:
        try:
            if isinstance(lookup, cluster_cache.AddressLookup):
                await self._look_up_address(lookup)
            else:
                await self._look_up_pod(lookup)
        finally:
            self._lookups_in_flight.discard(lookup)

    async def _look_up_pod(self, lookup: cluster_cache.PodLookup) -> None:
        uid: owners.Uid | None = None
        try:
            uid = await self._api.get_pod_owner(lookup)
        except kube_api.ApiError as error:
            if not self._is_forbidden(error):
                return
        else:
            self._lookup_outage.recovered()
        self._queue.add(self._cache.put_pod_owner(lookup, uid))

    async def _look_up_address(self, lookup: cluster_cache.AddressLookup) -> None:
        """Look up the pods of an address, several times while a new pod may have it that was not reported yet."""
        for pause in _ADDRESS_RETRY_SECONDS:
            at = self._api.server_clock.now()
            try:
                result = pod_addresses.LookupResult(await self._api.list_pods_with_address(lookup), at)
                self._lookup_outage.recovered()
            except kube_api.ApiError as error:
                if not self._is_forbidden(error):
                    return
                result = pod_addresses.LookupResult((), math.inf)
            self._queue.add(self._cache.put_address(lookup, result))
            if not pause or self._is_settled(lookup):
                return
            await self._clock.sleep(pause)

    def _is_settled(self, lookup: cluster_cache.AddressLookup) -> bool:
        """Whether another lookup of this address cannot change anything before the next push from it."""
        result = self._cache.get_address(lookup.address)
        last_push = self._cache.last_push_from(lookup.address)
        return result is None or result.is_final_for(last_push, tolerance=self._settings.rules.clock_skew)

    def _is_forbidden(self, error: kube_api.ApiError) -> bool:
        """Log a failed lookup. Returns whether the operator lacks the permission, so that only names can decide."""
        self._metrics.api_errors.labels(reason=error.reason).inc()
        self._lookup_outage.failed(error)
        return isinstance(error, kube_api.ForbiddenError)


def _owner_names(uids: Iterable[owners.Uid], owners_by_uid: Mapping[owners.Uid, owners.Owner]) -> str:
    return ", ".join(str(owners_by_uid.get(uid, uid)) for uid in uids)
