"""Who may come in, and what every answer says besides: the part of ``--web.config.file`` that is above TLS."""

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

_KNOWN_LOGINS = 100
"""Checks of a password that are remembered: one costs 50 ms and more, on purpose."""

_MAX_PASSWORD = 72
"""Bytes that bcrypt looks at."""


class Keeper(Protocol):
    """What may stand before every handler of an address."""

    @property
    def headers(self) -> Mapping[str, str]:
        """What every answer says besides, whoever made it."""
        ...

    async def refuse(self, request: web.BaseRequest) -> web.Response | None:
        """``None`` for who may come in, and for the others why not."""
        ...


class Guard:
    """The keeper of the public side; ``config`` may be changed at any time."""

    def __init__(self, config: web_config.WebConfig) -> None:
        self._salt = os.urandom(16)
        self._logins: collections.OrderedDict[bytes, bool] = collections.OrderedDict()
        self._checking = asyncio.Semaphore(1)
        self.change(config)

    def change(self, config: web_config.WebConfig) -> None:
        """From now on go by this."""
        self._config = config
        self._tokens = float(config.rate[0]) if config.rate else 0.0
        self._counted = time.monotonic()

    @property
    def headers(self) -> Mapping[str, str]:
        """What every answer says besides, whoever made it."""
        return self._config.headers

    async def refuse(self, request: web.BaseRequest) -> web.Response | None:
        """``None`` for who may come in, and for the others why not."""
        if self._config.rate and not self._has_token(self._config.rate):
            return web.Response(status=429, text="Too Many Requests: rate_limit of the web configuration file\n")
        if self._config.tls is not None and self._config.tls.client_allowed_sans:
            certificate = request.get_extra_info("peercert")
            if not _names(certificate).intersection(self._config.tls.client_allowed_sans):
                return web.Response(status=403, text="Forbidden: no name of the client certificate is allowed\n")
        if self._config.users and not await self._knows(request.headers.get(hdrs.AUTHORIZATION, "")):
            return web.Response(status=401, headers={hdrs.WWW_AUTHENTICATE: "Basic"}, text="Unauthorized\n")
        return None

    def _has_token(self, rate: tuple[int, float]) -> bool:
        burst, interval = rate
        now = time.monotonic()
        self._tokens = min(float(burst), self._tokens + (now - self._counted) / interval)
        self._counted = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    async def _knows(self, authorization: str) -> bool:
        login = _login(authorization)
        if login is None:
            return False
        name, password = login
        hashed = self._config.users.get(name.decode("utf-8", "surrogateescape"), "").encode()
        # SECURITY: somebody unknown is checked, too, against a hash of somebody else: it takes as long to say no.
        other = next(iter(self._config.users.values())).encode()
        # SECURITY: what is remembered is keyed and hashed, so that no password lies in memory to be read.
        told = b"".join(len(part).to_bytes(4) + part for part in (name, hashed, password))
        key = hmac.digest(self._salt, told, hashlib.sha256)
        known = self._logins.get(key)
        if known is None:
            # SECURITY: one check at a time, so that guesses cannot take all cores.
            async with self._checking:
                known = await asyncio.to_thread(_is_right, password, hashed, instead=other)
            self._logins[key] = known
            while len(self._logins) > _KNOWN_LOGINS:
                self._logins.popitem(last=False)
        self._logins.move_to_end(key)
        return known


def _is_right(password: bytes, hashed: bytes, *, instead: bytes) -> bool:
    """Whether it is the password; ``hashed`` is empty for somebody unknown, and then ``instead`` is checked in vain."""
    right = bcrypt.checkpw(password[:_MAX_PASSWORD], hashed or instead)
    return right and bool(hashed)


def _login(authorization: str) -> tuple[bytes, bytes] | None:
    """Name and password of an ``Authorization`` header, ``None`` where it holds none."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, separator, password = base64.b64decode(encoded, validate=True).partition(b":")
    except ValueError:
        return None
    return (name, password) if separator else None


def _names(certificate: Any) -> set[str]:
    """The names and addresses that a verified client certificate is for."""
    return {value for _, value in (certificate or {}).get("subjectAltName", ())}
