"""Whether an answer has reached its reader.

Writing to a socket only hands bytes to the kernel. A scrape counts as read when the peer's kernel has acknowledged all
of them and the connection is still whole a moment later: a reader that gives up with bytes unread resets it.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import sys
from typing import Final

if sys.platform == "linux":
    import fcntl
    import termios

_SETTLE_SECONDS = 0.25
"""How long a connection must stay whole after the last byte was acknowledged. A reader that stops half way closes as
soon as it stops; this is time for its reset to arrive."""

_POLL_SECONDS = 0.01
_BROKEN_STATE: Final = 7
"""TCP_CLOSE of the kernel: after a reset. An orderly close of the peer is another state (CLOSE_WAIT)."""


class Delivery:
    """Watches one connection through a duplicate of its socket, which outlives the server's own."""

    def __init__(self, transport: asyncio.Transport | None) -> None:
        self._transport = transport
        known = transport.get_extra_info("socket") if transport is not None else None
        self._socket = socket.socket(fileno=os.dup(known.fileno())) if known is not None else None

    async def confirmed(self, *, within: float) -> bool:
        """Whether all that was written has arrived.

        :param within: seconds after which it no longer counts.
        """
        try:
            async with asyncio.timeout(within):
                while not self._all_sent():
                    if self._broken():
                        return False
                    await asyncio.sleep(_POLL_SECONDS)
            await asyncio.sleep(_SETTLE_SECONDS)
            return not self._broken()
        except TimeoutError:
            return False

    def close(self) -> None:
        """Let go of the duplicate. Always call it: the connection stays open for as long as it lives."""
        if self._socket is not None:
            self._socket.close()

    def _all_sent(self) -> bool:
        if self._transport is not None and self._transport.get_write_buffer_size():
            return False
        return self._socket is None or _unacknowledged(self._socket) == 0

    def _broken(self) -> bool:
        return self._socket is None or _tcp_state(self._socket) == _BROKEN_STATE


def _unacknowledged(connection: socket.socket) -> int:
    """Bytes that the peer's kernel has not acknowledged; 0 where the platform does not tell."""
    if sys.platform != "linux":
        return 0
    answer = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
    return int(struct.unpack("i", answer)[0])


def _tcp_state(connection: socket.socket) -> int | None:
    """The kernel's state of the connection; ``None`` where it is no TCP or the platform does not tell."""
    if sys.platform != "linux" or connection.family not in (socket.AF_INET, socket.AF_INET6):
        return None
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
