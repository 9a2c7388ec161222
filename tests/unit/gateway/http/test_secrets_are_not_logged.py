"""Passwords, hashes, keys and tokens are not in the log at any level, in responses, or in errors about a file."""

from __future__ import annotations

import asyncio
import logging
import ssl
import tempfile
from pathlib import Path
from typing import Any

import aiohttp
import bcrypt
import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from tests.support import waiting
from tests.support.gateway import gateway_client
from tidegate import settings
from tidegate.gateway import server
from tidegate.gateway.http import basic_auth, tls_contexts, web_config

SECRET = "c2VjcmV0"
"""Part of every secret in these tests."""

HASH = f"$2b$04${SECRET:a<53}"
KEY = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----"
PASSWORD = f"password-{SECRET}"
LOGIN = aiohttp.encode_basic_auth("alice", PASSWORD)
BAD_FILES = {
    "a hash behind a bracket": f"basic_auth_users: {{alice: '{HASH}'\nrate_limit: ]",
    "a hash without quotes in a list": f"basic_auth_users: [alice: {HASH}, {{]",
    "an alias": f"basic_auth_users: {{alice: *{SECRET}}}",
    "a byte that YAML does not know": f"basic_auth_users: {{alice: '{SECRET}\x01'}}",
    "a password": f"basic_auth_users: {{alice: {PASSWORD}}}",
    "a user without a blank": f"basic_auth_users: {{alice:{HASH}}}",
    "all users as one text": f"basic_auth_users: alice:{HASH}",
    "the file as one text": f"alice:{HASH}",
    "a key without a blank": f"tls_server_config: {{cert: a, key:{SECRET}==: }}",
    "a key as a list": f"tls_server_config: {{cert: a, key: [{SECRET}]}}",
    "a key as the path of one": f"tls_server_config: {{cert_file: a, key_file: '{KEY}'}}".replace("\n", "\n\n  "),
    "a header": f"http_server_config: {{headers: {{Authorization: Bearer {SECRET}}}}}",
    "a header of two lines": f'http_server_config: {{headers: {{X-Frame-Options: "deny\\n{SECRET}"}}}}',
    "an invalid key": f"tls_server_config: {{cert: '{SECRET}', key: '{KEY}'}}".replace("\n", "\n\n  "),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration with a key and a user."""
    issued = trustme.CA().issue_cert(gateway_client.HOST)
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    tls = "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n"
    (tmp_path / "web.yml").write_text(f'{tls}basic_auth_users: {{alice: "{hashed}"}}\n')
    return tmp_path / "web.yml"


@pytest.fixture
def web_settings(file: Path) -> settings.WebSettings:
    return settings.WebSettings(listen_addresses=(f"{gateway_client.HOST}:0",), config_file=str(file))


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def _raw(gateway: server.Gateway, sent: bytes) -> None:
    """Send bytes that may not be HTTP, and read until the end."""
    reader, writer = await asyncio.open_connection(gateway_client.HOST, gateway.web_port, ssl=_unverified())
    writer.write(sent)
    assert (await reader.readline()).split()[1] in (b"400", b"431")
    await reader.read()
    writer.close()
    await writer.wait_closed()


async def _responses(gateway: server.Gateway, authorization: str) -> dict[str, int]:
    """Return the status code of every response to this header, by its content."""
    statuses: dict[str, int] = {}
    web, control = (
        f"https://{gateway_client.HOST}:{gateway.web_port}",
        f"http://{gateway_client.HOST}:{gateway.control_port}",
    )
    urls = [f"{web}{path}" for path in ("/metrics", "/api/v1/status", "/api/v1/metrics", "/nowhere", "/metrics/job/")]
    headers = {"Authorization": authorization}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=_unverified())) as session:
        for url in [*urls, f"{control}/control/v1/groups", f"{control}/control/v1/actions"]:
            async with session.get(url, headers=headers) as response:
                statuses[f"{response.raw_headers!r} {await response.text()}"] = response.status
    return statuses


async def test_debug_log_and_responses_have_no_secrets(
    gateway: server.Gateway, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = [SECRET, LOGIN.partition(" ")[2], gateway_client.TOKEN.value, *_lines_of(file)]
    wrong = aiohttp.encode_basic_auth("alice", PASSWORD + "x")
    logins = (LOGIN, wrong, f"Basic {SECRET}", f"Bearer {gateway_client.TOKEN.value}", f"Bearer {SECRET}")
    statuses_by_login = [await _responses(gateway, authorization) for authorization in logins]
    assert 200 in statuses_by_login[0].values()
    assert set(statuses_by_login[1].values()) == {401}
    assert 200 in statuses_by_login[3].values()
    for broken in (
        b"Authorization : %s\r\n",
        b"Authorization: %s\x00\r\n",
        b"Authorization: %s" + b"a" * 40_000 + b"\r\n",
    ):
        await _raw(gateway, b"GET /metrics HTTP/1.1\r\nHost: x\r\n" + broken % LOGIN.encode() + b"\r\n")
    for text in ("a hash behind a bracket", "an invalid key"):
        await _broken(file, BAD_FILES[text], caplog)
    everything = caplog.text + "".join(text for responses in statuses_by_login for text in responses)
    assert [secret for secret in secrets if secret in everything] == []


def _lines_of(file: Path) -> list[str]:
    """Return the hash, and a line of the key."""
    return [file.read_text().partition('"')[2].partition('"')[0], (file.parent / "key.pem").read_text().split("\n")[1]]


async def _broken(file: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    """Write an invalid file, and wait until it is rejected."""
    before = caplog.text.count("reload failed")

    async def rejected() -> bool:
        return caplog.text.count("reload failed") > before

    _write(file, text)
    await waiting.eventually_async(rejected, why="the file to be rejected")


def _write(file: Path, text: str) -> None:
    file.write_text(text)


@pytest.mark.parametrize("text", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_error_about_an_invalid_file_does_not_quote_it(text: str, tmp_path: Path) -> None:
    with pytest.raises(web_config.BadWebConfigError) as rejected:
        _use(text, tmp_path)
    assert SECRET not in str(rejected.value)
    assert rejected.value.__cause__ is None or SECRET not in str(rejected.value.__cause__)


def _use(text: str, folder: Path) -> None:
    config = web_config.parse(text, folder=folder)
    if config.tls is not None:
        tls_contexts.build(config.tls)


def test_encrypted_key_is_rejected_without_a_prompt(file: Path) -> None:
    cert, key = file.parent / "cert.pem", file.parent / "key.pem"
    _encrypt(key)
    with pytest.raises(web_config.BadWebConfigError, match="the key is encrypted"):
        tls_contexts.build(web_config.TlsConfig(cert=cert, key=key))


def _encrypt(key: Path) -> None:
    loaded = serialization.load_pem_private_key(key.read_bytes(), password=None)
    encryption = serialization.BestAvailableEncryption(PASSWORD.encode())
    key.write_bytes(
        loaded.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption_algorithm=encryption
        )
    )


def test_key_files_are_loaded_without_writing_a_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(file.parent / "nowhere"))
    tls_contexts.build(web_config.TlsConfig(cert=file.parent / "cert.pem", key=file.parent / "key.pem"))


def test_repr_of_a_configuration_has_neither_hash_nor_key() -> None:
    tls = web_config.TlsConfig(cert="cert", key=KEY)
    assert SECRET not in repr(web_config.WebConfig(tls=tls, users={"alice": HASH}))


class Checks:
    """Records the hashes that bcrypt checks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hashes: list[bytes] = []
        self._check = bcrypt.checkpw
        monkeypatch.setattr(bcrypt, "checkpw", self._recorded)

    def _recorded(self, password: bytes, hashed: bytes) -> Any:
        self.hashes.append(hashed)
        return self._check(password, hashed)


@pytest.mark.parametrize("name", ["alice", "unknown", ""])
async def test_wrong_password_costs_one_check_for_known_and_unknown_users(
    gateway: server.Gateway, file: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    checks = Checks(monkeypatch)
    statuses = await _responses(gateway, aiohttp.encode_basic_auth(name, "wrong"))
    assert set(statuses.values()) == {401}
    assert checks.hashes == [_lines_of(file)[0].encode()]


async def test_unknown_user_is_rejected_with_the_password_of_another_user() -> None:
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    authenticator = basic_auth.WebAuthenticator(web_config.WebConfig(users={"alice": hashed}))
    assert not await authenticator._is_valid(aiohttp.encode_basic_auth("bob", PASSWORD))
    assert await authenticator._is_valid(LOGIN)
