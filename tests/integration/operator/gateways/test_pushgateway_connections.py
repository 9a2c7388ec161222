"""A real Pushgateway below a prefix, behind TLS and a password, and with flags that change label names."""

from __future__ import annotations

import asyncio
import socket
import ssl
import urllib.parse
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import bcrypt
import pytest
import trustme
import yaml

from tests.support import requirements, waiting
from tests.support.operator import fake_api_server, object_builders, pushgateway_harness
from tests.support.processes import tidegate_processes
from tests.support.pushgateway import pushgateway_servers
from tidegate import settings
from tidegate.model import grouping
from tidegate.operator.gateways import gateway_protocol

X = object_builders.key("job=x")
PASSWORD = "pass@word/:#"


@pytest.mark.parametrize("slash", ["", "/"])
async def test_pushgateway_may_be_below_a_prefix(
    pushgateway_program: Path, tmp_path: Path, session: aiohttp.ClientSession, slash: str
) -> None:
    with pushgateway_servers.serving(
        pushgateway_program, tmp_path, "--web.route-prefix=/a/b", prefix="/a/b"
    ) as pushgateway:
        stage = pushgateway_harness.Stage(pushgateway.url, session, given=pushgateway.url + slash)
        await stage.push("job/x")
        await stage.follow()
        await stage.end(X)
        await stage.after(pushgateway_harness.GRACE)
        assert await stage.groups_in_pushgateway() == set()


async def test_missing_prefix_is_reported(
    pushgateway_program: Path, tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    with pushgateway_servers.serving(
        pushgateway_program, tmp_path, "--web.route-prefix=/a/b", prefix="/a/b"
    ) as pushgateway:
        stage = pushgateway_harness.Stage(pushgateway.url, session, given=pushgateway.url.removesuffix("/a/b"))
        with pytest.raises(gateway_protocol.GatewayError, match=r"404 Not Found: does --gateway\.url have the path of"):
            await stage.gateway.changes(after=None)


class Guarded:
    """A Pushgateway with TLS and a password for alice."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.authority = trustme.CA()
        issued = self.authority.issue_cert(tidegate_processes.HOST)
        issued.private_key_pem.write_to_path(folder / "key.pem")
        issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
        self.authority.cert_pem.write_to_path(folder / "ca.pem")
        hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
        tls = {"cert_file": "cert.pem", "key_file": "key.pem"}
        config = folder / "web.yml"
        config.write_text(yaml.safe_dump({"tls_server_config": tls, "basic_auth_users": {"alice": hashed}}))
        self.pushgateway = pushgateway_servers.Pushgateway(
            program, folder=folder, flags=[f"--web.config.file={config}"]
        )

    def start(self) -> None:
        self.pushgateway.process.start()
        address = (tidegate_processes.HOST, self.pushgateway.port)

        def listens() -> bool:
            socket.create_connection(address).close()
            return True

        waiting.eventually(listens, why="the Pushgateway", retry_on=(OSError,))

    def url(self, password: str = PASSWORD) -> str:
        return (
            f"https://alice:{urllib.parse.quote(password, safe='')}@{tidegate_processes.HOST}:{self.pushgateway.port}"
        )


@pytest.fixture
def guarded(pushgateway_program: Path, tmp_path: Path) -> Iterator[Guarded]:
    guarded_pushgateway = Guarded(pushgateway_program, tmp_path)
    try:
        guarded_pushgateway.start()
        yield guarded_pushgateway
    finally:
        guarded_pushgateway.pushgateway.process.stop()


@pytest.fixture
async def trusting_session(guarded: Guarded) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that trusts the certificate of the Pushgateway."""
    context = ssl.create_default_context()
    guarded.authority.configure_trust(context)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as client_session:
        yield client_session


async def test_pushgateway_may_be_behind_tls_and_a_password(
    guarded: Guarded, trusting_session: aiohttp.ClientSession
) -> None:
    stage = pushgateway_harness.Stage(guarded.url(), trusting_session)
    await stage.push("job/x")
    await stage.follow()
    await stage.end(X)
    await stage.after(pushgateway_harness.GRACE)
    assert await stage.groups_in_pushgateway() == set()
    assert "alice" not in stage.gateway.url


async def test_wrong_password_is_reported_without_showing_it(
    guarded: Guarded, trusting_session: aiohttp.ClientSession
) -> None:
    stage = pushgateway_harness.Stage(guarded.url("wrong-one"), trusting_session)
    with pytest.raises(
        gateway_protocol.GatewayError, match=r"401 Unauthorized: check the user and password in --gateway\.url"
    ) as raised:
        await stage.gateway.changes(after=None)
    assert "wrong-one" not in str(raised.value)
    assert "alice" not in str(raised.value)


async def test_untrusted_certificate_is_an_error(guarded: Guarded, session: aiohttp.ClientSession) -> None:
    stage = pushgateway_harness.Stage(guarded.url(), session)
    with pytest.raises(gateway_protocol.GatewayError, match="certificate verify failed"):
        await stage.gateway.changes(after=None)


async def test_command_trusts_ssl_cert_file_and_does_not_log_the_password(
    guarded: Guarded, trusting_session: aiohttp.ClientSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    api_server = fake_api_server.ApiServer()
    await api_server.start()
    kubeconfig = api_server.kubeconfig(tmp_path)
    operator = tidegate_processes.Operator(
        tmp_path, gateway=guarded.url(), kubeconfig=kubeconfig, arguments=("--log.level=debug",)
    )
    try:
        await pushgateway_harness.Stage(guarded.url(), trusting_session).push("job/x")
        await asyncio.to_thread(operator.start)
        async with trusting_session.get(f"http://{tidegate_processes.HOST}:{operator.port}/metrics") as response:
            assert "\ntidegate_operator_groups 1.0\n" in await response.text()
    finally:
        operator.process.stop()
        await api_server.stop()
    assert f"watching the gateway at https://{tidegate_processes.HOST}:{guarded.pushgateway.port};" in operator.log()
    assert "alice" not in operator.log()
    assert PASSWORD not in operator.log()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://pushgateway:9091",
        "unix:/run/secret",
        "alice:secret@host:port",
        "alice:secr/et@host",
        "http://",
        "http://alice:secret@:9091",
        "http://alice:secret@host:port",
        "http://alice:secret@[::1",
        "http://alice:secr/et@host",
        "http://alice:1/secret@host",
        "http://alice:sec?ret@host",
        "http://alice:sec#ret@host",
        "http://al%3Aice:secret@host",
        "http://host/?a=secret",
    ],
)
async def test_invalid_url_is_rejected_without_showing_it(url: str, session: aiohttp.ClientSession) -> None:
    with pytest.raises(settings.BadSettingsError, match=r"--gateway\.url") as raised:
        pushgateway_harness.Stage(url, session)
    assert "secret" not in str(raised.value)
    assert "et@" not in str(raised.value)


