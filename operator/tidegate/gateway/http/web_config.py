"""Parsing of ``--web.config.file``: TLS, passwords, headers and a rate limit, as in Prometheus' exporter-toolkit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tidegate import settings
from tidegate.model import durations
from tidegate.system import yaml_mappings

CLIENT_AUTH = ("NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert")
_UNVERIFIED = ("RequestClientCert", "RequireAnyClientCert", "RequireClientCert")
VERSIONS = ("TLS10", "TLS11", "TLS12", "TLS13")
_HEADERS: Mapping[str, Sequence[str]] = {
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
    "Content-Security-Policy": (),
}
_HASH = re.compile(r"\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}\Z")


class BadWebConfigError(settings.BadSettingsError):
    """The file is invalid; the message names the key and the reason."""


@dataclass(frozen=True, kw_only=True)
class TlsConfig:
    """``tls_server_config``. A certificate, key or CA is a file or inline PEM."""

    cert: Path | str
    key: Path | str = field(repr=False)
    client_ca: Path | str | None = None
    client_auth: str = CLIENT_AUTH[0]
    client_allowed_sans: tuple[str, ...] = ()
    min_version: str = "TLS12"
    max_version: str = "TLS13"
    cipher_suites: tuple[str, ...] = ()
    curve_preferences: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that the configuration refers to; it is reloaded when one changes."""
        return tuple(source for source in (self.cert, self.key, self.client_ca) if isinstance(source, Path))


@dataclass(frozen=True, kw_only=True)
class WebConfig:
    """The whole file.

    :param users: bcrypt hashes by user name.
    :param rate: burst in requests, and seconds per request; ``None`` for no limit.
    """

    tls: TlsConfig | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    rate: tuple[int, float] | None = None


def parse(text: str, *, folder: Path) -> WebConfig:
    """Parse the text of the file.

    :param folder: the folder of the file; paths in it are relative to this.
    :raises BadWebConfigError: the text is not a valid configuration.
    """
    top = yaml_mappings.load(text, error=BadWebConfigError)
    config = WebConfig(
        tls=_tls(top.keys("tls_server_config"), folder=folder),
        headers=_headers(top.keys("http_server_config")),
        users=_users(top.take("basic_auth_users", dict, default={})),
        rate=_rate(top.keys("rate_limit")),
    )
    top.expect_empty()
    return config


def _tls(keys: yaml_mappings.Keys | None, *, folder: Path) -> TlsConfig | None:
    if keys is None:
        return None
    cert = keys.file_or_inline("cert_file", "cert", folder)
    key = keys.file_or_inline("key_file", "key", folder)
    client_ca = keys.file_or_inline("client_ca_file", "client_ca", folder)
    client_auth = keys.one_of("client_auth_type", (*CLIENT_AUTH, *_UNVERIFIED), CLIENT_AUTH[0])
    if client_auth in _UNVERIFIED:
        raise BadWebConfigError(
            f"tls_server_config.client_auth_type {client_auth} accepts any certificate without verifying it, "
            f"and is not supported; use RequireAndVerifyClientCert with a client_ca_file"
        )
    keys.take("prefer_server_cipher_suites", bool, default=True)  # exporter-toolkit ignores it, too.
    parsed = {
        "client_ca": client_ca,
        "client_auth": client_auth,
        "client_allowed_sans": keys.strings("client_allowed_sans"),
        "min_version": keys.one_of("min_version", VERSIONS, "TLS12"),
        "max_version": keys.one_of("max_version", VERSIONS, "TLS13"),
        "cipher_suites": keys.strings("cipher_suites"),
        "curve_preferences": keys.strings("curve_preferences"),
    }
    keys.expect_empty()
    if cert is None or key is None:
        raise BadWebConfigError("tls_server_config requires cert_file and key_file, or cert and key")
    if (client_ca is None) != (client_auth == CLIENT_AUTH[0]):
        raise BadWebConfigError("tls_server_config.client_ca_file and client_auth_type require each other")
    return TlsConfig(cert=cert, key=key, **parsed)  # type: ignore[arg-type]


def _headers(keys: yaml_mappings.Keys | None) -> Mapping[str, str]:
    if keys is None:
        return {}
    # Ignored; accepted for compatibility with exporter-toolkit. aiohttp has only HTTP/1.1.
    keys.take("http2", bool, default=True)
    headers: dict[Any, Any] = keys.take("headers", dict, default={})
    keys.expect_empty()
    for name, value in headers.items():
        if name not in _HEADERS or not isinstance(value, str) or not value.isprintable():
            raise BadWebConfigError(
                f"http_server_config.headers: {yaml_mappings.displayed(name)} cannot be set, or has an invalid value"
            )
        if _HEADERS[name] and value not in _HEADERS[name]:
            raise BadWebConfigError(f"http_server_config.headers: {name} must be {' or '.join(_HEADERS[name])}")
    return headers


def _users(users: dict[Any, Any]) -> Mapping[str, str]:
    for name, hashed in users.items():
        if not isinstance(name, str) or not isinstance(hashed, str) or not _HASH.match(hashed):
            raise BadWebConfigError(
                f"basic_auth_users: {yaml_mappings.displayed(name)} has no bcrypt hash; create one with `htpasswd -nB`"
            )
    return users


def _rate(keys: yaml_mappings.Keys | None) -> tuple[int, float] | None:
    if keys is None:
        return None
    burst, interval = keys.take("burst", int, default=0), keys.take("interval", str, default="0s")
    keys.expect_empty()
    if burst < 0:
        raise BadWebConfigError("rate_limit: burst must be 0 or more")
    try:
        seconds = durations.parse(interval)
    except ValueError as error:
        raise BadWebConfigError(f"rate_limit: interval: {error}") from error
    return (max(1, burst), seconds) if seconds else None
