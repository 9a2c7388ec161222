"""A TCP proxy between a client and a server that injects faults: truncated responses, resets, and outages."""

import contextlib
import selectors
import socket
import struct
import threading
from types import TracebackType
from typing import Self

_PIECE = 1024
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of zero seconds: closing resets the connection instead of shutting it down in order."""


class Cutter:
    """Forwards TCP connections to a port; while cut, it forwards the first bytes of a response and then resets.

    If the port has no listener, it resets the client's connection.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self.port: int = self._listener.getsockname()[1]
        self._cut = threading.Event()
        self._held = threading.Event()
        self._closing = threading.Event()
        self._drops = 0
        self._threads = [threading.Thread(target=self._accept, name="wire")]
        self.broken = 0
        """Number of responses truncated so far."""

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def cut(self) -> None:
        """Truncate every response from now on."""
        self._cut.set()

    def mend(self) -> None:
        """Forward everything from now on."""
        self._cut.clear()

    def drop(self) -> None:
        """Reset every current connection; forward new ones."""
        self._drops += 1

    def hold(self) -> None:
        """Reset every connection, including new ones until `release`."""
        self._held.set()
        self.drop()

    def release(self) -> None:
        """Forward connections again after `hold`."""
        self._held.clear()

    def _accept(self) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._forward, args=(client,), name="wire connection")
                self._threads.append(thread)
                thread.start()

    def _forward(self, client: socket.socket) -> None:
        drops = self._drops
        try:
            server = socket.create_connection(("127.0.0.1", self._target))
        except ConnectionError:
            _reset(client)
            return
        with client, server, selectors.DefaultSelector() as selector, contextlib.suppress(ConnectionError):
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while not self._closing.is_set():
                if self._held.is_set() or self._drops > drops:
                    _reset(client, server)
                    return
                for key, _ in selector.select(timeout=0.1):
                    source = client if key.data is server else server
                    if not self._pass_on(source, key.data, answers=source is server):
                        return

    def _pass_on(self, source: socket.socket, target: socket.socket, *, answers: bool) -> bool:
        """Forward available data; return whether the connection stays open."""
        if answers and self._cut.is_set():
            self.broken += 1
            target.sendall(source.recv(_PIECE))
            _reset(source, target)
            return False
        piece = source.recv(65536)
        if piece:
            target.sendall(piece)
        return bool(piece)


def _reset(*ends: socket.socket) -> None:
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        end.close()
