"""A gateway in a separate thread, for tests that drive a browser and so have no event loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import urllib.request
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import uvloop

from tests.support import waiting
from tests.support.gateway import rejected_requests
from tests.support.processes import ports
from tidegate import settings, telemetry
from tidegate.aio import clocks
from tidegate.exposition.text import parser
from tidegate.gateway import server
from tidegate.gateway.scrape import scraper_identity
from tidegate.model import control_api, grouping, owners, proofs

_Result = TypeVar("_Result")

HOST = "127.0.0.1"
NOON = 1_779_364_800.0
"""2026-05-21 12:00 UTC: the time in the screenshots."""

_SECONDS = 60.0


async def until_disconnected(port: int) -> None:
    """Return when the server of this port has closed all connections.

    A connection with TLS ends only after its client has replied to the end. The event loop must not be closed before.
    """

    async def closed() -> bool:
        return not ports.open_connections(port)

    await waiting.eventually_async(closed, why="the end of all connections", interval=0.01)


class Site:
    """A gateway on a free port, with a clock that the test moves."""

    def __init__(self, *, now: float = NOON, **web: Any) -> None:
        self.clock = clocks.MovableClock(now=now)
        self._web = settings.WebSettings(**{"listen_addresses": (f"{HOST}:0",), **web})
        self._ready: concurrent.futures.Future[server.Gateway] = concurrent.futures.Future()
        self._thread = threading.Thread(target=self._run, name="gateway")

    def __enter__(self) -> Site:
        self._thread.start()
        self.gateway = self._ready.result(timeout=_SECONDS)
        scheme = "https" if self._web.config_file and "tls" in self._web.config_file else "http"
        self.url = f"{scheme}://{HOST}:{self.gateway.web_port}{self._web.prefix}/"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=_SECONDS)

    def do(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Run this coroutine in the gateway's event loop and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=_SECONDS)

    def move(self, seconds: float) -> None:
        """Move the clock forward."""

        async def work() -> None:
            self.clock.advance(seconds)

        self.do(work())

    def push(self, body: str, *, ttl: float | None = None, pusher: str | None = None, **labels: str) -> None:
        """Push to the group with these labels, without HTTP."""
        parsed = parser.parse(body.encode())
        store = self.gateway.store
        self.do(store.push(grouping.grouping_key(labels), parsed, replace=True, ttl=ttl, pusher=pusher))

    def push_many(self, number: int) -> None:
        """Push to this many groups, with one series each."""

        async def work() -> None:
            parsed = parser.parse(b"x 1\n")
            for each in range(number):
                key = grouping.grouping_key({"job": f"job-{each:05}", "instance": f"host-{each % 100}"})
                await self.gateway.store.push(key, parsed, replace=True)
                if each % 200 == 0:
                    await asyncio.sleep(0)

        self.do(work())

    def push_invalid(self, **labels: str) -> None:
        """Send a push to this group that the gateway rejects."""
        path = "/".join(f"{name}/{labels[name]}" for name in sorted(labels, key=lambda name: name != "job"))
        request = urllib.request.Request(f"{self.url}metrics/{path}", data=b"x 1 1000\n", method="POST")
        with rejected_requests.expected(400):
            urllib.request.urlopen(request, timeout=_SECONDS)

    def claim(self, kind: str, name: str, *, rule: str = "address", **labels: str) -> owners.Owner:
        """Make an object the owner of the group; ``name`` is ``namespace/name``."""
        namespace, _, own = name.partition("/")
        owner = owners.Owner(kind, namespace, own, owners.Uid(f"uid-of-{name}"))
        claim = owners.Claim(owner, drain_timeout=300.0, rule=rule)
        self.act(control_api.ClaimGroup(grouping.grouping_key(labels), claim))
        return owner

    def retire(self, *finished: owners.Owner, drain_timeout: float = 300.0, **labels: str) -> None:
        """Report that all owners of the group have finished, so that it starts draining."""
        key = grouping.grouping_key(labels)

        async def revision() -> int:
            summary = self.gateway.store.summary(key)
            assert summary is not None
            return summary.life.pushed_revision

        uids = tuple(owner.uid for owner in finished)
        self.act(control_api.StartDrain(key, uids, self.do(revision()), drain_timeout))

    def act(self, *actions: control_api.Action) -> None:
        """Execute actions as the operator sends them."""

        async def work() -> Sequence[object]:
            done = await self.gateway.store.apply(actions)
            self.gateway.drainer.wake()
            return done

        assert not any(self.do(work()))

    def scrape(self, agent: str = "Prometheus/3.8.0") -> None:
        """Scrape as Prometheus does; the gateway registers it a moment later."""
        headers = {scraper_identity.TIMEOUT_HEADER: "10", "User-Agent": agent}
        self.get("metrics", headers)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> str:
        """The response body for this path."""
        request = urllib.request.Request(f"{self.url}{path}", headers=dict(headers or {}))
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            return str(answer.read().decode())

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        chosen = settings.GatewaySettings(
            web=self._web, stop_seconds=2.0, drain=settings.DrainSettings(confirm=proofs.Grade.DELIVERED)
        )
        flags = {"web.listen-address": ":9091", "web.page-read-only": str(self._web.page_read_only).lower()}
        gateway = server.Gateway(
            chosen, clock=self.clock, registry=telemetry.new_registry(), flags=flags, stop=asyncio.Event()
        )
        try:
            await gateway.start()
        except BaseException as error:
            self._ready.set_exception(error)
            raise
        self._ready.set_result(gateway)
        await self._stop.wait()
        await gateway.stop()
        await until_disconnected(gateway.web_port)
