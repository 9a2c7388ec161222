"""The fault-injecting proxy has the effects that its methods are named after."""

import contextlib
import http.client
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.support.jobs import network_faults
from tests.support.processes import ports

_BODY = b"x" * 100_000


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(_BODY)))
        self.end_headers()
        self.wfile.write(_BODY)

    def log_message(self, format: str, *args: object) -> None:
        """Discard the log."""


@pytest.fixture
def wire() -> Iterator[network_faults.Cutter]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    try:
        with network_faults.Cutter(server.server_port) as created:
            yield created
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def test_request_and_response_are_forwarded(wire: network_faults.Cutter) -> None:
    with _client(wire) as client:
        assert _get(client) == _BODY


def test_drop_resets_current_connections_only(wire: network_faults.Cutter) -> None:
    with _client(wire) as kept, _client(wire) as later:
        _get(kept)
        wire.drop()
        with pytest.raises(ConnectionResetError):
            kept.sock.recv(1)
        assert _get(later) == _BODY


def test_hold_resets_new_connections(wire: network_faults.Cutter) -> None:
    with _client(wire) as early, _client(wire) as later:
        wire.hold()
        with pytest.raises(_BROKEN):
            _get(early)
        wire.release()
        assert _get(later) == _BODY


def test_cut_truncates_a_response(wire: network_faults.Cutter) -> None:
    wire.cut()
    with _client(wire) as client, pytest.raises(_BROKEN):
        _get(client)
    assert wire.broken == 1


def test_client_is_reset_if_the_port_has_no_listener() -> None:
    with network_faults.Cutter(ports.free_port()) as wire, _client(wire) as client, pytest.raises(_BROKEN):
        _get(client)


_BROKEN = (ConnectionError, http.client.HTTPException)


def _client(wire: network_faults.Cutter) -> contextlib.closing[http.client.HTTPConnection]:
    return contextlib.closing(http.client.HTTPConnection("127.0.0.1", wire.port, timeout=10))


def _get(client: http.client.HTTPConnection) -> bytes:
    client.request("GET", "/")
    with client.getresponse() as answer:
        return answer.read()
