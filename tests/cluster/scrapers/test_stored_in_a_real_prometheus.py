"""With ``--drain.confirm=stored``, a group is deleted only once Prometheus returns its last push, or at its timeout.

Each test is one way in which Prometheus loses a scrape that it has received.
"""

from __future__ import annotations

import contextlib
import http.client
import http.server
import resource
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support import waiting
from tests.support.processes import ports
from tests.support.prometheus import prometheus_server
from tests.support.scrapers import scraped_gateway

NAMES = ["g0", "g1", "g2"]
Scene = Callable[..., "tuple[scraped_gateway.ScrapedGateway, prometheus_server.Prometheus]"]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Starts a gateway and the Prometheus that it queries; keyword arguments are those of the scrape target."""
    with contextlib.ExitStack() as running:

        def start(
            *,
            arguments: Sequence[str] = (),
            drain_timeout: float = 60.0,
            through: Callable[[int], int] | None = None,
            **target: Any,
        ) -> tuple[scraped_gateway.ScrapedGateway, prometheus_server.Prometheus]:
            port = ports.free_port()
            gateway = scraped_gateway.ScrapedGateway(
                tmp_path / "gateway",
                arguments=("--drain.confirm=stored", f"--prometheus.url={_url(port)}", *arguments),
                drain_timeout=drain_timeout,
            )
            running.callback(gateway.process.stop)
            scraped = gateway.port if through is None else through(gateway.port)
            server = prometheus_server.Prometheus(
                tmp_path / "prometheus", targets=[prometheus_server.Target(port=scraped, **target)], port=port
            )
            running.callback(server.kill)
            server.start()
            gateway.wait_for_readers(1)
            return gateway, server

        yield start


def _expect_kept(gateway: scraped_gateway.ScrapedGateway, *, why: str) -> None:
    """Wait until every group of `NAMES` waits for the database, as the gateway explains with these words."""

    def are_kept() -> bool:
        groups = [group for group in gateway.groups() if group["labels"]["job"] in NAMES]
        assert len(groups) == len(NAMES), gateway.deletions()
        return all(group["drain"] and group["drain"]["waits_for"] == "databases" for group in groups)

    waiting.eventually(are_kept, why="the groups to wait for Prometheus")
    assert all(why in group["why"][-1] for group in gateway.groups() if group["labels"]["job"] in NAMES)


@pytest.mark.parametrize("honor_labels", [True, False], ids=["honor_labels", "exported labels"])
def test_group_is_deleted_as_stored_once_prometheus_returns_its_last_push(scene: Scene, *, honor_labels: bool) -> None:
    gateway, server = scene(honor_labels=honor_labels)
    gateway.push(NAMES)
    gateway.wait_until_empty()
    assert gateway.deletions() == dict.fromkeys(NAMES, "stored")
    assert len(server.query(f"last_over_time({scraped_gateway.VALUE}[1h])")) == len(NAMES)


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"sample_limit": 20}, id="sample_limit"),
        pytest.param({"label_limit": 4}, id="label_limit"),
        pytest.param({"label_value_length_limit": 8}, id="label_value_length_limit"),
    ],
)
def test_group_is_kept_if_the_whole_scrape_is_over_a_limit(scene: Scene, settings: Mapping[str, Any]) -> None:
    gateway, server = scene(settings=settings)
    gateway.push(NAMES)
    _expect_kept(gateway, why="Every active scraper has read its last push")
    assert server.query(scraped_gateway.VALUE) == []


def test_group_is_kept_if_its_series_are_dropped(scene: Scene) -> None:
    gateway, _ = scene(relabelings=[{"action": "drop", "source_labels": ["job"], "regex": "g.*"}])
    gateway.push(NAMES)
    _expect_kept(gateway, why="it waits until")


def test_group_is_kept_if_a_grouping_label_is_dropped(scene: Scene) -> None:
    gateway, _ = scene(relabelings=[{"action": "labeldrop", "regex": "job"}])
    gateway.push(NAMES)
    _expect_kept(gateway, why="it waits until")


def test_group_is_kept_while_the_disk_of_prometheus_is_full_and_deleted_when_it_has_space(scene: Scene) -> None:
    gateway, server = scene()
    # No file can become larger: every write of Prometheus' log fails, as on a full disk.
    unlimited = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    gateway.push(NAMES)
    _expect_kept(gateway, why="it waits until")
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, unlimited)
    gateway.wait_until_empty()
    assert set(gateway.deletions().values()) == {"stored"}
    assert scraped_gateway.lost(server, NAMES) == []


def test_group_is_kept_if_prometheus_times_out_behind_a_buffering_proxy(scene: Scene) -> None:
    with contextlib.ExitStack() as running:
        proxy = BufferingProxy()

        def through(port: int) -> int:
            return running.enter_context(proxy.serving(port))

        gateway, server = scene(through=through)
        proxy.is_slow = True
        gateway.push(NAMES)
        _expect_kept(gateway, why="it waits until")
        assert server.query(scraped_gateway.VALUE) == []
        proxy.is_slow = False
        gateway.wait_until_empty()
        assert scraped_gateway.lost(server, NAMES) == []


def test_group_that_is_never_stored_is_deleted_at_its_timeout_and_counted_as_such(scene: Scene) -> None:
    gateway, _ = scene(settings={"sample_limit": 20}, drain_timeout=5.0)
    gateway.push(NAMES)
    gateway.wait_until_empty()
    assert gateway.deletions() == dict.fromkeys(NAMES, "timeout")


def test_group_is_kept_until_every_configured_prometheus_returns_it(scene: Scene, tmp_path: Path) -> None:
    second_port = ports.free_port()
    gateway, first = scene(arguments=[f"--prometheus.url={_url(second_port)}"])
    gateway.push(NAMES)
    _expect_kept(gateway, why=f"{_url(second_port)} cannot be queried")
    target = prometheus_server.Target(port=gateway.port)
    second = prometheus_server.Prometheus(tmp_path / "second", targets=[target], name="second", port=second_port)
    try:
        second.start()
        gateway.wait_until_empty()
        assert gateway.deletions() == dict.fromkeys(NAMES, "stored")
        assert [scraped_gateway.lost(server, NAMES) for server in (first, second)] == [[], []]
    finally:
        second.kill()


def _url(port: int) -> str:
    return f"http://{prometheus_server.IPV4}:{port}"


class BufferingProxy:
    """A proxy that reads a whole response before it sends it on.

    :ivar is_slow: whether the client times out before the proxy responds.
    """

    def __init__(self) -> None:
        self.is_slow = False
        self._fast = threading.Event()

    @contextlib.contextmanager
    def serving(self, port: int) -> Iterator[int]:
        """Forward requests to this port; the result is the proxy's own port."""
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                request = urllib.request.Request(f"http://127.0.0.1:{port}{self.path}", headers=headers)
                with urllib.request.urlopen(request, timeout=10.0) as response:
                    body, sent = response.read(), response.headers
                if proxy.is_slow:
                    proxy._fast.wait(1.5)
                with contextlib.suppress(ConnectionError):
                    self._send(body, sent)

            def _send(self, body: bytes, sent: http.client.HTTPMessage) -> None:
                self.send_response(200)
                for name in ("Content-Type", "Content-Encoding"):
                    if name in sent:
                        self.send_header(name, sent[name])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, name="proxy")
            thread.start()
            try:
                yield int(server.server_address[1])
            finally:
                self._fast.set()
                server.shutdown()
                thread.join()
