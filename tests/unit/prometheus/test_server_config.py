"""The servers to query: from URLs and from a file in the form of Prometheus' HTTP client configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.prometheus import server_config

FOLDER = Path("/etc/tidegate")
WHOLE = """\
servers:
  - url: https://mimir.example:443/prometheus/
    basic_auth: {username: tidegate, password_file: password}
    headers: {X-Scope-OrgID: team-a}
    tls_config:
      {ca_file: ca.pem, cert_file: /tls/crt, key_file: /tls/key, server_name: mimir, insecure_skip_verify: true}
  - url: http://prometheus:9090
    authorization: {credentials_file: token}
"""


def test_file_has_every_option() -> None:
    first, second = server_config.parse(WHOLE, folder=FOLDER)
    assert first == server_config.Server(
        url="https://mimir.example:443/prometheus",
        credentials=server_config.Credentials(scheme="Basic", user="tidegate", secret_file=FOLDER / "password"),
        headers={"X-Scope-OrgID": "team-a"},
        tls=server_config.TlsSettings(
            ca_file=FOLDER / "ca.pem",
            cert_file=Path("/tls/crt"),
            key_file=Path("/tls/key"),
            server_name="mimir",
            is_unverified=True,
        ),
    )
    assert second.credentials == server_config.Credentials(scheme="Bearer", secret_file=FOLDER / "token")


def test_url_may_have_credentials_which_are_not_in_its_name() -> None:
    [server] = server_config.read(["https://user:p%40ss@[::1]:9090/prometheus/"], "")
    assert server.url == "https://[::1]:9090/prometheus"
    assert server.credentials == server_config.Credentials(scheme="Basic", user="user", secret="p@ss")


def test_repr_hides_passwords() -> None:
    [server] = server_config.read(["https://user:hidden@host"], "")
    assert "hidden" not in repr(server)


def test_flags_and_file_are_combined(tmp_path: Path) -> None:
    file = tmp_path / "servers.yml"
    file.write_text("servers: [{url: http://b}]\n")
    assert [server.url for server in server_config.read(["http://a"], str(file))] == ["http://a", "http://b"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("servers: [{url: http://a}, {url: http://a/}]", id="a server twice"),
        pytest.param("servers: [{url: prometheus:9090}]", id="no scheme"),
        pytest.param("servers: [{}]", id="no URL"),
        pytest.param("servers: {url: http://a}", id="no list"),
        pytest.param("servers: [http://a]", id="no mapping"),
        pytest.param("servers: [{url: http://a, basic_auth: {username: u}}]", id="no password"),
        pytest.param("servers: [{url: http://a, basic_auth: {password: p}}]", id="no user"),
        pytest.param("servers: [{url: http://a, authorization: {credentials: a, credentials_file: b}}]", id="both"),
        pytest.param("servers: [{url: http://u:p@a, authorization: {credentials: a}}]", id="two credentials"),
        pytest.param("servers: [{url: http://a, tls_config: {cert_file: a}}]", id="no key"),
        pytest.param("servers: [{url: http://a, headers: {A: 1}}]", id="a header that is no text"),
        pytest.param("servers: [{url: http://a, hedaers: {}}]", id="an unknown key"),
        pytest.param("severs: []", id="an unknown key of the file"),
        pytest.param("servers: [", id="no YAML"),
    ],
)
def test_invalid_file_is_rejected(text: str, tmp_path: Path) -> None:
    file = tmp_path / "servers.yml"
    file.write_text(text)
    with pytest.raises(server_config.BadServerConfigError):
        server_config.read([], str(file))


@pytest.mark.parametrize(
    "url", ["", "prometheus", "ftp://a", "http://", "http://a?b", "http://a:x", "http://secret@[a"]
)
def test_error_about_a_url_does_not_quote_it(url: str) -> None:
    with pytest.raises(server_config.BadServerConfigError) as raised:
        server_config.read([url], "")
    assert "secret" not in str(raised.value)
