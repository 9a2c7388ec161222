"""The worker: plans what the agenda has, asks what must be asked, and has the gateway do the rest."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from tidegate import settings
from tidegate.aiokits import backoffs, clocks
from tidegate.controller import (
    agendas,
    askings,
    feeds,
    gates,
    gateways,
    kubeapi,
    metrics,
    notices,
    outages,
    ownership,
    pictures,
    plans,
    podaddresses,
    policyreports,
    resyncs,
)
from tidegate.model import groups, lives, owners, records

_ECHO_SECONDS = 5.0
"""How long to wait for the gateway's own word of what it just did, so that nothing is said twice."""


_logger = logging.getLogger(__name__)

_ADDRESS_PAUSES = (1.0, podaddresses.REPORT_SECONDS - 0.5, 0.0)
"""Seconds after which an address is asked about again of which no pod is known that may have pushed."""


class Reconciler:
    """One plan at a time, from the picture as it is then."""

    def __init__(
        self,
        picture: pictures.Picture,
        *,
        agenda: agendas.Agenda,
        feed: feeds.GroupFeed,
        resync: resyncs.Resync,
        gateway: gateways.Gateway,
        api: kubeapi.KubeApi,
        told: notices.Notices,
        reports: policyreports.PolicyReports,
        own: metrics.OperatorMetrics,
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
        self._lookups = outages.Outage(
            "asking for a pod", meanwhile="its group is left alone until the next resync", clock=clock
        )
        self.gate = gates.Gate(chosen=chosen.worker, own=own, told=told)
        self._asking: set[ownership.Lookup] = set()
        self._undecided = askings.Askings()
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
            plan = plans.plan(self._picture, rules=self._settings.rules, now=self._api.time.now(), keys=keys)
        self._undecided.decided(plan.decisions, all_groups=keys is None, now=self._clock.steady())
        self._notices.ambiguous(one for one in plan.decisions if one.verdict is plans.Verdict.AMBIGUOUS)
        for lookup in plan.lookups - self._asking:
            self._asking.add(lookup)
            asking.create_task(self._ask(lookup), name=f"ask for {lookup}")
        actions = self.gate.permitted(plan, listed=self._resync.last_list, now=self._clock.steady())
        for start in range(0, len(actions), gateways.BATCH):
            await self._act(actions[start : start + gateways.BATCH], epoch=epoch)
        self.first_plan.set()
        if keys is None:
            self._metrics.decided(plan.decisions)
            asking.create_task(self._reports.write(plan.decisions), name="write the status of policies")

    async def _act(self, actions: Sequence[records.Action], *, epoch: str) -> None:
        known = self._known_owners(actions)
        try:
            revision, refusals = await self._gateway.act(actions, epoch=epoch)
        except gateways.HistoryLostError:
            return  # The feed begins anew and puts every group on the agenda.
        except gateways.GatewayError:
            # The feed tells of the outage. Whether these were done is not known: plan them again.
            self._metrics.gateway_errors.inc()
            self._agenda.add(action.key for action in actions)
            await self._clock.wait(asyncio.Event(), until=self._clock.steady() + self._backoff.next())
            return
        self._backoff.reset()
        self._report(actions, refusals, known=known)
        # What was refused was planned from an old picture: the feed brings what changed, and that is planned again.
        await self._feed.reached(revision, epoch=epoch, within=_ECHO_SECONDS)

    def _known_owners(self, actions: Sequence[records.Action]) -> dict[owners.Uid, owners.Owner]:
        found: dict[owners.Uid, owners.Owner] = {}
        for action in actions:
            record = self._picture.group(action.key)
            claims = {} if record is None else dict(record.claims)
            if isinstance(action, records.ClaimGroup):
                claims[action.claim.owner.uid] = action.claim
            found.update({uid: claim.owner for uid, claim in claims.items()})
        return found

    def _report(
        self,
        actions: Sequence[records.Action],
        refusals: Sequence[lives.Refusal | None],
        *,
        known: dict[owners.Uid, owners.Owner],
    ) -> None:
        retired: dict[owners.Owner, list[groups.GroupingKey]] = defaultdict(list)
        for action, refusal in zip(actions, refusals, strict=True):
            self._metrics.acted(action, refusal)
            record = self._picture.group(action.key)
            first = record is None or not record.draining
            if isinstance(action, records.RetireGroup) and refusal is None and first:
                said = {"group": groups.describe(action.key), "owners": _named(action.over, known)}
                rules = {record.claims[uid].rule for uid in action.over if record and uid in record.claims}
                _logger.info("retired a group", extra={"fields": said | {"rule": ",".join(sorted(rules))}})
                for uid in action.over:
                    if uid in known:
                        retired[known[uid]].append(action.key)
        self._notices.retired(retired)

    async def _ask(self, lookup: ownership.Lookup) -> None:
        try:
            if isinstance(lookup, pictures.Address):
                await self._ask_address(lookup)
            else:
                await self._ask_pod(lookup)
        finally:
            self._asking.discard(lookup)

    async def _ask_pod(self, pod: pictures.Pod) -> None:
        uid: owners.Uid | None = None
        try:
            uid = await self._api.maker_of(pod)
        except kubeapi.ApiError as error:
            if not self._may_do_without(error):
                return
        else:
            self._lookups.over()
        self._agenda.add(self._picture.resolved(pod, uid))

    async def _ask_address(self, address: pictures.Address) -> None:
        """Ask which pods have an address; again for a while where a pod may have it that has not been reported yet."""
        for pause in _ADDRESS_PAUSES:
            at = self._api.time.now()
            try:
                answer = podaddresses.Answer(await self._api.pods_at(address), at)
                self._lookups.over()
            except kubeapi.ApiError as error:
                if not self._may_do_without(error):
                    return
                answer = podaddresses.Answer((), math.inf)
            self._agenda.add(self._picture.address_resolved(address, answer))
            if not pause or self._is_settled(address):
                return
            await self._clock.wait(asyncio.Event(), until=self._clock.steady() + pause)

    def _is_settled(self, address: pictures.Address) -> bool:
        """Whether there is no reason to ask for this address again before somebody pushes from it."""
        known = self._picture.address(address.text)
        last = self._picture.last_push_from(address.text)
        return known is None or known.settles(last, tolerance=self._settings.rules.clock_skew)

    def _may_do_without(self, error: kubeapi.ApiError) -> bool:
        """Whether names alone must do: where we have no right to ask, and not where asking failed."""
        self._metrics.api_errors.labels(reason=error.reason).inc()
        self._lookups.failed(error)
        return isinstance(error, kubeapi.ForbiddenError)


def _named(uids: Iterable[owners.Uid], known: Mapping[owners.Uid, owners.Owner]) -> str:
    return ", ".join(str(known.get(uid, uid)) for uid in uids)
