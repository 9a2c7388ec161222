"""TLS, passwords, headers and the rate limit of a running gateway, and changes to them without a restart."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import aiohttp
import bcrypt
import pytest
import trustme

from tests.support import waiting
from tests.support.gateway import gateway_client
from tidegate import settings
from tidegate.gateway import server

PASSWORD = "a pass"
ALICE = aiohttp.encode_basic_auth("alice", PASSWORD)


def hashed(password: str) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


class Files:
    """The configuration file, its certificates and their CA."""

    def __init__(self, folder: Path) -> None:
        self.ca = trustme.CA()
        self.config = folder / "web.yml"
        self._folder = folder
        self.issue("gateway.test")
        self.ca.cert_pem.write_to_path(folder / "ca.pem")
        self.users({"alice": PASSWORD})

    def issue(self, name: str) -> None:
        """Issue a new certificate in place of the previous one."""
        issued = self.ca.issue_cert(name, gateway_client.HOST)
        issued.private_key_pem.write_to_path(self._folder / "key.pem")
        issued.cert_chain_pems[0].write_to_path(self._folder / "cert.pem")

    def write(self, text: str, *, tls: str = "") -> None:
        self.config.write_text(f"tls_server_config: {{cert_file: cert.pem, key_file: key.pem{tls}}}\n{text}")

    def users(self, passwords: dict[str, str]) -> None:
        lines = "".join(f'  {name}: "{hashed(password)}"\n' for name, password in passwords.items())
        self.write(f"basic_auth_users:\n{lines}")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def web_settings(files: Files) -> settings.WebSettings:
    return settings.WebSettings(
        listen_addresses=(f"{gateway_client.HOST}:0",), config_file=str(files.config), config_check_seconds=0.02
    )


class Caller:
    """Sends requests over TLS, each on a new connection."""

    def __init__(self, gateway: server.Gateway, files: Files) -> None:
        self.port = gateway.web_port
        self.tls = ssl.create_default_context()
        files.ca.configure_trust(self.tls)

    async def ask(
        self, path: str = "/-/ready", *, method: str = "GET", auth: str | None = ALICE, body: bytes = b""
    ) -> aiohttp.ClientResponse:
        connector = aiohttp.TCPConnector(ssl=self.tls, force_close=True)
        async with (
            aiohttp.ClientSession(connector=connector, headers=_login(auth)) as session,
            session.request(method, f"https://{gateway_client.HOST}:{self.port}{path}", data=body) as response,
        ):
            await response.read()
            return response

    async def status(self, *, auth: str | None = ALICE) -> int:
        return (await self.ask(auth=auth)).status


@pytest.fixture
def caller(gateway: server.Gateway, files: Files) -> Caller:
    return Caller(gateway, files)


async def test_push_and_scrape_over_tls_with_a_password_succeed(caller: Caller) -> None:
    assert (await caller.ask("/metrics/job/a", method="PUT", body=b"x 1\n")).status == 200
    assert (await caller.ask("/metrics")).status == 200


async def test_push_over_tls_has_the_address_of_its_pusher(caller: Caller, gateway: server.Gateway) -> None:
    assert (await caller.ask("/metrics/job/a", method="PUT", body=b"x 1\n")).status == 200
    (group,) = gateway.store.changes(epoch=None, since=0, limit=10).groups
    assert group.pushers == (gateway_client.HOST,)


@pytest.mark.parametrize(
    "auth",
    [
        pytest.param(None, id="none"),
        pytest.param(aiohttp.encode_basic_auth("alice", "wrong"), id="a wrong one"),
        pytest.param(aiohttp.encode_basic_auth("bob", PASSWORD), id="of an unknown user"),
        pytest.param(aiohttp.encode_basic_auth("alice", PASSWORD + "x"), id="a longer one"),
        pytest.param(aiohttp.encode_basic_auth("", ""), id="empty"),
    ],
)
async def test_wrong_or_missing_password_gets_401(caller: Caller, auth: str | None) -> None:
    for path in ("/-/healthy", "/metrics", "/nowhere"):
        response = await caller.ask(path, auth=auth)
        assert (response.status, response.headers.get("WWW-Authenticate")) == (401, "Basic")


async def test_changed_password_applies_without_a_restart(caller: Caller, files: Files) -> None:
    assert await caller.status() == 200
    files.users({"alice": "another"})
    await waiting.eventually_async(lambda: _has_status(caller, 401), why="the old password to be rejected")
    assert await caller.status(auth=aiohttp.encode_basic_auth("alice", "another")) == 200


async def test_changed_certificate_applies_without_a_restart(caller: Caller, files: Files) -> None:
    before = await _certificate(caller)
    files.issue("gateway.test")
    await waiting.eventually_async(lambda: _has_another_certificate(caller, before), why="the new certificate")
    assert await caller.status() == 200


async def test_invalid_file_changes_nothing(caller: Caller, files: Files, caplog: pytest.LogCaptureFixture) -> None:
    files.config.write_text("nonsense: 1\n")
    await waiting.eventually_async(lambda: _has_logged(caplog, "nonsense is not a known key"), why="the rejection")
    assert await caller.status() == 200
    assert await caller.status(auth=None) == 401
    files.users({"bob": "b"})
    await waiting.eventually_async(lambda: _has_status(caller, 401), why="the repaired file")


async def test_headers_are_on_every_response(caller: Caller, files: Files) -> None:
    files.write("http_server_config: {headers: {X-Frame-Options: deny, Strict-Transport-Security: max-age=9}}\n")
    await waiting.eventually_async(lambda: _has_status(caller, 200, auth=None), why="the change")
    for path in ("/-/ready", "/metrics", "/nowhere"):
        response = await caller.ask(path)
        assert response.headers["X-Frame-Options"] == "deny"
        assert response.headers["Strict-Transport-Security"] == "max-age=9"


async def test_requests_over_the_rate_limit_get_429(caller: Caller, files: Files) -> None:
    files.write("rate_limit: {burst: 2, interval: 1h}\n")
    await waiting.eventually_async(lambda: _has_status(caller, 429, auth=None), why="the limit")


async def test_client_without_a_required_certificate_is_rejected(caller: Caller, files: Files) -> None:
    files.write("", tls=", client_ca_file: ca.pem, client_auth_type: RequireAndVerifyClientCert")
    await waiting.eventually_async(lambda: _is_rejected(caller), why="the client to be rejected")
    files.ca.issue_cert("job.test").configure_cert(caller.tls)
    assert await caller.status() == 200


async def test_client_certificate_of_another_ca_is_rejected(caller: Caller, files: Files) -> None:
    files.write("", tls=", client_ca_file: ca.pem, client_auth_type: VerifyClientCertIfGiven")
    await waiting.eventually_async(lambda: _has_status(caller, 200, auth=None), why="the change")
    trustme.CA().issue_cert("job.test").configure_cert(caller.tls)
    assert await _is_rejected(caller)


async def test_client_certificate_with_another_name_gets_403(caller: Caller, files: Files) -> None:
    files.write(
        "",
        tls=", client_ca_file: ca.pem, client_auth_type: RequireAndVerifyClientCert, client_allowed_sans: [job.test]",
    )
    files.ca.issue_cert("other.test").configure_cert(caller.tls)
    await waiting.eventually_async(lambda: _has_status(caller, 403), why="the change")
    files.ca.issue_cert("job.test").configure_cert(caller.tls)
    assert await caller.status() == 200


async def _has_status(caller: Caller, status: int, *, auth: str | None = ALICE) -> bool:
    return await caller.status(auth=auth) == status


async def _is_rejected(caller: Caller) -> bool:
    try:
        await caller.ask()
    except (aiohttp.ClientError, ssl.SSLError):
        return True
    return False


async def _certificate(caller: Caller) -> str:
    return await asyncio.to_thread(ssl.get_server_certificate, (gateway_client.HOST, caller.port))


def _login(auth: str | None) -> dict[str, str]:
    return {} if auth is None else {"Authorization": auth}


async def _has_another_certificate(caller: Caller, before: str) -> bool:
    return await _certificate(caller) != before


async def _has_logged(caplog: pytest.LogCaptureFixture, text: str) -> bool:
    return text in caplog.text
