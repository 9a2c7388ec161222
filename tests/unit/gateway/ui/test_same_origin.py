"""Requests to delete are accepted only from the page itself, by their Origin header."""

from __future__ import annotations

import pytest
from aiohttp import test_utils

from tidegate.gateway.ui import same_origin

_JSON = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}


def _violation(origin: str, *, host: str = "gateway:9091", external_url: str = "") -> str | None:
    request = test_utils.make_mocked_request("POST", "/page/delete", headers={**_JSON, "Host": host, "Origin": origin})
    return same_origin.violation(request, external_url=external_url)


@pytest.mark.parametrize(
    ("origin", "host", "external_url"),
    [
        pytest.param("http://gateway:9091", "gateway:9091", "", id="by the host of the request"),
        pytest.param("https://gateway:9091", "gateway:9091", "", id="over TLS"),
        pytest.param("https://push.example", "push.example", "", id="behind a proxy that keeps the name"),
        pytest.param("https://push.example", "push.example:443", "", id="behind a proxy that adds the port"),
        pytest.param("https://push.example", "gateway:9091", "https://push.example/", id="by the external URL"),
        pytest.param("https://push.example", "gateway:9091", "https://push.example:443/gate/", id="with its port"),
        pytest.param("https://push.example", "gateway:9091", "https://Push.Example", id="with capitals"),
        pytest.param("https://[2001:db8::1]:8443", "[2001:DB8::1]:8443", "", id="an address of version 6"),
    ],
)
def test_request_of_the_page_is_accepted(origin: str, host: str, external_url: str) -> None:
    assert _violation(origin, host=host, external_url=external_url) is None


@pytest.mark.parametrize(
    ("origin", "host", "external_url"),
    [
        pytest.param("https://push.example", "gateway:9091", "", id="an unconfigured proxy"),
        pytest.param("https://evil.example", "gateway:9091", "https://push.example/", id="another host"),
        pytest.param("https://push.example:8443", "gateway:9091", "https://push.example/", id="another port"),
        pytest.param("http://push.example", "push.example:443", "", id="the port of another scheme"),
        pytest.param("https://push.example.evil.example", "push.example", "", id="a host with the same prefix"),
        pytest.param("https://push.example@evil.example", "push.example", "", id="a host in the place of a user"),
        pytest.param("null", "gateway:9091", "", id="none"),
        pytest.param("null", "", "", id="neither origin nor host"),
        pytest.param("https://", "", "", id="an empty one"),
        pytest.param("https://push.example:x", "push.example:x", "", id="no port"),
    ],
)
def test_request_of_another_origin_is_rejected(origin: str, host: str, external_url: str) -> None:
    assert "set --web.external-url to the URL of the page" in (
        _violation(origin, host=host, external_url=external_url) or ""
    )
