"""The real cache and planner of the operator, with missed events, kills and restarts."""

from __future__ import annotations

from tests.support.store import store_builders
from tests.unit.lifecycles import cluster_model
from tidegate import settings
from tidegate.aio import clocks
from tidegate.draining import group_drainer
from tidegate.model import control_api
from tidegate.operator.cache import cluster_cache, owner_views
from tidegate.operator.objects import owner_kinds, pod_addresses
from tidegate.operator.planning import drain_planner
from tidegate.store import group_store

RULES = settings.RuleSettings(late_push_grace=cluster_model.LATE_PUSH_GRACE, clock_skew=cluster_model.SKEW)
RESYNC = settings.WorkerSettings().resync_seconds

_PAGE = 2
"""Groups a page of the feed: few, so that a list has several."""

_LIST_SECONDS = 0.01
_TURNS = 8
"""Maximum number of rounds: rejected or changed groups can need further claims."""


class Operator:
    """Down until it is started."""

    def __init__(
        self,
        kube: cluster_model.Kube,
        store: group_store.GroupStore,
        *,
        drainer: group_drainer.Drainer,
        clock: clocks.MovableClock,
    ) -> None:
        self._kube = kube
        self._store = store
        self._drainer = drainer
        self._clock = clock
        self._cache: cluster_cache.ClusterCache | None = None
        self._last: control_api.Changes | None = None
        self._events: list[tuple[owner_views.OwnerView, bool]] = []
        self._seen: set[str] = set()
        self._decided: list[control_api.Action] = []
        kube.watcher = self._notice

    @property
    def running(self) -> bool:
        return self._cache is not None

    def has_seen(self, job: cluster_model.Job) -> bool:
        """Return whether the current or last operator process has seen this Job."""
        return job.owner.uid in self._seen

    def meet(self, store: group_store.GroupStore, *, drainer: group_drainer.Drainer) -> None:
        """Continue with a new gateway process, which rejects decisions for the previous one."""
        self._store, self._drainer = store, drainer
        self._decided.clear()

    def start(self) -> None:
        """Begin with nothing known but what the gateway and the API server tell."""
        self._cache, self._last = cluster_cache.ClusterCache(), None
        self._events.clear()
        self._seen.clear()
        self._decided.clear()
        self.resync()

    def kill(self) -> None:
        self._cache = None
        self._decided.clear()

    def resync(self) -> None:
        """List everything, and plan. Events on their way arrive later, and are old then."""
        assert self._cache is not None
        self._follow(self._cache)
        self._clock.advance(_LIST_SECONDS)
        started = self._clock.monotonic()
        found = [job.view() for job in self._kube.present()]
        self._seen.update(view.uid for view in found)
        for kind in owner_kinds.ALWAYS_WATCHED:
            of_kind = [view for view in found if view.kind == kind.name]
            self._cache.replace_objects(
                kind, of_kind, started=started, monotonic=self._clock.monotonic(), wall=self._clock.wall()
            )
        self.work()

    def hear(self) -> None:
        """Take in the events that wait, and plan."""
        assert self._cache is not None
        for view, is_deleted in self._events:
            self._seen.add(view.uid)
            if is_deleted:
                self._cache.delete_object(view, wall=self._clock.wall())
            else:
                self._cache.put_object(view, monotonic=self._clock.monotonic())
        self._events.clear()
        self.work()

    def miss(self) -> None:
        """Lose the events that wait."""
        self._events.clear()

    def decide(self) -> None:
        """Follow the gateway and plan, and let the actions wait while the world moves on."""
        assert self._cache is not None
        self._follow(self._cache)
        self._decided = list(drain_planner.plan(self._cache, rules=RULES, now=self._clock.wall()).actions)

    def act(self) -> None:
        """Do what was decided a while ago."""
        store_builders.done(self._store.apply(self._decided))
        self._decided.clear()
        store_builders.done(self._drainer.sweep())

    def work(self) -> None:
        """Follow the gateway, plan and act until nothing is left to do."""
        assert self._cache is not None
        for _ in range(_TURNS):
            self._follow(self._cache)
            planned = drain_planner.plan(self._cache, rules=RULES, now=self._clock.wall())
            for lookup in planned.lookups:
                assert isinstance(lookup, cluster_cache.AddressLookup)
                answer = pod_addresses.LookupResult(tuple(self._kube.pods_at(lookup.address)), self._clock.wall())
                self._cache.put_address(lookup, answer)
            if planned.lookups and not planned.actions:
                # Until a pod would have been reported.
                self._clock.advance(pod_addresses.ADDRESS_REPORT_SECONDS)
                continue
            if not planned.actions:
                return
            store_builders.done(self._store.apply(planned.actions))
            store_builders.done(self._drainer.sweep())
        raise AssertionError(f"after {_TURNS} turns there is still something to do: {planned.actions}")

    def _notice(self, job: cluster_model.Job) -> None:
        if self.running:
            self._events.append((job.view(), not job.present))

    def _follow(self, cache: cluster_cache.ClusterCache) -> None:
        if self._last is not None and self._last.epoch != self._store.epoch:
            cache.clear_groups()
            self._last = None
        more = True
        while more:
            if self._last is None:
                page = self._store.changes(epoch=None, since=0, limit=_PAGE)
            else:
                last = self._last
                page = self._store.changes(epoch=last.epoch, since=last.revision, began=last.began, limit=_PAGE)
            for deleted in page.deleted:
                cache.delete_group(deleted.key)
            for record in page.groups:
                cache.put_group(record, monotonic=self._clock.monotonic())
            self._last, more = page, page.more
