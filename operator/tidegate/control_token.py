"""The token of the control API: the gateway makes it and asks for it, the operator shows it.

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

LEAST = 32
"""Characters of the shortest token that is taken: nobody guesses 32 that were drawn."""

_BYTES = 32
_MOST = 1024
"""Characters of the longest: it is to fit into a header."""


class TokenFileError(OSError):
    """The token cannot be had; the message says why, and never what is in the file."""


def new() -> str:
    """A token that nobody has had."""
    return secrets.token_urlsafe(_BYTES)


def issue(chosen: settings.TokenSettings) -> str | None:
    """The token to ask for, ``None`` where none is chosen; a file that is not there is made, with a new one in it.

    :raises TokenFileError: the file can be neither made nor used.
    """
    if not chosen.file:
        return chosen.value or None
    path = Path(chosen.file)
    try:
        if not path.exists():
            _make(path)
    except OSError as error:
        raise TokenFileError(f"--control.token-file {path} cannot be made: {error.strerror or error}") from error
    return _read(path)


class Token:
    """The token to show. A file is read when it is first asked for, and again once it was refused."""

    def __init__(self, chosen: settings.TokenSettings) -> None:
        self._path = Path(chosen.file) if chosen.file else None
        self._value = "" if chosen.file else chosen.value

    def value(self) -> str:
        """The token.

        :raises TokenFileError: the file is not there (yet), or cannot be used.
        """
        if not self._value and self._path is not None:
            self._value = _read(self._path)
        return self._value

    def refused(self) -> None:
        """It was not the right one: the file may hold another by now."""
        if self._path is not None:
            self._value = ""


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SECURITY: written under another name, for its owner alone, and given its own when it is whole. A link is refused
    # where the name is taken, so of two who begin at once both end up with the token of the first.
    descriptor, other = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "w") as file:
            file.write(new() + "\n")
        with contextlib.suppress(FileExistsError):
            os.link(other, path)
    finally:
        os.unlink(other)


def _read(path: Path) -> str:
    try:
        with path.open(encoding="ascii") as file:
            mode = os.fstat(file.fileno()).st_mode
            token = file.read(_MOST + 1).strip()
    except FileNotFoundError as error:
        why = "is not there yet: a gateway with the same flag makes it when it starts"
        raise TokenFileError(f"--control.token-file {path} {why}") from error
    except OSError as error:
        raise TokenFileError(f"--control.token-file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        # SECURITY: that error holds what was read.
        raise TokenFileError(f"--control.token-file {path} holds no token but other bytes") from None
    # SECURITY: a group is let in, since a volume of a Pod is given to its fsGroup, and nobody else is in that.
    if mode & stat.S_IRWXO:
        raise TokenFileError(f"--control.token-file {path} is open to everybody on this machine: chmod 0600")
    if not LEAST <= len(token) <= _MOST or not (token.isprintable() and token.split() == [token]):
        raise TokenFileError(f"--control.token-file {path} needs one word of {LEAST} to {_MOST} characters")
    return token
