"""Confirmation that a response has reached its client.

Writing to a socket only hands bytes to the kernel. A response counts as delivered when the peer's kernel has
acknowledged all bytes and the connection is still intact a moment later: a client that stops with bytes unread resets
it.
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

_POLL_SECONDS = 0.01
_BROKEN_STATE: Final = 7
"""TCP_CLOSE of the kernel, the state after a reset. After an orderly close by the peer it is CLOSE_WAIT."""


class Delivery:
    """Observes one connection through a duplicate of its socket, which stays valid after the server closes its own.

    :param settle_seconds: how long the connection must stay intact after the last byte was acknowledged.
    """

    def __init__(self, transport: asyncio.Transport | None, *, settle_seconds: float) -> None:
        self._transport = transport
        self._settle_seconds = settle_seconds
        original = transport.get_extra_info("socket") if transport is not None else None
        self._socket = socket.socket(fileno=os.dup(original.fileno())) if original is not None else None

    async def is_confirmed(self, *, timeout: float) -> bool:  # noqa: ASYNC109 - the result is False then
        """Wait until everything that was written has arrived; ``False`` if it does not within ``timeout`` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while not self._is_all_sent():
                    if self._is_broken():
                        return False
                    await asyncio.sleep(_POLL_SECONDS)
            await asyncio.sleep(self._settle_seconds)
            return not self._is_broken()
        except TimeoutError:
            return False

    def close(self) -> None:
        """Close the duplicate. Always call this: until then the connection stays open."""
        if self._socket is not None:
            self._socket.close()

    def _is_all_sent(self) -> bool:
        if self._transport is not None and self._transport.get_write_buffer_size():
            return False
        return self._socket is None or _unacknowledged(self._socket) == 0

    def _is_broken(self) -> bool:
        return self._socket is None or _tcp_state(self._socket) == _BROKEN_STATE


def _unacknowledged(connection: socket.socket) -> int:
    """Bytes that the peer's kernel has not acknowledged; 0 if the platform does not report them."""
    if sys.platform != "linux":
        return 0
    result = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
    return int(struct.unpack("i", result)[0])


def _tcp_state(connection: socket.socket) -> int | None:
    """The kernel's TCP state of the connection; ``None`` if it is not TCP or the platform does not report it."""
    if sys.platform != "linux" or connection.family not in (socket.AF_INET, socket.AF_INET6):
        return None
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
