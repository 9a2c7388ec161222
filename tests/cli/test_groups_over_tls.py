"""``tidegate groups`` and a gateway behind TLS, a password and a prefix."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import bcrypt
import pytest
import trustme

from tests.cli import groupruns
from tests.gateway import clients
from tests.support import ports
from tidegate import settings, telemetry
from tidegate.aiokits import clocks
from tidegate.gateway import servers


class Guarded:
    """The gateway's address in several spellings, and the environment that trusts its certificate."""

    def __init__(self, port: int, trusted: dict[str, str]) -> None:
        self.trusted = trusted
        self._place = f"{clients.HOST}:{port}"

    async def ask(self, user: str = "job:s%2Fx@", *, path: str = "/a", trusting: bool = True) -> groupruns.Ran:
        return await groupruns.run(
            "delete",
            '--match={job="x"}',
            "--dry-run",
            f"--gateway.url=https://{user}{self._place}{path}",
            env=self.trusted if trusting else {},
        )


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Guarded]:
    authority = trustme.CA()
    issued = authority.issue_cert(clients.HOST)
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    password = bcrypt.hashpw(b"s/x", bcrypt.gensalt(4)).decode()
    tls = "tls_server_config: {cert_file: cert.pem, key_file: key.pem}"
    (tmp_path / "web.yml").write_text(f'{tls}\nbasic_auth_users: {{job: "{password}"}}\n')
    web = settings.WebSettings(
        listen_addresses=(f"{clients.HOST}:0",), config_file=str(tmp_path / "web.yml"), route_prefix="/a"
    )
    chosen = settings.GatewaySettings(
        web=web, control_address=f"{clients.HOST}:{ports.free_port()}", control_token=clients.TOKEN, stop_seconds=0.1
    )
    registry = telemetry.new_registry()
    gateway = servers.Gateway(chosen, clock=clocks.SystemClock(), registry=registry, flags={}, stop=asyncio.Event())
    await gateway.start()
    await gateway.store.push(clients.key(job="x"), {}, replace=True)
    yield Guarded(gateway.web_port, {"SSL_CERT_FILE": str(tmp_path / "ca.pem")})
    await gateway.stop()


async def test_the_url_has_all_that_is_needed(guarded: Guarded) -> None:
    assert await guarded.ask() == groupruns.Ran(0, '{job="x"}\n', "1 groups would be deleted\n")


async def test_what_is_missing_is_told_and_no_password_repeated(guarded: Guarded) -> None:
    ran = await guarded.ask("job:wrong@")
    assert ran.status == 1
    assert "401: it asks for a password: --gateway.url=https://user:password@host:port" in ran.err
    assert "wrong" not in ran.err
    assert "has --gateway.url the path of --web.route-prefix" in (await guarded.ask(path="")).err
    assert "its certificate is not trusted" in (await guarded.ask(trusting=False)).err
