"""A client that does not finish the TLS handshake is disconnected like one that does not send a head."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from tests.support.gateway import gateway_client, raw_connections
from tidegate import settings
from tidegate.gateway import server


@pytest.fixture
def limit_settings() -> settings.LimitSettings:
    return settings.LimitSettings(head_timeout=0.5)


@pytest.fixture
def web_settings(tmp_path: Path) -> settings.WebSettings:
    certificate = trustme.CA().issue_cert("gateway.test")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    config = tmp_path / "web.yml"
    config.write_text("tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n")
    return settings.WebSettings(listen_addresses=(f"{gateway_client.HOST}:0",), config_file=str(config))


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02\x00\x01\x00"], ids=["nothing", "half a hello"])
async def test_unfinished_handshake_is_closed_after_the_head_timeout(gateway: server.Gateway, sent: bytes) -> None:
    async with raw_connections.connected(gateway.web_port) as wire:
        await wire.send(sent)
        assert await wire.rest() == b""
