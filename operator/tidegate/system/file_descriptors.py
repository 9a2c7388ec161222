"""How many files and sockets the process may have open."""

from __future__ import annotations

import logging
import sys

if sys.platform != "win32":
    import resource

_logger = logging.getLogger(__name__)

_RESERVE = 100
"""Descriptors for all that is no connection: files, listening sockets, what watches an answer arrive."""


def raise_limit() -> None:
    """As many as the system lets this process have."""
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == hard:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError) as error:
        # Some systems tell of a hard limit that they do not grant.
        _logger.warning("no more than %d descriptors can be had: %s", soft, error)


def room_for(connections: int) -> int:
    """So many of these connections as there are descriptors for, with some left for other things."""
    if sys.platform == "win32":
        return connections
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    room = max(1, soft - _RESERVE) if soft != resource.RLIM_INFINITY else connections
    if room < connections:
        _logger.warning("%d connections at once, not %d: the limit of descriptors is %d", room, connections, soft)
    return min(room, connections)
