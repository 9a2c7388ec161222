"""``--web.config.file``: TLS, passwords, headers and a rate limit, in the format of Prometheus' exporter-toolkit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from tidegate import settings

_Value = TypeVar("_Value")
_KINDS: Mapping[type, str] = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "a mapping of keys to values",
}

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
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)\Z")
_PLAIN = re.compile(r"[A-Za-z0-9_.@-]{1,64}\Z")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class BadWebConfigError(settings.BadSettingsError):
    """The file cannot be used; the message says which key of it, and why."""


@dataclass(frozen=True, kw_only=True)
class TlsConfig:
    """``tls_server_config``. A certificate, key or CA is a file or the text itself (PEM)."""

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
        """The files whose change is a change of this."""
        return tuple(one for one in (self.cert, self.key, self.client_ca) if isinstance(one, Path))


@dataclass(frozen=True, kw_only=True)
class WebConfig:
    """All of the file. ``users`` are bcrypt hashes by name; ``rate`` is (burst, seconds a request), or ``None``."""

    tls: TlsConfig | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    rate: tuple[int, float] | None = None


def parse(text: str, *, folder: Path) -> WebConfig:
    """The configuration that this text is.

    :param folder: what paths in it are relative to: the file's own.
    :raises BadWebConfigError: it is none.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        # SECURITY: that error quotes the lines around it, and here those hold hashes and keys.
        mark = getattr(error, "problem_mark", None)
        where = f", from line {mark.line + 1}, column {mark.column + 1} on" if mark is not None else ""
        raise BadWebConfigError(f"no YAML{where}") from None
    top = _Keys({} if document is None else document, place="")
    config = WebConfig(
        tls=_tls(top.keys("tls_server_config"), folder=folder),
        headers=_headers(top.keys("http_server_config")),
        users=_users(top.take("basic_auth_users", dict, default={})),
        rate=_rate(top.keys("rate_limit")),
    )
    top.end()
    return config


class _Keys:
    """A mapping of the file, whose keys are taken one by one, so that those nobody knows are left over."""

    def __init__(self, mapping: Any, *, place: str) -> None:
        if not isinstance(mapping, dict):
            raise BadWebConfigError(f"{place or 'the file'} is no mapping of keys to values")
        self._left = dict(mapping)
        self._place = f"{place}." if place else ""

    def take(self, key: str, kind: type[_Value], *, default: _Value) -> _Value:
        value = self._left.pop(key, None)
        if value is None:
            return default
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            # SECURITY: what stands in the wrong place may be a hash or a key.
            raise BadWebConfigError(f"{self._place}{key} is to be {_KINDS[kind]}")
        return value

    def keys(self, key: str) -> _Keys | None:
        if self._left.get(key) is None:
            self._left.pop(key, None)
            return None
        return _Keys(self._left.pop(key), place=self._place + key)

    def texts(self, key: str) -> tuple[str, ...]:
        values = self.take(key, list, default=[])
        if not all(isinstance(value, str) for value in values):
            raise BadWebConfigError(f"{self._place}{key} is to be a list of texts")
        return tuple(values)

    def one_of(self, key: str, known: Sequence[str], default: str) -> str:
        value = self.take(key, str, default=default) or default
        if value not in known:
            raise BadWebConfigError(f"{self._place}{key} is {value!r}: it can be {', '.join(known)}")
        return value

    def file_or_text(self, file_key: str, text_key: str, folder: Path) -> Path | str | None:
        file, text = self.take(file_key, str, default=""), self.take(text_key, str, default="")
        if "\n" in file:
            raise BadWebConfigError(f"{self._place}{file_key} is to be a path: a text goes to {text_key}")
        if file and text:
            raise BadWebConfigError(f"{self._place}{file_key} and {text_key} cannot both be there")
        return folder / file if file else text or None

    def end(self) -> None:
        if self._left:
            raise BadWebConfigError(f"{self._place}{_named(next(iter(self._left)))} is no key that is known here")


def _tls(keys: _Keys | None, *, folder: Path) -> TlsConfig | None:
    if keys is None:
        return None
    cert = keys.file_or_text("cert_file", "cert", folder)
    key = keys.file_or_text("key_file", "key", folder)
    client_ca = keys.file_or_text("client_ca_file", "client_ca", folder)
    client_auth = keys.one_of("client_auth_type", (*CLIENT_AUTH, *_UNVERIFIED), CLIENT_AUTH[0])
    if client_auth in _UNVERIFIED:
        raise BadWebConfigError(
            f"tls_server_config.client_auth_type {client_auth} takes any certificate, which proves nothing, "
            f"and is not offered: use RequireAndVerifyClientCert with a client_ca_file"
        )
    keys.take("prefer_server_cipher_suites", bool, default=True)  # The toolkit, too, reads and ignores it.
    parsed = {
        "client_ca": client_ca,
        "client_auth": client_auth,
        "client_allowed_sans": keys.texts("client_allowed_sans"),
        "min_version": keys.one_of("min_version", VERSIONS, "TLS12"),
        "max_version": keys.one_of("max_version", VERSIONS, "TLS13"),
        "cipher_suites": keys.texts("cipher_suites"),
        "curve_preferences": keys.texts("curve_preferences"),
    }
    keys.end()
    if cert is None or key is None:
        raise BadWebConfigError("tls_server_config needs cert_file and key_file, or cert and key")
    if (client_ca is None) != (client_auth == CLIENT_AUTH[0]):
        raise BadWebConfigError("tls_server_config.client_ca_file and client_auth_type need each other")
    return TlsConfig(cert=cert, key=key, **parsed)  # type: ignore[arg-type]


def _headers(keys: _Keys | None) -> Mapping[str, str]:
    if keys is None:
        return {}
    keys.take(
        "http2", bool, default=True
    )  # Read for the file's sake: aiohttp speaks HTTP/1.1, and clients agree to it.
    headers: dict[Any, Any] = keys.take("headers", dict, default={})
    keys.end()
    for name, value in headers.items():
        if name not in _HEADERS or not isinstance(value, str) or not value.isprintable():
            raise BadWebConfigError(f"http_server_config.headers: {_named(name)} cannot be set, or not to this value")
        if _HEADERS[name] and value not in _HEADERS[name]:
            raise BadWebConfigError(f"http_server_config.headers: {name} can be {' or '.join(_HEADERS[name])}")
    return headers


def _users(users: dict[Any, Any]) -> Mapping[str, str]:
    for name, hashed in users.items():
        if not isinstance(name, str) or not isinstance(hashed, str) or not _HASH.match(hashed):
            raise BadWebConfigError(
                f"basic_auth_users: {_named(name)} has no bcrypt hash; make one with `htpasswd -nB`"
            )
    return users


def _named(key: object) -> str:
    """A key of the file for a message: where a blank after a colon is missing, a key has its value in it."""
    return key if isinstance(key, str) and _PLAIN.match(key) else "a key that is no plain word"


def _rate(keys: _Keys | None) -> tuple[int, float] | None:
    if keys is None:
        return None
    burst, interval = keys.take("burst", int, default=0), keys.take("interval", str, default="0s")
    keys.end()
    match = _DURATION.match(interval)
    if match is None or burst < 0:
        raise BadWebConfigError("rate_limit needs a burst of requests and an interval such as 100ms")
    seconds = float(match[1]) * _SECONDS[match[2]]
    return (max(1, burst), seconds) if seconds else None
