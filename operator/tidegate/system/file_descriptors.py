"""The limit on open files and sockets of the process."""

from __future__ import annotations

import logging
import sys

if sys.platform != "win32":
    import resource

_logger = logging.getLogger(__name__)

_RESERVE = 100
"""File descriptors for other uses than connections: files, listening sockets, duplicates that confirm deliveries."""


def raise_limit() -> None:
    """Raise the limit as far as the system allows."""
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == hard:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError) as error:
        # Some systems report a hard limit that they do not grant.
        _logger.warning("cannot raise the limit on file descriptors from %d to %d: %s", soft, hard, error)


def room_for(connections: int) -> int:
    """The number of connections, at most this many, that the limit on file descriptors allows."""
    if sys.platform == "win32":
        return connections
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    room = max(1, soft - _RESERVE) if soft != resource.RLIM_INFINITY else connections
    if room < connections:
        _logger.warning(
            "serving at most %d connections instead of %d (--limit.connections): the limit on file descriptors is %d",
            room,
            connections,
            soft,
        )
    return min(room, connections)
