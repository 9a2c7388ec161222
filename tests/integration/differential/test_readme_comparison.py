"""README's comparison with Pushgateway matches the behavior of both servers."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping

import cramjam
import pytest

from tests.integration.differential import case_builders, conftest
from tests.support.docs import markdown_documents
from tests.support.formats import delimited_protobuf
from tests.support.pushgateway import comparisons, pushgateway_servers
from tidegate.exposition.protobuf import metrics_pb2 as pb

_TEXT = b"# TYPE m gauge\nm 1\n"
_SCRAPED = b'm{instance="",job="x"} '
_PROTOBUF = delimited_protobuf.families(pb.MetricFamily(name=b"m", type=1, metric=[pb.Metric(gauge=pb.Gauge(value=1))]))
_FORMATS: Mapping[str, comparisons.Request] = {
    "text": case_builders.put("job/x", _TEXT),
    "protobuf": case_builders.put("job/x", _PROTOBUF, {"Content-Type": case_builders.PROTOBUF}),
}
_PACKINGS: Mapping[str, bytes] = {
    "gzip": gzip.compress(_TEXT),
    "snappy": bytes(cramjam.snappy.compress(_TEXT)),
}
_SCRAPE_FORMATS: Mapping[str, tuple[str, bytes]] = {
    "text": ("text/plain", _SCRAPED),
    "protobuf": (case_builders.PROTOBUF, b"\x12\x01x"),
}
"""The Accept header for a format, and text that only a response in that format contains."""


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[conftest.Pair]:
    """Both servers; README compares with the newest Pushgateway only."""
    *_, find = pushgateway_servers.programs().values()
    with conftest.running_pair(find, tmp_path_factory.mktemp("compared")) as pair:
        yield pair


def _second_push(peer: comparisons.Peer) -> str:
    peer.send(case_builders.put("job/x", "m 1\nn 1\n"))
    peer.send(case_builders.post("job/x", "m 2\n"))
    families = _scrape(peer)
    peer.send(case_builders.put("job/x", "m 3\n"))
    group = _scrape(peer)
    replaces_families = _SCRAPED + b"2" in families and b"\nn{" in families
    replaces_group = _SCRAPED + b"3" in group and b"\nn{" not in group
    return "replaces the group or its families" if replaces_families and replaces_group else "is something else"


def _bodies(peer: comparisons.Peer) -> str:
    formats = [name for name, push in _FORMATS.items() if peer.send(push)[0] == 200]
    packings = [name for name, body in _PACKINGS.items() if peer.send(_packed(name, body))[0] == 200]
    return f"{', '.join(formats)}; {', '.join(packings)}"


def _scrapes(peer: comparisons.Peer) -> str:
    peer.send(case_builders.put("job/x", _TEXT))
    return ", ".join(name for name, (asked, sign) in _SCRAPE_FORMATS.items() if sign in _scrape(peer, accept=asked))


def _deletions(peer: comparisons.Peer) -> str:
    ways = []
    for way, request in {
        "by key": case_builders.delete("job/x"),
        "by selector": case_builders.ask("DELETE", "/api/v1/groups?match[]={job=%22x%22}"),
        "all at once": case_builders.ask("PUT", "/api/v1/admin/wipe"),
    }.items():
        peer.send(case_builders.put("job/x", _TEXT))
        peer.send(request)
        # Pushgateway deletes after it has responded, but in the order of requests.
        peer.send(case_builders.put("job/last", ""))
        if _SCRAPED not in _scrape(peer):
            ways.append(way)
    return "; ".join(ways)


_CELLS: Mapping[str, Callable[[comparisons.Peer], str]] = {
    "second push to a group": _second_push,
    "push formats": _bodies,
    "scrape formats": _scrapes,
    "ways to delete": _deletions,
}


@pytest.mark.parametrize("row", _CELLS)
def test_readme_comparison_matches_both_servers(row: str, newest: conftest.Pair) -> None:
    ours, theirs, *_ = markdown_documents.table_rows(markdown_documents.ROOT / "README.md")[row]
    assert [_CELLS[row](newest.ours), _CELLS[row](newest.real)] == [ours, ours if theirs == "the same" else theirs]


def _packed(name: str, body: bytes) -> comparisons.Request:
    return case_builders.put("job/x", body, {"Content-Encoding": name})


def _scrape(peer: comparisons.Peer, *, accept: str = "text/plain") -> bytes:
    _, _, scraped = peer.send(comparisons.Request("GET", "/metrics", headers={"Accept": accept}))
    return scraped
