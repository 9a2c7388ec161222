"""Loading and reloading of ``--web.config.file``."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple, TypeAlias

from tidegate.gateway.http import tls_contexts, web_config

_logger = logging.getLogger(__name__)

_Signature: TypeAlias = tuple[tuple[int, int, int] | None, ...]


class LoadedConfig(NamedTuple):
    """The configuration, and its TLS context if it enables TLS."""

    config: web_config.WebConfig
    tls: ssl.SSLContext | None


class WebConfigFile:
    """The web configuration file and the certificate files that it names.

    :param path: empty for no file: the configuration is then empty and never changes.
    :param check_seconds: the interval between checks of the files for changes.
    """

    def __init__(self, path: str, *, check_seconds: float) -> None:
        self._check_seconds = check_seconds
        self._path = Path(path) if path else None
        self._files: tuple[Path, ...] = (self._path,) if self._path else ()
        self._loaded: _Signature = ()

    def load(self) -> LoadedConfig:
        """Read all files.

        :raises web_config.BadWebConfigError: a file cannot be read or is invalid.
        """
        if self._path is None:
            return LoadedConfig(web_config.WebConfig(), None)
        self._files = (self._path,)
        try:
            config = web_config.parse(self._path.read_text(), folder=self._path.parent)
            self._files += config.tls.files if config.tls else ()
            # Taken before the certificates are read: a change in between is noticed by the next check.
            self._loaded = _signature(self._files)
            return LoadedConfig(config, tls_contexts.build(config.tls) if config.tls else None)
        except (OSError, ValueError) as error:
            self._loaded = _signature(self._files)
            raise web_config.BadWebConfigError(f"--web.config.file {self._path}: {error}") from error

    async def watch(self, on_change: Callable[[LoadedConfig], Awaitable[None]]) -> None:
        """Reload after every change of a file, until cancelled. An invalid configuration is logged and not used."""
        while self._path is not None:
            await asyncio.sleep(self._check_seconds)
            if _signature(self._files) == self._loaded:
                continue
            try:
                loaded = self.load()
            except web_config.BadWebConfigError as error:
                _logger.error("reload failed; keeping the previous web configuration: %s", error)
                continue
            await on_change(loaded)
            _logger.info("reloaded the web configuration from %s", self._path)


def _signature(files: tuple[Path, ...]) -> _Signature:
    """Inode, modification time and size of each file, which differ after a change; ``None`` for a missing file."""
    signature: list[tuple[int, int, int] | None] = []
    for file in files:
        try:
            status = file.stat()
        except OSError:
            signature.append(None)
        else:
            signature.append((status.st_ino, status.st_mtime_ns, status.st_size))
    return tuple(signature)
