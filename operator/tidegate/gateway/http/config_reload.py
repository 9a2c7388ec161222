"""``--web.config.file``, read at the start and whenever it or a file that it names has changed."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple, TypeAlias

from tidegate.gateway.http import tls_contexts, web_config

_logger = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0

_Signature: TypeAlias = tuple[tuple[int, int, int] | None, ...]


class Loaded(NamedTuple):
    """The configuration, and the TLS context that it asks for, if any."""

    config: web_config.WebConfig
    tls: ssl.SSLContext | None


class WebConfigFile:
    """The file, or none: then there is nothing to be configured, and nothing changes.

    :param path: empty for none.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path) if path else None
        self._files: tuple[Path, ...] = (self._path,) if self._path else ()
        self._seen: _Signature = ()

    def load(self) -> Loaded:
        """Read it all.

        :raises webconfigs.BadWebConfigError: it cannot be used.
        """
        if self._path is None:
            return Loaded(web_config.WebConfig(), None)
        self._files = (self._path,)
        try:
            config = web_config.parse(self._path.read_text(), folder=self._path.parent)
            self._files += config.tls.files if config.tls else ()
            # Looked at before they are read: a change in between is seen as one at the next look.
            self._seen = _signature(self._files)
            return Loaded(config, tls_contexts.build(config.tls) if config.tls else None)
        except (OSError, ValueError) as error:
            self._seen = _signature(self._files)
            raise web_config.BadWebConfigError(f"--web.config.file {self._path}: {error}") from error

    async def follow(self, changed: Callable[[Loaded], Awaitable[None]]) -> None:
        """Tell of every change, for ever; one that cannot be used is logged, and what there was stays in force."""
        while self._path is not None:
            await asyncio.sleep(_LOOK_SECONDS)
            if _signature(self._files) == self._seen:
                continue
            try:
                loaded = self.load()
            except web_config.BadWebConfigError as error:
                _logger.error("the changed web configuration is not used, the one before stays: %s", error)
                continue
            await changed(loaded)
            _logger.info("the changed web configuration is in force")


def _signature(files: tuple[Path, ...]) -> _Signature:
    """What tells a file from what it was: which one it is, when it was written, how long it is."""
    found: list[tuple[int, int, int] | None] = []
    for file in files:
        try:
            status = file.stat()
        except OSError:
            found.append(None)
        else:
            found.append((status.st_ino, status.st_mtime_ns, status.st_size))
    return tuple(found)
