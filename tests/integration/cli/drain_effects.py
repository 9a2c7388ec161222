"""The effect of each flag of the gateway about draining."""

from __future__ import annotations

from collections.abc import Mapping

from tests.integration.cli import effects, gateway_effects

_STORED = ("--drain.confirm=stored",)
_SERVER = "--prometheus.url=http://127.0.0.1:9"
_SERVERS = "--prometheus.config.file={folder}/servers.yml"


async def _groups_after_a_ttl_and_a_minute(stage: gateway_effects.Stage) -> int:
    await stage.client.send("PUT", "/metrics/job/a?ttl=10s", b"m 1\n")
    await stage.client.scrape()
    for seconds in (11, 60):
        stage.clock.advance(seconds)
        await stage.gateway.drainer.sweep()
    return len(stage.gateway.store.grouping_keys())


async def _queried_servers(stage: gateway_effects.Stage) -> int:
    assert stage.gateway.conditions.databases is not None
    return len(stage.gateway.conditions.databases.names)


EFFECTS: Mapping[str, effects.Effect[gateway_effects.Stage]] = {
    "--push.ttl-drain-timeout": effects.Effect(
        "--push.ttl-drain-timeout=30s", _groups_after_a_ttl_and_a_minute, unseen=1, seen=0
    ),
    "--drain.confirm": effects.Effect("--drain.confirm=delivered", _groups_after_a_ttl_and_a_minute, unseen=1, seen=0),
    "--prometheus.url": effects.Effect(_SERVER, _queried_servers, unseen=1, seen=2, beside=[*_STORED, _SERVERS]),
    "--prometheus.config.file": effects.Effect(
        _SERVERS, _queried_servers, unseen=1, seen=2, beside=[*_STORED, _SERVER]
    ),
}
