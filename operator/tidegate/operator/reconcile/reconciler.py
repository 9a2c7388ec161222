"""The worker: plans what the agenda has, asks what must be asked, and has the gateway do the rest."""

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
from tidegate.operator.planning import pending_lookups, planner, work_queue
from tidegate.operator.reconcile import action_gate, status_reporter
from tidegate.operator.watch import group_feed, resyncs

_ECHO_SECONDS = 5.0
"""How long to wait for the gateway's own word of what it just did, so that nothing is said twice."""


_logger = logging.getLogger(__name__)

_ADDRESS_PAUSES = (1.0, pod_addresses.REPORT_SECONDS - 0.5, 0.0)
"""Seconds after which an address is asked about again of which no pod is known that may have pushed."""


class Reconciler:
    """One plan at a time, from the picture as it is then."""

    def __init__(
        self,
        picture: cluster_cache.Picture,
        *,
        agenda: work_queue.Agenda,
        feed: group_feed.GroupFeed,
        resync: resyncs.Resync,
        gateway: gateway_protocol.Gateway,
        api: kube_api.KubeApi,
        told: notifications.Notifier,
        reports: status_reporter.PolicyReports,
        own: operator_metrics.OperatorMetrics,
        clock: clocks.Clock,
        chosen: settings.OperatorSettings,
    ) -> None:
        self._picture = picture
        self._agenda = agenda
        self._feed = feed
        self._resync = resync
        self._gateway = gateway
        self._api = api
        self._notices = told
        self._reports = reports
        self._metrics = own
        self._clock = clock
        self._settings = chosen
        self._backoff = backoffs.Backoff(
            first=chosen.worker.backoff_seconds / 4, limit=chosen.worker.backoff_limit_seconds / 6
        )
        self._lookups = outage_log.Outage(
            "asking for a pod", meanwhile="its group is left alone until the next resync", clock=clock
        )
        self.gate = action_gate.Gate(chosen=chosen.worker, own=own, told=told)
        self._asking: set[resolution.Lookup] = set()
        self._undecided = pending_lookups.Askings()
        own.longest_asking.set_function(lambda: self._undecided.longest(now=clock.steady()))
        self.last_turn = clock.steady()
        """When the worker last came round, on the steady clock. It does at least once a resync period."""
        self.first_plan = asyncio.Event()
        """Set once every group was planned that was there at the start."""

    async def run(self) -> None:
        """Work, for ever."""
        async with asyncio.TaskGroup() as asking:
            while True:
                self.last_turn = self._clock.steady()
                await self._clock.wait(self._agenda.filled, until=self.last_turn + self._settings.worker.resync_seconds)
                if self._agenda.filled.is_set():
                    await self._clock.wait(
                        asyncio.Event(), until=self._clock.steady() + self._settings.worker.coalesce_seconds
                    )
                    await self._turn(asking)

    async def _turn(self, asking: asyncio.TaskGroup) -> None:
        epoch = self._feed.epoch
        keys = self._agenda.take()
        if epoch is None or not self._resync.done.is_set():
            # What is not known yet is put on the agenda when it is. An owner that nobody has seen yet may be active.
            return
        with self._metrics.plan_seconds.time():
            plan = planner.plan(self._picture, rules=self._settings.rules, now=self._api.time.now(), keys=keys)
        self._undecided.decided(plan.decisions, all_groups=keys is None, now=self._clock.steady())
        self._notices.ambiguous(one for one in plan.decisions if one.verdict is planner.Verdict.AMBIGUOUS)
        for lookup in plan.lookups - self._asking:
            self._asking.add(lookup)
            asking.create_task(self._ask(lookup), name=f"ask for {lookup}")
        actions = self.gate.permitted(plan, listed=self._resync.last_list, now=self._clock.steady())
        for start in range(0, len(actions), gateway_protocol.BATCH):
            await self._act(actions[start : start + gateway_protocol.BATCH], epoch=epoch)
        self.first_plan.set()
        if keys is None:
            self._metrics.decided(plan.decisions)
            asking.create_task(self._reports.write(plan.decisions), name="write the status of policies")

    async def _act(self, actions: Sequence[control_api.Action], *, epoch: str) -> None:
        known = self._known_owners(actions)
        try:
            revision, refusals = await self._gateway.act(actions, epoch=epoch)
        except gateway_protocol.HistoryLostError:
            return  # The feed begins anew and puts every group on the agenda.
        except gateway_protocol.GatewayError:
            # The feed tells of the outage. Whether these were done is not known: plan them again.
            self._metrics.gateway_errors.inc()
            self._agenda.add(action.key for action in actions)
            await self._clock.wait(asyncio.Event(), until=self._clock.steady() + self._backoff.next())
            return
        self._backoff.reset()
        self._report(actions, refusals, known=known)
        # What was refused was planned from an old picture: the feed brings what changed, and that is planned again.
        await self._feed.reached(revision, epoch=epoch, within=_ECHO_SECONDS)

    def _known_owners(self, actions: Sequence[control_api.Action]) -> dict[owners.Uid, owners.Owner]:
        found: dict[owners.Uid, owners.Owner] = {}
        for action in actions:
            record = self._picture.group(action.key)
            claims = {} if record is None else dict(record.claims)
            if isinstance(action, control_api.ClaimGroup):
                claims[action.claim.owner.uid] = action.claim
            found.update({uid: claim.owner for uid, claim in claims.items()})
        return found

    def _report(
        self,
        actions: Sequence[control_api.Action],
        refusals: Sequence[lifecycle.Refusal | None],
        *,
        known: dict[owners.Uid, owners.Owner],
    ) -> None:
        retired: dict[owners.Owner, list[grouping.GroupingKey]] = defaultdict(list)
        for action, refusal in zip(actions, refusals, strict=True):
            self._metrics.acted(action, refusal)
            record = self._picture.group(action.key)
            first = record is None or not record.draining
            if isinstance(action, control_api.RetireGroup) and refusal is None and first:
                said = {"group": grouping.describe(action.key), "owners": _named(action.over, known)}
                rules = {record.claims[uid].rule for uid in action.over if record and uid in record.claims}
                _logger.info("retired a group", extra={"fields": said | {"rule": ",".join(sorted(rules))}})
                for uid in action.over:
                    if uid in known:
                        retired[known[uid]].append(action.key)
        self._notices.draining(retired)

    async def _ask(self, lookup: resolution.Lookup) -> None:
        try:
            if isinstance(lookup, cluster_cache.Address):
                await self._ask_address(lookup)
            else:
                await self._ask_pod(lookup)
        finally:
            self._asking.discard(lookup)

    async def _ask_pod(self, pod: cluster_cache.Pod) -> None:
        uid: owners.Uid | None = None
        try:
            uid = await self._api.maker_of(pod)
        except kube_api.ApiError as error:
            if not self._may_do_without(error):
                return
        else:
            self._lookups.over()
        self._agenda.add(self._picture.resolved(pod, uid))

    async def _ask_address(self, address: cluster_cache.Address) -> None:
        """Ask which pods have an address; again for a while where a pod may have it that has not been reported yet."""
        for pause in _ADDRESS_PAUSES:
            at = self._api.time.now()
            try:
                answer = pod_addresses.Answer(await self._api.pods_at(address), at)
                self._lookups.over()
            except kube_api.ApiError as error:
                if not self._may_do_without(error):
                    return
                answer = pod_addresses.Answer((), math.inf)
            self._agenda.add(self._picture.address_resolved(address, answer))
            if not pause or self._is_settled(address):
                return
            await self._clock.wait(asyncio.Event(), until=self._clock.steady() + pause)

    def _is_settled(self, address: cluster_cache.Address) -> bool:
        """Whether there is no reason to ask for this address again before somebody pushes from it."""
        known = self._picture.address(address.text)
        last = self._picture.last_push_from(address.text)
        return known is None or known.settles(last, tolerance=self._settings.rules.clock_skew)

    def _may_do_without(self, error: kube_api.ApiError) -> bool:
        """Whether names alone must do: where we have no right to ask, and not where asking failed."""
        self._metrics.api_errors.labels(reason=error.reason).inc()
        self._lookups.failed(error)
        return isinstance(error, kube_api.ForbiddenError)


def _named(uids: Iterable[owners.Uid], known: Mapping[owners.Uid, owners.Owner]) -> str:
    return ", ".join(str(known.get(uid, uid)) for uid in uids)
