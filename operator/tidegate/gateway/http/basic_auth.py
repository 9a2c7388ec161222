"""Authentication by ``--web.config.file``: passwords, client certificates, a rate limit, and response headers."""

from __future__ import annotations

import asyncio
import base64
import collections
import hashlib
import hmac
import os
import time
from collections.abc import Mapping
from typing import Any, Protocol

import bcrypt
from aiohttp import hdrs, web

from tidegate.gateway.http import web_config

_MAX_CACHED_LOGINS = 100
"""Results of password checks that are cached: bcrypt takes 50 ms and more, on purpose."""

_MAX_PASSWORD_BYTES = 72
"""Bytes of a password that bcrypt uses."""


class Authenticator(Protocol):
    """Checks every request of an address before its handler runs."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers added to every response, rejections included."""
        ...

    async def check(self, request: web.BaseRequest) -> web.Response | None:
        """``None`` to accept the request, else the response that rejects it."""
        ...


class WebAuthenticator:
    """The authenticator of the public address."""

    def __init__(self, config: web_config.WebConfig) -> None:
        self._salt = os.urandom(16)
        self._logins: collections.OrderedDict[bytes, bool] = collections.OrderedDict()
        self._bcrypt_limit = asyncio.Semaphore(1)
        self.update(config)

    def update(self, config: web_config.WebConfig) -> None:
        """Use this configuration for further requests."""
        self._config = config
        self._rate_tokens = float(config.rate[0]) if config.rate else 0.0
        self._rate_updated = time.monotonic()

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers added to every response, rejections included."""
        return self._config.headers

    async def check(self, request: web.BaseRequest) -> web.Response | None:
        """``None`` to accept the request, else 429, 403 or 401."""
        if self._config.rate and not self._take_rate_token(self._config.rate):
            return web.Response(
                status=429, text="Too Many Requests: over rate_limit of the web configuration file; try again later\n"
            )
        if self._config.tls is not None and self._config.tls.client_allowed_sans:
            certificate = request.get_extra_info("peercert")
            if not _subject_alt_names(certificate).intersection(self._config.tls.client_allowed_sans):
                return web.Response(
                    status=403, text="Forbidden: the client certificate has no name of client_allowed_sans\n"
                )
        if self._config.users and not await self._is_valid(request.headers.get(hdrs.AUTHORIZATION, "")):
            return web.Response(status=401, headers={hdrs.WWW_AUTHENTICATE: "Basic"}, text="Unauthorized\n")
        return None

    def _take_rate_token(self, rate: tuple[int, float]) -> bool:
        burst, interval = rate
        now = time.monotonic()
        self._rate_tokens = min(float(burst), self._rate_tokens + (now - self._rate_updated) / interval)
        self._rate_updated = now
        if self._rate_tokens < 1:
            return False
        self._rate_tokens -= 1
        return True

    async def _is_valid(self, authorization: str) -> bool:
        login = _parse_basic(authorization)
        if login is None:
            return False
        name, password = login
        hashed = self._config.users.get(name.decode("utf-8", "surrogateescape"), "").encode()
        # SECURITY: for an unknown user another user's hash is checked, so that the response takes as long.
        other = next(iter(self._config.users.values())).encode()
        # SECURITY: the cache key is a keyed hash, so that no password is stored in memory.
        parts = b"".join(len(part).to_bytes(4) + part for part in (name, hashed, password))
        key = hmac.digest(self._salt, parts, hashlib.sha256)
        is_valid = self._logins.get(key)
        if is_valid is None:
            # SECURITY: one check at a time, so that guesses cannot take all cores.
            async with self._bcrypt_limit:
                is_valid = await asyncio.to_thread(_check_password, password, hashed, decoy=other)
            self._logins[key] = is_valid
            while len(self._logins) > _MAX_CACHED_LOGINS:
                self._logins.popitem(last=False)
        self._logins.move_to_end(key)
        return is_valid


def _check_password(password: bytes, hashed: bytes, *, decoy: bytes) -> bool:
    """Whether this is the password of ``hashed``.

    If ``hashed`` is empty (an unknown user), ``decoy`` is checked instead and the result is ``False``.
    """
    is_match = bcrypt.checkpw(password[:_MAX_PASSWORD_BYTES], hashed or decoy)
    return is_match and bool(hashed)


def _parse_basic(authorization: str) -> tuple[bytes, bytes] | None:
    """Name and password of an ``Authorization`` header; ``None`` if it is not valid Basic authentication."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, separator, password = base64.b64decode(encoded, validate=True).partition(b":")
    except ValueError:
        return None
    return (name, password) if separator else None


def _subject_alt_names(certificate: Any) -> set[str]:
    """The names and addresses of a verified client certificate; empty without one."""
    return {value for _, value in (certificate or {}).get("subjectAltName", ())}
