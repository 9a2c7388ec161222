"""The wire that faults are made with does what they are named after."""

import contextlib
import http.client
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.e2e import network_faults
from tests.support import ports

_BODY = b"x" * 100_000


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(_BODY)))
        self.end_headers()
        self.wfile.write(_BODY)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def wire() -> Iterator[network_faults.Cutter]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    try:
        with network_faults.Cutter(server.server_port) as made:
            yield made
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def test_what_is_asked_is_answered(wire: network_faults.Cutter) -> None:
    with _client(wire) as client:
        assert _ask(client) == _BODY


def test_a_dropped_connection_is_reset_and_a_new_one_is_not(wire: network_faults.Cutter) -> None:
    with _client(wire) as kept, _client(wire) as later:
        _ask(kept)
        wire.drop()
        with pytest.raises(ConnectionResetError):
            kept.sock.recv(1)
        assert _ask(later) == _BODY


def test_while_it_is_held_nobody_gets_through(wire: network_faults.Cutter) -> None:
    with _client(wire) as early, _client(wire) as later:
        wire.hold()
        with pytest.raises(_BROKEN):
            _ask(early)
        wire.release()
        assert _ask(later) == _BODY


def test_a_cut_answer_does_not_arrive_whole(wire: network_faults.Cutter) -> None:
    wire.cut()
    with _client(wire) as client, pytest.raises(_BROKEN):
        _ask(client)
    assert wire.broken == 1


def test_where_nobody_listens_the_client_is_reset() -> None:
    with network_faults.Cutter(ports.free_port()) as wire, _client(wire) as client, pytest.raises(_BROKEN):
        _ask(client)


_BROKEN = (ConnectionError, http.client.HTTPException)


def _client(wire: network_faults.Cutter) -> contextlib.closing[http.client.HTTPConnection]:
    return contextlib.closing(http.client.HTTPConnection("127.0.0.1", wire.port, timeout=10))


def _ask(client: http.client.HTTPConnection) -> bytes:
    client.request("GET", "/")
    with client.getresponse() as answer:
        return answer.read()
