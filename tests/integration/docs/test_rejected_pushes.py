"""The table of rejected pushes in docs/troubleshooting.md has the real status codes and messages."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.support.docs import documented_messages
from tests.support.processes import tidegate_processes


class RejectedRequest(NamedTuple):
    """A request that the gateway rejects, and its row in the table."""

    status: int
    text: str
    path: str = "/metrics/job/x"
    body: bytes = b"m 1\n"


_LABELS = ",".join(f'l{number}="x"' for number in range(70))
REJECTED = [
    RejectedRequest(400, "text format parsing error", body=b"m 1"),
    RejectedRequest(
        400,
        "pushed metrics are invalid or inconsistent with existing metrics",
        path="/metrics/job/beside",
        body=b"# TYPE m counter\nm 1\n",
    ),
    RejectedRequest(400, "(--limit.labels)", body=f"m{{{_LABELS}}} 1\n".encode()),
    RejectedRequest(400, "(--limit.name-length)", body=b"m" * 600 + b" 1\n"),
    RejectedRequest(400, "(--limit.value-length)", body=b'm{l="' + b"v" * 9000 + b'"} 1\n'),
    RejectedRequest(404, "no such path", path="/push/job/x"),
    RejectedRequest(413, "(--limit.body)", body=b"m 1\n" * 10_000),
    RejectedRequest(413, "(--limit.push-series)", body=b"".join(b"m%d 1\n" % n for n in range(200))),
    RejectedRequest(
        413, "(--limit.group-series)", path="/metrics/job/there", body=b"".join(b"n%d 1\n" % n for n in range(60))
    ),
    RejectedRequest(429, "(--limit.groups)"),
    RejectedRequest(431, "(--limit.request-head)", path=f"/metrics/job/{'x' * 40_000}"),
]


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tidegate_processes.Gateway]:
    """A gateway that is at its limit of groups."""
    limits = ("--limit.body=32KiB", "--limit.push-series=100", "--limit.group-series=50", "--limit.groups=2")
    with tidegate_processes.serving(tmp_path_factory.mktemp("strict"), arguments=limits) as running:
        running.push("job/there", "# TYPE m gauge\nm 1\n")
        running.push("job/beside", "# TYPE m gauge\nm 1\n")
        yield running


@pytest.mark.parametrize("rejected", REJECTED, ids=lambda rejected: f"{rejected.status} {rejected.text}")
def test_rejected_request_gets_the_documented_status_and_message(
    strict: tidegate_processes.Gateway, rejected: RejectedRequest
) -> None:
    status, response_text = _pushed(strict.port, rejected)
    assert status == rejected.status
    assert rejected.text in response_text
    assert (str(rejected.status), rejected.text) in documented_messages.rejections()


def _pushed(port: int, rejected: RejectedRequest) -> tuple[int, str]:
    connection = http.client.HTTPConnection(tidegate_processes.HOST, port, timeout=10.0)
    try:
        connection.request("POST", rejected.path, body=rejected.body)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()
