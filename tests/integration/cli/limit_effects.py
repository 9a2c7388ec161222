"""The effect of each ``--limit.…`` flag of the gateway."""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import Awaitable, Callable, Mapping

from tests.integration.cli import effects, gateway_effects
from tests.support.gateway import raw_connections
from tests.support.store import limit_cases
from tidegate.model import limits

_Limit = limits.Limit
_Observe = Callable[[gateway_effects.Stage], Awaitable[object]]

_PUSH = ("PUT", "/metrics/job/a", b"mmmmmmmmmmmmmmm 1\n")
_PACKED = ("PUT", "/metrics/job/a", gzip.compress(_PUSH[2]))
_SILENT = b""


def _rejects_after(*sent: bytes, limit: limits.Limit) -> _Observe:
    """Observe whether this limit rejects a request after each of these was sent on a separate connection."""

    async def observe(stage: gateway_effects.Stage) -> bool:
        async with contextlib.AsyncExitStack() as stack:
            for data in sent:
                wire = await stack.enter_async_context(raw_connections.connected(stage.gateway.web_port))
                await wire.send(data)
                # After the response to another client, the gateway has read this.
                await stage.client.send("GET", "/-/healthy")
            return await stage.rejects(limit)

    return observe


def _first_of_two(limit: limits.Limit, *, other: limits.Limit) -> _Observe:
    """Observe whether the one timeout has expired when the other one expires, both by the clock of the gateway."""
    sent = {_Limit.HEAD_TIMEOUT: _SILENT, _Limit.BODY_TIMEOUT: raw_connections.PUSH_HEAD}

    async def observe(stage: gateway_effects.Stage) -> bool:
        port = stage.gateway.web_port
        async with raw_connections.connected(port) as one, raw_connections.connected(port) as another:
            await one.send(sent[limit])
            await another.send(sent[other])
            await another.line()
            return await stage.rejects(limit)

    return observe


def _of_the_store(case: limit_cases.Case) -> effects.Effect[gateway_effects.Stage]:
    """A limit of the store, with the value and the pushes of the conformance tests."""

    async def observe(stage: gateway_effects.Stage) -> int:
        for push in (*case.accepted, case.rejected):
            path = "/".join(f"{name}/{value}" for name, value in push.labels.items())
            answer = await stage.client.send("POST", f"/metrics/{path}", push.body)
        return answer.status

    given = f"{case.limit.flag}={getattr(case.chosen, case.limit.label)}"
    return effects.Effect(given, observe, unseen=200, seen=case.limit.status)


def _half_a_push(size: int) -> bytes:
    return b"PUT /metrics/job/x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + b"\n" * (size - 10)


EFFECTS: Mapping[str, effects.Effect[gateway_effects.Stage]] = {
    **{case.limit.flag: _of_the_store(case) for case in limit_cases.CASES.values()},
    "--limit.body": effects.Effect("--limit.body=10", gateway_effects.status(*_PUSH), unseen=200, seen=413),
    "--limit.unpacked-body": effects.Effect(
        "--limit.unpacked-body=10",
        gateway_effects.status(*_PACKED, headers={"Content-Encoding": "gzip"}),
        unseen=200,
        seen=413,
    ),
    "--limit.bodies": effects.Effect(
        "--limit.bodies=200",
        _rejects_after(*[_half_a_push(100)] * 3, limit=_Limit.BODIES),
        unseen=False,
        seen=True,
        beside=["--limit.body=100", "--limit.unpacked-body=100"],
    ),
    "--limit.request-head": effects.Effect(
        "--limit.request-head=1KiB",
        gateway_effects.status("GET", "/-/healthy", headers={"X-Long": "x" * 5_000}),
        unseen=200,
        seen=431,
    ),
    "--limit.head-timeout": effects.Effect(
        "--limit.head-timeout=100ms",
        _first_of_two(_Limit.HEAD_TIMEOUT, other=_Limit.BODY_TIMEOUT),
        unseen=False,
        seen=True,
        beside=["--limit.body-timeout=500ms"],
    ),
    "--limit.body-timeout": effects.Effect(
        "--limit.body-timeout=100ms",
        _first_of_two(_Limit.BODY_TIMEOUT, other=_Limit.HEAD_TIMEOUT),
        unseen=False,
        seen=True,
        beside=["--limit.head-timeout=500ms"],
    ),
    "--limit.connections": effects.Effect(
        "--limit.connections=3",
        _rejects_after(*[raw_connections.PUSH] * 4, limit=_Limit.CONNECTIONS),
        unseen=False,
        seen=True,
    ),
    "--limit.requests": effects.Effect(
        "--limit.requests=1",
        _rejects_after(*[raw_connections.PUSH_HEAD] * 2, limit=_Limit.REQUESTS),
        unseen=False,
        seen=True,
    ),
}
