"""The watch where the API server lets it down, by the stand-in that can be told to."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

from tests.controller import apiservers
from tests.support import waiting
from tidegate import settings
from tidegate.controller import kinds, watches


async def test_a_watch_that_breaks_off_at_once_is_not_tried_in_a_busy_loop(tmp_path: Path) -> None:
    api_server = apiservers.ApiServer()
    await api_server.start()
    chosen = settings.KubernetesSettings(kubeconfig=str(api_server.kubeconfig(tmp_path)))
    told = threading.Event()
    watching = asyncio.create_task(
        asyncio.to_thread(watches.watch, told, chosen=chosen, watched=kinds.ALWAYS, sink=_ignore)
    )
    began = time.monotonic()

    async def tries() -> bool:
        return len([call for call in api_server.calls if "/jobs?" in call and "watch=true" in call]) > 2

    try:
        await waiting.eventually_async(tries, why="more tries to watch Jobs", timeout=20.0)
    finally:
        told.set()
        await watching
        await api_server.stop()
    assert time.monotonic() - began > 0.9, "the client tries twice at once, and then there is a pause of 1 s"


def _ignore(_sighting: object) -> None:
    pass
