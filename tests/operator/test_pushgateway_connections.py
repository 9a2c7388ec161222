"""Where a real Pushgateway may be: below a prefix, behind TLS and a password; and what its flags make of names."""

from __future__ import annotations

import asyncio
import contextlib
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

from tests.differential import pushgateway_servers
from tests.operator import fake_api_server, object_builders, pushgateway_harness
from tests.support import requirements, tidegate_processes, waiting
from tidegate import settings
from tidegate.model import grouping
from tidegate.operator.gateways import gateway_protocol

X = object_builders.key("job=x")
PASSWORD = "pass@word/:#"


@contextlib.contextmanager
def _running(program: Path, folder: Path, *flags: str, prefix: str = "") -> Iterator[str]:
    """A Pushgateway; its URL."""
    running = pushgateway_servers.Pushgateway(program, folder=folder, flags=flags, prefix=prefix)
    try:
        running.start()
        yield running.url
    finally:
        running.process.stop()


@pytest.mark.parametrize("slash", ["", "/"])
async def test_it_may_be_below_a_prefix(
    pushgateway_program: Path, tmp_path: Path, session: aiohttp.ClientSession, slash: str
) -> None:
    with _running(pushgateway_program, tmp_path, "--web.route-prefix=/a/b", prefix="/a/b") as url:
        stage = pushgateway_harness.Stage(url, session, given=url + slash)
        await stage.push("job/x")
        await stage.follow()
        await stage.end(X)
        await stage.after(pushgateway_harness.GRACE)
        assert await stage.there() == set()


async def test_a_missing_prefix_is_told_in_words(
    pushgateway_program: Path, tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    with _running(pushgateway_program, tmp_path, "--web.route-prefix=/a/b", prefix="/a/b") as url:
        stage = pushgateway_harness.Stage(url, session, given=url.removesuffix("/a/b"))
        with pytest.raises(gateway_protocol.GatewayError, match=r"404 Not Found: does --gateway\.url have the path of"):
            await stage.gateway.changes(after=None)


class Guarded:
    """A Pushgateway with TLS that asks alice for her password."""

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
        place = (tidegate_processes.HOST, self.pushgateway.port)

        def listens() -> bool:
            socket.create_connection(place).close()
            return True

        waiting.eventually(listens, why="the Pushgateway", retry_on=(OSError,))

    def url(self, password: str = PASSWORD) -> str:
        return (
            f"https://alice:{urllib.parse.quote(password, safe='')}@{tidegate_processes.HOST}:{self.pushgateway.port}"
        )


@pytest.fixture
def guarded(pushgateway_program: Path, tmp_path: Path) -> Iterator[Guarded]:
    made = Guarded(pushgateway_program, tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.pushgateway.process.stop()


@pytest.fixture
async def trusting(guarded: Guarded) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that trusts the Pushgateway's certificate."""
    context = ssl.create_default_context()
    guarded.authority.configure_trust(context)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as made:
        yield made


async def test_it_may_be_behind_tls_and_a_password(guarded: Guarded, trusting: aiohttp.ClientSession) -> None:
    stage = pushgateway_harness.Stage(guarded.url(), trusting)
    await stage.push("job/x")
    await stage.follow()
    await stage.end(X)
    await stage.after(pushgateway_harness.GRACE)
    assert await stage.there() == set()
    assert "alice" not in stage.gateway.url


async def test_a_wrong_password_is_told_without_being_shown(guarded: Guarded, trusting: aiohttp.ClientSession) -> None:
    stage = pushgateway_harness.Stage(guarded.url("wrong-one"), trusting)
    with pytest.raises(
        gateway_protocol.GatewayError, match=r"401 Unauthorized: check the user and password in --gateway\.url"
    ) as refused:
        await stage.gateway.changes(after=None)
    assert "wrong-one" not in str(refused.value)
    assert "alice" not in str(refused.value)


async def test_a_certificate_that_nobody_trusts_is_an_error(guarded: Guarded, session: aiohttp.ClientSession) -> None:
    stage = pushgateway_harness.Stage(guarded.url(), session)
    with pytest.raises(gateway_protocol.GatewayError, match="certificate verify failed"):
        await stage.gateway.changes(after=None)


async def test_the_command_trusts_what_ssl_cert_file_names_and_logs_no_password(
    guarded: Guarded, trusting: aiohttp.ClientSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    api_server = fake_api_server.ApiServer()
    await api_server.start()
    kubeconfig = api_server.kubeconfig(tmp_path)
    operator = tidegate_processes.Operator(
        tmp_path, gateway=guarded.url(), kubeconfig=kubeconfig, arguments=("--log.level=debug",)
    )
    try:
        await pushgateway_harness.Stage(guarded.url(), trusting).push("job/x")
        await asyncio.to_thread(operator.start)
        async with trusting.get(f"http://{tidegate_processes.HOST}:{operator.port}/metrics") as answer:
            assert "\ntidegate_operator_groups 1.0\n" in await answer.text()
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
async def test_what_is_no_url_is_refused_without_being_shown(url: str, session: aiohttp.ClientSession) -> None:
    with pytest.raises(settings.BadSettingsError, match=r"--gateway\.url") as refused:
        pushgateway_harness.Stage(url, session)
    assert "secret" not in str(refused.value)
    assert "et@" not in str(refused.value)


@pytest.fixture
def newest() -> Path:
    *_, find = pushgateway_servers.programs().values()
    return requirements.require(find)


NAMES = ["app.kubernetes.io/name", "a@base64", ".", "é", "a b", "1"]


@pytest.mark.parametrize("name", NAMES)
async def test_where_names_may_be_any_utf8_a_group_with_such_a_name_goes(
    newest: Path, tmp_path: Path, session: aiohttp.ClientSession, name: str
) -> None:
    key = grouping.grouping_key({"job": "x", name: "v"})
    with _running(newest, tmp_path, "--push.enable-utf8-names") as url:
        stage = pushgateway_harness.Stage(url, session)
        for path in ("job/x", f"job/x/{_coded(name)}/v", f"job/x/{_coded(name)}/w"):
            await stage.push(path)
        await stage.follow()
        await stage.end(key)
        await stage.after(pushgateway_harness.GRACE)
        assert await stage.there() == {X, grouping.grouping_key({"job": "x", name: "w"})}


async def test_where_names_are_no_longer_any_utf8_another_group_of_the_same_path_stays(
    newest: Path, tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    """The API does not tell which of the two a path means."""
    file = f"--persistence.file={tmp_path / 'groups'}"
    path, key = "job/x/U__a_2e_b/v", grouping.grouping_key({"job": "x", "a.b": "v"})
    with _running(newest, tmp_path, file, "--push.enable-utf8-names") as url:
        await pushgateway_harness.Stage(url, session).push(path)
    with _running(newest, tmp_path, file) as url:
        stage = pushgateway_harness.Stage(url, session)
        await stage.follow()
        await stage.end(key)
        await stage.push(path)
        await stage.after(pushgateway_harness.GRACE)
        await stage.after(pushgateway_harness.POLL)
        assert await stage.there() == {key, grouping.grouping_key({"job": "x", "U__a_2e_b": "v"})}


def _coded(name: str) -> str:
    return "U__" + "".join("__" if it == "_" else it if it in "ab" else f"_{ord(it):x}_" for it in name)
