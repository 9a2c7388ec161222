"""The servers of ``--prometheus.url`` and ``--prometheus.config.file``.

The keys of the file are those of Prometheus' HTTP client configuration, for each server of the list ``servers``.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tidegate.system import yaml_mappings


class BadServerConfigError(ValueError):
    """The servers cannot be used; the message names the key and the reason, and no credentials."""


@dataclass(frozen=True, kw_only=True)
class TlsSettings:
    """``tls_config``.

    :param server_name: the name in the server's certificate, if it is not that of the URL.
    :param is_unverified: whether any certificate is accepted (``insecure_skip_verify``).
    """

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str | None = None
    is_unverified: bool = False


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """``basic_auth`` with a user, or ``authorization`` without one. A secret is a text or the content of a file.

    :param scheme: the first word of the header, such as ``Bearer``.
    """

    scheme: str
    user: str | None = None
    secret: str = field(default="", repr=False)
    secret_file: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server to query.

    :param url: without credentials and without a slash at the end; it may have a path.
    :param headers: sent with every query, such as ``X-Scope-OrgID``.
    """

    url: str
    credentials: Credentials | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    tls: TlsSettings = field(default_factory=TlsSettings)


def read(urls: Sequence[str], file: str) -> list[Server]:
    """Read the configuration of all servers.

    :param urls: of ``--prometheus.url``; they may contain a user and a password.
    :param file: of ``--prometheus.config.file``; "" for none.
    :raises BadServerConfigError: a URL or the file is invalid.
    :raises OSError: the file cannot be read.
    """
    servers = [_of_url(url, place="--prometheus.url") for url in urls]
    if file:
        servers += parse(Path(file).read_text(encoding="utf-8"), folder=Path(file).parent)
    seen: set[str] = set()
    for server in servers:
        if server.url in seen:
            raise BadServerConfigError(f"{server.url} is configured twice; remove one")
        seen.add(server.url)
    return servers


def parse(text: str, *, folder: Path) -> list[Server]:
    """Parse the text of the file.

    :param folder: the folder of the file; paths in it are relative to this.
    :raises BadServerConfigError: the text is not a valid configuration.
    """
    top = yaml_mappings.load(text, error=BadServerConfigError)
    servers = [_server(keys, folder=folder) for keys in top.mappings("servers")]
    top.expect_empty()
    return servers


def _server(keys: yaml_mappings.Keys, *, folder: Path) -> Server:
    server = _of_url(keys.take("url", str, default=""), place="servers: url")
    basic = _basic_auth(keys.keys("basic_auth"), folder=folder)
    token = _authorization(keys.keys("authorization"), folder=folder)
    headers = keys.take("headers", dict, default={})
    tls = _tls(keys.keys("tls_config"), folder=folder)
    keys.expect_empty()
    given = [each for each in (server.credentials, basic, token) if each is not None]
    if len(given) > 1:
        raise BadServerConfigError(f"{server.url} has several credentials; keep one of URL, basic_auth, authorization")
    for name, value in headers.items():
        if not isinstance(name, str) or not isinstance(value, str) or not (name + value).isprintable():
            raise BadServerConfigError(f"headers: {yaml_mappings.displayed(name)} must have a text in one line")
    return Server(url=server.url, credentials=given[0] if given else None, headers=headers, tls=tls)


def _of_url(url: str, *, place: str) -> Server:
    """A server with the user and password of its URL."""
    # SECURITY: the message does not quote the URL, because it may contain a password.
    bad = BadServerConfigError(f"{place} must be a URL such as http://prometheus:9090 or https://HOST/prometheus")
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise bad from None
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise bad
    address = f"[{host}]" if ":" in host else host
    plain = f"{parts.scheme}://{address}{'' if port is None else f':{port}'}{parts.path.rstrip('/')}"
    if parts.username is None:
        return Server(url=plain)
    user, password = urllib.parse.unquote(parts.username), urllib.parse.unquote(parts.password or "")
    return Server(url=plain, credentials=Credentials(scheme="Basic", user=user, secret=password))


def _basic_auth(keys: yaml_mappings.Keys | None, *, folder: Path) -> Credentials | None:
    if keys is None:
        return None
    user = keys.take("username", str, default="")
    secret, file = _secret(keys, "password", folder=folder)
    keys.expect_empty()
    if not user or ":" in user:
        raise BadServerConfigError("basic_auth requires a username without a colon")
    return Credentials(scheme="Basic", user=user, secret=secret, secret_file=file)


def _authorization(keys: yaml_mappings.Keys | None, *, folder: Path) -> Credentials | None:
    if keys is None:
        return None
    scheme = keys.take("type", str, default="Bearer")
    secret, file = _secret(keys, "credentials", folder=folder)
    keys.expect_empty()
    if not scheme.isalnum():
        raise BadServerConfigError("authorization: type must be a word such as Bearer")
    return Credentials(scheme=scheme, secret=secret, secret_file=file)


def _secret(keys: yaml_mappings.Keys, name: str, *, folder: Path) -> tuple[str, Path | None]:
    text, file = keys.take(name, str, default=""), keys.take(f"{name}_file", str, default="")
    if bool(text) == bool(file):
        raise BadServerConfigError(f"set either {name} or {name}_file")
    return text, folder / file if file else None


def _tls(keys: yaml_mappings.Keys | None, *, folder: Path) -> TlsSettings:
    if keys is None:
        return TlsSettings()
    files = {name: keys.take(name, str, default="") for name in ("ca_file", "cert_file", "key_file")}
    server_name = keys.take("server_name", str, default="")
    is_unverified = keys.take("insecure_skip_verify", bool, default=False)
    keys.expect_empty()
    if bool(files["cert_file"]) != bool(files["key_file"]):
        raise BadServerConfigError("tls_config: cert_file and key_file require each other")
    paths = {name: folder / file if file else None for name, file in files.items()}
    return TlsSettings(**paths, server_name=server_name or None, is_unverified=is_unverified)
