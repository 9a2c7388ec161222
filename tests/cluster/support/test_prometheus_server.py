"""A real Prometheus scrapes targets of the tests and returns the stored series."""

import contextlib
import http.server
import socket
import threading
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.support import waiting
from tests.support.kubernetes import cluster_fixtures
from tests.support.processes import ports
from tests.support.prometheus import prometheus_server


class Scrape(NamedTuple):
    """A scrape as a gateway sees it."""

    address: str
    user_agent: str
    timeout: str | None


class Exporter:
    """Serves `text` at any path of one port, on both loopback addresses, and records each scrape."""

    def __init__(self) -> None:
        self.port = ports.free_port()
        self.text = ""
        self.scrapes: list[Scrape] = []

    def note(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        """Record a scrape."""
        headers = handler.headers
        timeout = headers.get("X-Prometheus-Scrape-Timeout-Seconds")
        self.scrapes.append(Scrape(handler.client_address[0], headers["User-Agent"], timeout))

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Serve while the block runs."""
        with contextlib.ExitStack() as running:
            for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
                server = running.enter_context(_server(self, family, host))
                thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
                thread.start()
                running.callback(thread.join)
                running.callback(server.shutdown)
            yield


@pytest.fixture
def exporter() -> Iterator[Exporter]:
    made = Exporter()
    with made.serving():
        yield made


def test_scraped_value_is_returned_by_a_query(
    exporter: Exporter, start_prometheus: cluster_fixtures.StartPrometheus
) -> None:
    exporter.text = 'rows{job="backup"} 42\n'
    server = start_prometheus(prometheus_server.Target(port=exporter.port))
    server.wait_until_up()

    assert server.value("rows") == 42
    (series,) = server.query("rows")
    assert series.labels["job"] == "backup", "honor_labels keeps the pushed job"


def test_series_that_is_no_longer_served_becomes_stale_and_keeps_its_last_value(
    exporter: Exporter, start_prometheus: cluster_fixtures.StartPrometheus
) -> None:
    exporter.text = "rows 7\n"
    server = start_prometheus(prometheus_server.Target(port=exporter.port))
    server.wait_until_up()
    assert not server.is_stale("rows")

    exporter.text = ""

    waiting.eventually(lambda: server.is_stale("rows"), why="the staleness marker", timeout=60.0)
    assert server.final_value("rows") == 7


def test_two_servers_are_two_scrapers(exporter: Exporter, start_prometheus: cluster_fixtures.StartPrometheus) -> None:
    first = start_prometheus(prometheus_server.Target(port=exporter.port, host=prometheus_server.IPV4))
    second = start_prometheus(prometheus_server.Target(port=exporter.port, host=prometheus_server.IPV6))
    first.wait_until_up()
    second.wait_until_up()

    assert {scrape.address for scrape in exporter.scrapes} == {"127.0.0.1", "::1"}
    assert {scrape.timeout for scrape in exporter.scrapes} == {"1"}


def test_paused_server_does_not_scrape_until_it_is_resumed(
    exporter: Exporter, start_prometheus: cluster_fixtures.StartPrometheus
) -> None:
    paused = start_prometheus(prometheus_server.Target(port=exporter.port))
    witness = start_prometheus(prometheus_server.Target(port=exporter.port, host=prometheus_server.IPV6))
    paused.wait_until_up()
    witness.wait_until_up()

    paused.pause()
    exporter.scrapes.clear()
    waiting.eventually(lambda: len(exporter.scrapes) >= 3, why="three scrapes of the other server")
    assert {scrape.address for scrape in exporter.scrapes[1:]} == {"::1"}

    paused.resume()
    waiting.eventually(
        lambda: "127.0.0.1" in {scrape.address for scrape in exporter.scrapes}, why="a scrape of the resumed server"
    )


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_restarted_server_keeps_its_port_and_its_data(
    exporter: Exporter, start_prometheus: cluster_fixtures.StartPrometheus, end: str
) -> None:
    exporter.text = "rows 7\n"
    server = start_prometheus(prometheus_server.Target(port=exporter.port))
    server.wait_until_up()

    getattr(server, end)()
    exporter.text = ""
    server.start()

    assert server.final_value("rows") == 7


def test_rejected_query_raises_an_error_with_the_reason(start_prometheus: cluster_fixtures.StartPrometheus) -> None:
    server = start_prometheus()

    with pytest.raises(prometheus_server.QueryError, match="parse error"):
        server.query("rows{")


def _server(exporter: Exporter, family: socket.AddressFamily, host: str) -> http.server.ThreadingHTTPServer:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            exporter.note(self)
            body = exporter.text.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing: the log of Prometheus shows errors."""

    class Server(http.server.ThreadingHTTPServer):
        address_family = family
        daemon_threads = True

    return Server((host, exporter.port), Handler)
