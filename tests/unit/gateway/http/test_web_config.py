"""The web configuration file is read as exporter-toolkit reads it; errors name the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.gateway.http import web_config

FOLDER = Path("/etc/tidegate")
HASH = "$2b$04$" + "a" * 53
TLS = "tls_server_config: {cert_file: a.crt, key_file: /b.key"


def test_empty_file_configures_nothing() -> None:
    assert web_config.parse("", folder=FOLDER) == web_config.WebConfig()


def test_paths_are_relative_to_the_file() -> None:
    tls = web_config.parse(f"{TLS}}}", folder=FOLDER).tls
    assert tls is not None
    assert tls.files == (FOLDER / "a.crt", Path("/b.key"))


def test_every_key_of_the_format_is_known() -> None:
    config = web_config.parse(
        f"""
{TLS}, client_ca_file: ca.crt, client_auth_type: RequireAndVerifyClientCert, client_allowed_sans: [job],
  min_version: TLS12, max_version: TLS13, cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256],
  curve_preferences: [X25519], prefer_server_cipher_suites: true}}
http_server_config: {{http2: true, headers: {{X-Frame-Options: deny}}}}
basic_auth_users: {{alice: "{HASH}"}}
rate_limit: {{burst: 5, interval: 100ms}}
""",
        folder=FOLDER,
    )
    assert config.tls is not None
    assert config.tls.client_allowed_sans == ("job",)
    assert (config.headers, config.users, config.rate) == ({"X-Frame-Options": "deny"}, {"alice": HASH}, (5, 0.1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a: [", "invalid YAML", id="invalid YAML"),
        pytest.param("[]", "the file must be a mapping", id="a list"),
        pytest.param("tls: {}", "tls is not a known key", id="an unknown key"),
        pytest.param(
            "tls_server_config: {cert: x, key: y, ca: z}", "tls_server_config.ca is not a known key", id="one within"
        ),
        pytest.param("tls_server_config: {cert_file: x}", "requires cert_file and key_file", id="no key"),
        pytest.param(
            "tls_server_config: {cert_file: x, cert: y, key: z}", "are mutually exclusive", id="a file and a text"
        ),
        pytest.param(f"{TLS}, client_auth_type: Any}}", "client_auth_type is 'Any'", id="an unknown policy"),
        pytest.param(
            f"{TLS}, client_auth_type: RequireAnyClientCert}}", "without verifying it", id="an unverified one"
        ),
        pytest.param(f"{TLS}, client_ca_file: ca.crt}}", "require each other", id="a CA without a policy"),
        pytest.param(f"{TLS}, min_version: SSL3}}", "min_version is 'SSL3'", id="an unknown version"),
        pytest.param(f"{TLS}, cipher_suites: [1]}}", "cipher_suites must be a list", id="an invalid suite"),
        pytest.param(
            "http_server_config: {headers: {Server: x}}", "headers: Server cannot be set", id="another header"
        ),
        pytest.param(
            "http_server_config: {headers: {X-Frame-Options: x}}", "must be deny or sameorigin", id="another value"
        ),
        pytest.param("basic_auth_users: {alice: secret}", "alice has no bcrypt hash", id="a password"),
        pytest.param("rate_limit: {burst: x}", "burst must be an integer", id="a burst that is not a number"),
        pytest.param("rate_limit: {burst: -1}", "rate_limit: burst must be 0 or more", id="a negative burst"),
        pytest.param(
            "rate_limit: {burst: 1, interval: soon}", "rate_limit: interval: 'soon' is not a duration", id="no duration"
        ),
        pytest.param(
            "rate_limit: {burst: 1, interval: 5}", "interval must be a string", id="an interval without a unit"
        ),
    ],
)
def test_invalid_key_is_named(text: str, expected: str) -> None:
    with pytest.raises(web_config.BadWebConfigError) as caught:
        web_config.parse(text, folder=FOLDER)
    assert expected in str(caught.value)
