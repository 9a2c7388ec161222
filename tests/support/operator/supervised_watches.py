"""A supervised watch on the objects of a real API server."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Collection
from pathlib import Path

from tests.support import waiting
from tests.support.kubernetes import admin_client
from tidegate import settings
from tidegate.aio import backoffs, clocks, cross_thread
from tidegate.operator.objects import owner_kinds
from tidegate.operator.watch import cache_updater, kopf_session, kopf_watch, supervisors

_JOIN_SECONDS = 30.0
"""Time for a thread to exit after it has reported its end."""


class Watching:
    """A supervised watch that records events in ``seen`` and counts its restarts."""

    def __init__(
        self,
        kubeconfig: Path,
        *,
        namespaces: tuple[str, ...] = (),
        watched: Collection[owner_kinds.Kind] = owner_kinds.ALWAYS_WATCHED,
    ) -> None:
        self.seen: list[cache_updater.ObjectEvent] = []
        self.restarts = 0
        self.calls: list[kopf_session.ApiCall] = []
        self.threads: set[threading.Thread] = set()
        self._watched = watched
        self._kube_settings = settings.KubernetesSettings(
            kubeconfig=str(kubeconfig), namespaces=namespaces, page_size=3
        )

    def supervisor(self) -> supervisors.Supervisor:
        clock = clocks.SystemClock()
        return supervisors.Supervisor(
            self._work,
            name="watch",
            clock=clock,
            backoff=backoffs.Backoff(first=0.2, limit=0.5),
            on_healthy=lambda: None,
            on_end=lambda _: None,
            on_restart=self._count,
        )

    def _work(self, stop_signal: cross_thread.Stop) -> None:
        self.threads.add(threading.current_thread())
        kopf_watch.watch(
            stop_signal,
            kube_settings=self._kube_settings,
            kinds=self._watched,
            on_event=self.seen.append,
            on_call=self.calls.append,
        )

    def _count(self) -> None:
        self.restarts += 1

    async def sees(
        self, job: admin_client.Object, *, deleted: bool = False, ended: bool = False
    ) -> cache_updater.ObjectEvent:
        uid = job["metadata"]["uid"]

        async def look() -> cache_updater.ObjectEvent | None:
            matching = [
                each
                for each in self.seen
                if each.view.uid == uid and each.deleted == deleted and (each.view.finish is not None or not ended)
            ]
            return matching[-1] if matching else None

        event = await waiting.eventually_async(look, why=f"the watch to see {job['metadata']['name']}", timeout=30.0)
        assert event is not None
        return event


@contextlib.asynccontextmanager
async def at_work(watching: Watching) -> AsyncIterator[Watching]:
    """Run the watch during the block."""
    running = asyncio.create_task(watching.supervisor().run())
    try:
        yield watching
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        for thread in watching.threads:
            thread.join(_JOIN_SECONDS)
            assert not thread.is_alive(), "the watch still runs after its supervisor"
