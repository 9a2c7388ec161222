"""Input of clients never becomes a header, a page or an address of another site in a response."""

from __future__ import annotations

import pytest

from tests.support.gateway import gateway_client, raw_connections
from tidegate.gateway import server

_EVIL = "%0d%0aSet-Cookie:%20a=b%0d%0a%0d%0a%3Cscript%3E"


@pytest.mark.parametrize(
    ("target", "location"),
    [
        pytest.param("//evil.example/", "/evil.example/", id="two slashes"),
        pytest.param("///evil.example//", "/evil.example/", id="three slashes"),
        pytest.param("/\\evil.example//x", "/%5Cevil.example/x", id="a backslash"),
        pytest.param("/.//evil.example", "/evil.example", id="a dot"),
        pytest.param("/x/..//evil.example/..//", "/", id="dots"),
        pytest.param("/metrics/", "/metrics", id="a slash too many"),
        pytest.param(f"//metrics/job/{_EVIL}", f"/metrics/job/{_EVIL}", id="line ends"),
        pytest.param(f"//x?{_EVIL}", f"/x?{_EVIL}", id="line ends in the query"),
        pytest.param("http://evil.example//metrics", "/metrics", id="a whole URL"),
    ],
)
async def test_redirect_stays_on_this_host(gateway: server.Gateway, target: str, location: str) -> None:
    head = f"GET {target} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    response = await raw_connections.exchange(gateway.web_port, head.encode())
    lines = response.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    assert lines[0].split()[1] in ("301", "307")
    assert [line for line in lines if line.startswith("Location: ")] == [f"Location: {location}"]
    assert not [line for line in lines if line.startswith("Set-Cookie")]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/metrics/job/a/%0d%0aX:%20y/b", id="a label's name"),
        pytest.param("/metrics/job/a/instance@base64/%3Cscript%3E", id="a label's value"),
        pytest.param("/metrics/job/a?ttl=%3Cscript%3E%0d%0aX:%20y", id="a TTL"),
        pytest.param("/metrics/job/a%", id="a broken escape"),
        pytest.param("/metrics/job/%ff", id="bytes that are not UTF-8"),
        pytest.param("/metrics/job/a/b", id="no value"),
    ],
)
async def test_error_of_a_push_is_plain_text(client: gateway_client.Client, path: str) -> None:
    response = await client.send("PUT", path, b"m 1\n")
    assert response.status == 400
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "X" not in response.headers


async def test_labels_with_line_breaks_and_markup_stay_values(client: gateway_client.Client) -> None:
    assert (await client.send("PUT", f"/metrics/job/{_EVIL}", b"m 1\n")).status == 200
    line = 'm{instance="",job="\r\\nSet-Cookie: a=b\r\\n\r\\n<script>"} 1\n'
    assert line in await client.exposition()
    for path in ("/metrics", "/api/v1/metrics", "/api/v1/status"):
        response = await client.send("GET", path)
        assert (response.status, "Set-Cookie" in response.headers) == (200, False)
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "html" not in response.headers["Content-Type"]


@pytest.mark.parametrize(
    ("path", "status", "jobs"),
    [
        pytest.param("/metrics/job/%2e%2e", 200, [".."], id="escaped dots"),
        pytest.param("/metrics/job/a%2Fb", 200, ["a/b"], id="an escaped slash"),
        pytest.param("/metrics/job/a%00b", 200, ["a\0b"], id="a zero byte"),
        pytest.param("/metrics/job/a%5Cb", 200, ["a\\\\b"], id="a backslash"),
        pytest.param("/metrics/%2e%2e/metrics/job/a", 404, [], id="escaped dots in the path"),
        pytest.param("/metrics%2Fjob%2Fa", 404, [], id="escaped slashes in the path"),
        pytest.param("/%6Detrics/job/a", 200, ["a"], id="an escaped letter in the path"),
    ],
)
async def test_escapes_change_a_value_but_not_the_route(
    client: gateway_client.Client, path: str, status: int, jobs: list[str]
) -> None:
    assert (await client.send("PUT", path, b"m 1\n")).status == status
    assert await client.pushed() == [f'm{{instance="",job="{job}"}} 1' for job in jobs]


@pytest.mark.parametrize(
    ("header", "status"),
    [
        pytest.param(b"Tidegate-TTL: \xff", 400, id="a TTL"),
        pytest.param(b"Tidegate-TTL: \xff\r\nTidegate-TTL: \xfe", 400, id="two TTLs"),
        pytest.param(b"Content-Type: application/vnd.google.protobuf; proto=\xc3\xa4\xff", 200, id="a type"),
        pytest.param(b"Content-Encoding: \xff", 200, id="a coding"),
        pytest.param(b"Expect: \xff", 417, id="an expectation"),
        pytest.param(b"User-Agent: \xff", 200, id="a User-Agent"),
    ],
)
async def test_header_with_invalid_bytes_does_not_cause_a_server_error(
    gateway: server.Gateway, header: bytes, status: int
) -> None:
    async with raw_connections.connected(gateway.web_port) as wire:
        await wire.send(raw_connections.PUSH_HEAD[:-2] + header + b"\r\n\r\nm 1\n")
        assert (await wire.line()).startswith(b"HTTP/1.1 %d " % status)
