"""The watch during failures of the API server, with a fake one."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import getpass
import itertools
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support import waiting
from tests.support.operator import fake_api_server
from tidegate import settings
from tidegate.aio import cross_thread
from tidegate.operator.objects import owner_kinds
from tidegate.operator.watch import kopf_watch

_BACKOFF_SECONDS = 0.2


async def test_watch_that_breaks_off_at_once_is_not_retried_in_a_busy_loop(tmp_path: Path) -> None:
    began = time.monotonic()
    async with _watching(tmp_path) as api_server:
        await _eventually_tried(api_server, times=3)
    # A pause has a shortest length on every machine: the client tries twice at once, then pauses.
    assert time.monotonic() - began > _BACKOFF_SECONDS / 2


async def test_watch_works_for_a_user_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 65532")

    monkeypatch.setattr(getpass, "getuser", nameless)
    async with _watching(tmp_path) as api_server:
        await _eventually_tried(api_server, times=1)


@pytest.mark.usefixtures("own_garbage")
@pytest.mark.parametrize("events_before_the_end", range(0, 40, 5))
async def test_watch_that_ends_during_events_drops_no_coroutine(events_before_the_end: int, tmp_path: Path) -> None:
    """kopf starts a task for each object. A task that is queued when the watch ends must still start."""
    api_server = _with_jobs(60)
    await api_server.start()
    kube_settings = settings.KubernetesSettings(kubeconfig=str(api_server.kubeconfig(tmp_path)))
    stop_signal, event_numbers = cross_thread.Stop(), itertools.count()

    def stop(_event: object) -> None:
        if next(event_numbers) == events_before_the_end:
            stop_signal.set()

    await asyncio.to_thread(
        kopf_watch.watch,
        stop_signal,
        kube_settings=kube_settings,
        kinds=owner_kinds.ALWAYS_WATCHED,
        on_event=stop,
        on_call=_ignore,
    )
    gc.collect()  # A coroutine that was never awaited raises a warning here, which is an error.
    await api_server.stop()


def _with_jobs(number: int) -> fake_api_server.ApiServer:
    api_server = fake_api_server.ApiServer()
    for index in range(number):
        metadata = {"name": f"j{index}", "namespace": "default", "uid": f"u{index}", "resourceVersion": "7"}
        metadata["creationTimestamp"] = "2026-01-01T00:00:00Z"
        api_server.jobs[f"u{index}"] = {"metadata": metadata, "spec": {}}
    return api_server


@contextlib.asynccontextmanager
async def _watching(folder: Path) -> AsyncIterator[fake_api_server.ApiServer]:
    """An API server and a watch on it, which must not end by itself."""
    api_server = fake_api_server.ApiServer()
    await api_server.start()
    kube_settings = settings.KubernetesSettings(
        kubeconfig=str(api_server.kubeconfig(folder)), min_watch_seconds=0.0, watch_backoff_seconds=_BACKOFF_SECONDS
    )
    stop_signal = cross_thread.Stop()
    watching = asyncio.create_task(
        asyncio.to_thread(
            kopf_watch.watch,
            stop_signal,
            kube_settings=kube_settings,
            kinds=owner_kinds.ALWAYS_WATCHED,
            on_event=_ignore,
            on_call=_ignore,
        )
    )
    try:
        yield api_server
    finally:
        stop_signal.set()
        await watching
        await api_server.stop()


async def _eventually_tried(api_server: fake_api_server.ApiServer, *, times: int) -> None:
    async def tries() -> bool:
        return len([call for call in api_server.calls if "/jobs?" in call and "watch=true" in call]) >= times

    await waiting.eventually_async(tries, why="tries to watch Jobs")


def _ignore(_event: object) -> None:
    pass
