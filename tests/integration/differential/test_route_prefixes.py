"""The paths of both servers with the flags that set a prefix."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.integration.differential import case_builders, conftest
from tests.support.pushgateway import comparisons, pushgateway_servers

_FLAGS = {
    "prefix": ("/a/b", ["--web.route-prefix=/a/b/"]),
    "prefix-without-a-slash": ("/a", ["--web.route-prefix=a"]),
    "prefix-like-a-path": ("/metrics/job", ["--web.route-prefix=/metrics/job"]),
    "prefix-and-telemetry-path": ("/a", ["--web.route-prefix=/a", "--web.telemetry-path=/scrape"]),
    "telemetry-path": ("", ["--web.telemetry-path=/scrape"]),
    "external-url": ("/x", ["--web.external-url=http://gateway.test/x/"]),
    "external-url-without-a-path": ("", ["--web.external-url=https://gateway.test"]),
    "external-url-and-no-prefix": ("", ["--web.external-url=http://gateway.test/x", "--web.route-prefix=/"]),
}


@pytest.fixture(scope="module", params=_FLAGS.items(), ids=lambda named: named[0])
def moved(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, conftest.Pair]]:
    """The prefix, and both servers running with it."""
    name, (prefix, flags) = request.param
    *_, find = pushgateway_servers.programs().values()
    folder: Path = tmp_path_factory.mktemp(name)
    with conftest.running_pair(find, folder, *flags, prefix=prefix) as pair:
        yield prefix, pair


def test_every_path_has_the_same_prefix_as_in_pushgateway(moved: tuple[str, conftest.Pair]) -> None:
    prefix, pair = moved
    requests = list(_requests(prefix))
    ours, real = (_responses(peer, requests) for peer in (pair.ours, pair.real))
    assert ours == real


def test_push_below_a_prefix_is_scraped_there(moved: tuple[str, conftest.Pair]) -> None:
    prefix, pair = moved
    for peer in (pair.ours, pair.real):
        peer.send(comparisons.Request("PUT", f"{prefix}/metrics/job/x/a/b", b"m 1\n"))
        peer.send(comparisons.Request("PUT", f"{prefix}/metrics/job@base64/eQ", b"m 2\n"))
        peer.send(comparisons.Request("DELETE", f"{prefix}/metrics/job/x"))
    ours, real = (
        [
            "".join(comparisons.pushed(peer.send(case_builders.ask("GET", prefix + path))[2]))
            for path in ("/metrics", "/scrape")
        ]
        for peer in (pair.ours, pair.real)
    )
    assert ours == real
    assert any('m{a="b",instance="",job="x"} 1' in text for text in ours)


def _requests(prefix: str) -> Iterator[comparisons.Request]:
    yield comparisons.Request("PUT", f"{prefix}/-/quit")
    for before in dict.fromkeys((prefix, "", "/other")):
        for path in ("/metrics", "/scrape", "/-/healthy", "/-/ready", "/api/v1/status", "/api/v1/metrics"):
            yield case_builders.ask("GET", before + path)
        yield comparisons.Request("PUT", f"{before}/metrics/job/x", b"m 1\n")
        yield comparisons.Request("POST", f"{before}/metrics/job/x/a//b", b"m 1\n")
        yield comparisons.Request("PUT", f"{before}/metrics/x", b"m 1\n")
        yield comparisons.Request("DELETE", f"{before}/metrics/job/x")
        yield comparisons.Request("PUT", f"{before}/api/v1/admin/wipe")


def _responses(peer: comparisons.Peer, requests: Sequence[comparisons.Request]) -> list[str]:
    return [comparisons.line(request, peer.send(request)) for request in requests]