@pytest.fixture
def newest() -> Path:
    *_, find = pushgateway_servers.programs().values()
    return requirements.require(find)


NAMES = ["app.kubernetes.io/name", "a@base64", ".", "é", "a b", "1"]


@pytest.mark.parametrize("name", NAMES)
async def test_group_with_a_utf8_name_is_deleted_if_such_names_are_enabled(
    newest: Path, tmp_path: Path, session: aiohttp.ClientSession, name: str
) -> None:
    key = grouping.grouping_key({"job": "x", name: "v"})
    with pushgateway_servers.serving(newest, tmp_path, "--push.enable-utf8-names") as pushgateway:
        stage = pushgateway_harness.Stage(pushgateway.url, session)
        for path in ("job/x", f"job/x/{_encoded(name)}/v", f"job/x/{_encoded(name)}/w"):
            await stage.push(path)
        await stage.follow()
        await stage.end(key)
        await stage.after(pushgateway_harness.GRACE)
        assert await stage.groups_in_pushgateway() == {X, grouping.grouping_key({"job": "x", name: "w"})}


async def test_groups_with_the_same_path_are_kept_after_utf8_names_are_disabled(
    newest: Path, tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    """The API does not distinguish the two groups of such a path."""
    file = f"--persistence.file={tmp_path / 'groups'}"
    path, key = "job/x/U__a_2e_b/v", grouping.grouping_key({"job": "x", "a.b": "v"})
    with pushgateway_servers.serving(newest, tmp_path, file, "--push.enable-utf8-names") as pushgateway:
        await pushgateway_harness.Stage(pushgateway.url, session).push(path)
    with pushgateway_servers.serving(newest, tmp_path, file) as pushgateway:
        stage = pushgateway_harness.Stage(pushgateway.url, session)
        await stage.follow()
        await stage.end(key)
        await stage.push(path)
        await stage.after(pushgateway_harness.GRACE)
        await stage.after(pushgateway_harness.POLL)
        assert await stage.groups_in_pushgateway() == {key, grouping.grouping_key({"job": "x", "U__a_2e_b": "v"})}


def _encoded(name: str) -> str:
    return "U__" + "".join(
        "__" if character == "_" else character if character in "ab" else f"_{ord(character):x}_" for character in name
    )
