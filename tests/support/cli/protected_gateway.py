"""A gateway with TLS, a password and a path prefix."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import bcrypt
import trustme

from tests.support.gateway import gateway_client
from tests.support.processes import ports
from tidegate import settings, telemetry
from tidegate.aio import clocks
from tidegate.gateway import server
from tidegate.model import proofs


class ProtectedGateway(NamedTuple):
    """The gateway, and the environment that trusts its certificate."""

    gateway: server.Gateway
    trusted: dict[str, str]

    def url(self, user: str = "job:s%2Fx@", *, path: str = "/a") -> str:
        """Its URL with this user and password."""
        return f"https://{user}{gateway_client.HOST}:{self.gateway.web_port}{path}"


@contextlib.asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[ProtectedGateway]:
    """Start the gateway, with its files in this folder."""
    authority = trustme.CA()
    issued = authority.issue_cert(gateway_client.HOST)
    issued.private_key_pem.write_to_path(folder / "key.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    password = bcrypt.hashpw(b"s/x", bcrypt.gensalt(4)).decode()
    tls = "tls_server_config: {cert_file: cert.pem, key_file: key.pem}"
    (folder / "web.yml").write_text(f'{tls}\nbasic_auth_users: {{job: "{password}"}}\n')
    web = settings.WebSettings(
        listen_addresses=(f"{gateway_client.HOST}:0",), config_file=str(folder / "web.yml"), route_prefix="/a"
    )
    configuration = settings.GatewaySettings(
        web=web,
        control_address=f"{gateway_client.HOST}:{ports.free_port()}",
        control_token=gateway_client.TOKEN,
        stop_seconds=0.1,
        drain=settings.DrainSettings(confirm=proofs.Grade.DELIVERED),
    )
    registry = telemetry.new_registry()
    gateway = server.Gateway(
        configuration, clock=clocks.SystemClock(), registry=registry, flags={}, stop=asyncio.Event()
    )
    await gateway.start()
    try:
        yield ProtectedGateway(gateway, {"SSL_CERT_FILE": str(folder / "ca.pem")})
    finally:
        await gateway.stop()
