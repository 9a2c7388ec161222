"""Groups are planned again only after the group watch has reported what the last action did to them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import prometheus_client

from tests.support.operator import object_builders
from tidegate import settings
from tidegate.aio import clocks
from tidegate.model import control_api, grouping, lifecycle
from tidegate.operator import operator_metrics
from tidegate.operator.cache import cluster_cache
from tidegate.operator.explain import notifications
from tidegate.operator.kube import server_clocks
from tidegate.operator.planning import work_queue
from tidegate.operator.reconcile import confirmations
from tidegate.operator.watch import group_watch

ACTED = object_builders.key("job=acted")
OTHER = object_builders.key("job=other")


class SilentGateway:
    """A gateway whose changes are those that the test puts into the queue."""

    url = "http://gateway.example"
    grace_seconds = None

    def __init__(self) -> None:
        self.pages: asyncio.Queue[control_api.Changes] = asyncio.Queue()

    async def changes(self, *, after: control_api.Changes | None) -> control_api.Changes:  # noqa: ARG002 - Gateway
        return await self.pages.get()

    async def act(
        self, actions: Sequence[control_api.Action], *, epoch: str
    ) -> tuple[int, list[lifecycle.Rejection | None]]:
        raise NotImplementedError


class Scene:
    """A group watch that has reached revision 5 of epoch ``a``, and confirmations that follow it."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self.tasks = tasks
        self.clock = clocks.MovableClock()
        self.queue = work_queue.WorkQueue()
        self.gateway = SilentGateway()
        metrics = operator_metrics.OperatorMetrics(prometheus_client.CollectorRegistry())
        self.watch = group_watch.GroupWatch(
            self.gateway,
            cache=cluster_cache.ClusterCache(namespaces=()),
            queue=self.queue,
            notifier=notifications.Notifier(lambda _: None, grace=None, on_act=lambda *_: None),
            metrics=metrics,
            clock=self.clock,
            server_clock=server_clocks.ServerClock(self.clock),
            worker_settings=settings.WorkerSettings(),
            on_synced=lambda: None,
        )
        self.confirmations = confirmations.Confirmations(self.watch, queue=self.queue)

    async def report(self, revision: int, *, epoch: str = "a") -> None:
        """Have the gateway report that nothing else has changed up to this revision."""
        self.gateway.pages.put_nowait(control_api.Changes(epoch=epoch, revision=revision, more=False))
        await settle()

    def take(self, *keys: grouping.GroupingKey) -> set[grouping.GroupingKey]:
        """Return those of the groups that can be planned."""
        return self.confirmations.take_confirmed({*keys}, epoch="a", tasks=self.tasks)


async def settle() -> None:
    """Let all tasks run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[Scene]:
    async with asyncio.TaskGroup() as tasks:
        scene = Scene(tasks)
        watching = tasks.create_task(scene.watch.run())
        await scene.report(5)
        yield scene
        watching.cancel()


async def test_group_is_deferred_until_its_action_is_confirmed_and_others_are_not() -> None:
    async with opened() as scene:
        scene.confirmations.expect([ACTED], revision=9, epoch="a")
        assert scene.take(ACTED, OTHER) == {OTHER}
        await scene.report(8)
        assert not scene.queue.not_empty.is_set()
        await scene.report(9)
        assert scene.queue.take() == {ACTED}
        assert scene.take(ACTED) == {ACTED}


async def test_group_is_planned_at_once_if_its_action_is_confirmed_already() -> None:
    async with opened() as scene:
        scene.confirmations.expect([ACTED], revision=5, epoch="a")
        assert scene.take(ACTED) == {ACTED}


async def test_deferred_group_returns_to_the_queue_after_five_seconds_without_a_confirmation() -> None:
    async with opened() as scene:
        scene.confirmations.expect([ACTED], revision=9, epoch="a")
        assert scene.take(ACTED) == set()
        await settle()
        scene.clock.advance(4.9)
        await settle()
        assert not scene.queue.not_empty.is_set()
        scene.clock.advance(0.2)
        await settle()
        assert scene.queue.take() == {ACTED}
        assert scene.take(ACTED) == {ACTED}


async def test_new_epoch_ends_the_wait() -> None:
    async with opened() as scene:
        scene.confirmations.expect([ACTED], revision=9, epoch="a")
        assert scene.take(ACTED) == set()
        await settle()
        await scene.report(1, epoch="b")
        assert scene.queue.take() == {ACTED}


async def test_plan_of_all_groups_waits_for_all_confirmations() -> None:
    async with opened() as scene:
        scene.confirmations.expect([ACTED], revision=9, epoch="a")
        waiting = scene.tasks.create_task(scene.confirmations.wait())
        await settle()
        assert not waiting.done()
        await scene.report(9)
        assert waiting.done()
