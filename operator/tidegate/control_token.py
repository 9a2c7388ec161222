"""The token of the control API, which the gateway creates and the operator presents.

They share it in a file or, in one process, as a value.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import tempfile
from pathlib import Path

from tidegate import settings

MIN_LENGTH = 32
"""Characters of the shortest token that is accepted: 32 random ones cannot be guessed."""

_BYTES = 32
_MAX_LENGTH = 1024
"""Characters of the longest token that is accepted: it must fit into a header."""


class TokenFileError(OSError):
    """The token cannot be read or created. The message has the reason, never the content of the file."""


def new() -> str:
    """A new random token."""
    return secrets.token_urlsafe(_BYTES)


def issue(token_settings: settings.TokenSettings) -> str | None:
    """The token that the gateway requires; ``None`` if none is configured. A missing file is created with a new token.

    :raises TokenFileError: the file can be neither read nor created.
    """
    if not token_settings.file:
        return token_settings.value or None
    path = Path(token_settings.file)
    try:
        if not path.exists():
            _create(path)
    except OSError as error:
        raise TokenFileError(f"--control.token-file {path} cannot be created: {error.strerror or error}") from error
    return _read(path)


class Token:
    """The token that the operator presents. Its file is read at the first use, and again after a rejection."""

    def __init__(self, token_settings: settings.TokenSettings) -> None:
        self._path = Path(token_settings.file) if token_settings.file else None
        self._value = "" if token_settings.file else token_settings.value

    def value(self) -> str:
        """The token.

        :raises TokenFileError: the file does not exist yet, or is invalid.
        """
        if not self._value and self._path is not None:
            self._value = _read(self._path)
        return self._value

    def invalidate(self) -> None:
        """Read the file again at the next use, because the gateway rejected the token."""
        if self._path is not None:
            self._value = ""


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SECURITY: written under a temporary name that only the owner can read, and linked to its name when it is complete.
    # Linking fails if the name exists, so two processes that start together both use the token of the first.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "w") as file:
            file.write(new() + "\n")
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        os.unlink(temporary)


def _read(path: Path) -> str:
    try:
        with path.open(encoding="ascii") as file:
            mode = os.fstat(file.fileno()).st_mode
            token = file.read(_MAX_LENGTH + 1).strip()
    except FileNotFoundError as error:
        reason = "does not exist yet: a gateway with the same flag creates it when it starts"
        raise TokenFileError(f"--control.token-file {path} {reason}") from error
    except OSError as error:
        raise TokenFileError(f"--control.token-file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        # SECURITY: the error contains what was read.
        raise TokenFileError(
            f"--control.token-file {path} is not ASCII text: write a token to it, or delete it"
        ) from None
    # SECURITY: the group may read it, because a Pod's volume belongs to its fsGroup, which has no other members.
    if mode & stat.S_IRWXO:
        raise TokenFileError(f"--control.token-file {path} is accessible to every user of this machine: run chmod 0600")
    if not MIN_LENGTH <= len(token) <= _MAX_LENGTH or not (token.isprintable() and token.split() == [token]):
        raise TokenFileError(
            f"--control.token-file {path} must contain one word of {MIN_LENGTH} to {_MAX_LENGTH} characters"
        )
    return token
