"""The document and the routing table have the same paths and methods, for every combination of flags."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping

import pytest

from tests.support.gateway import gateway_client, openapi_document, raw_connections
from tidegate import settings, telemetry
from tidegate.aio import clocks
from tidegate.gateway import server
from tidegate.gateway.openapi import documents

OF_THE_PAGE = {"page", "page_file"}
"""Routes outside the API: the web page and its files."""

PREFIX = "/a/b"
FLAGS = {
    "without flags": settings.WebSettings(),
    "with all features": settings.WebSettings(enable_lifecycle=True, enable_admin_api=True),
    "with a read-only page": settings.WebSettings(page_read_only=True),
    "below a prefix": settings.WebSettings(route_prefix=PREFIX, telemetry_path="/scrape"),
}
each_choice = pytest.mark.parametrize("web_settings", FLAGS.values(), ids=FLAGS)


async def _routes(web_settings: settings.WebSettings) -> Mapping[str, set[str]]:
    """Return the methods of each route whose feature is enabled, by its path below the prefix."""
    gateway = server.Gateway(
        settings.GatewaySettings(web=web_settings),
        clock=clocks.MovableClock(),
        registry=telemetry.new_registry(),
        flags={},
        stop=asyncio.Event(),
    )
    # The handlers of a disabled feature only report that it is disabled.
    disabled = {"quit": not web_settings.enable_lifecycle, "page_delete": web_settings.page_read_only}
    return {
        path.removeprefix(web_settings.prefix): set(route.handlers)
        for path, route in gateway.public_routes().all()
        if route.name not in OF_THE_PAGE and not disabled.get(route.name, False)
    }


def _described(web_settings: settings.WebSettings) -> Mapping[str, set[str]]:
    return dict(openapi_document.Document(documents.document(settings.GatewaySettings(web=web_settings))).paths())


def _route(path: str) -> str:
    """Return the spelling of a documented path in the routing table."""
    beginning, brace, _ = path.partition("{")
    return f"{beginning}*" if brace else path


@each_choice
async def test_every_route_is_described_with_its_methods(web_settings: settings.WebSettings) -> None:
    described = _described(web_settings)
    for path, verbs in (await _routes(web_settings)).items():
        assert [methods for template, methods in described.items() if _route(template) == path], path
        assert {frozenset(methods) for template, methods in described.items() if _route(template) == path} == {
            frozenset(verbs)
        }


@each_choice
async def test_every_described_path_is_routed_with_its_methods(web_settings: settings.WebSettings) -> None:
    routed = await _routes(web_settings)
    for path, verbs in _described(web_settings).items():
        assert routed.get(_route(path)) == verbs, path


class TestOverTheWire:
    """Below a prefix, with all features enabled."""

    @pytest.fixture
    def web_settings(self, web_settings: settings.WebSettings) -> settings.WebSettings:
        return dataclasses.replace(web_settings, route_prefix=PREFIX, enable_lifecycle=True, enable_admin_api=True)

    async def test_every_described_operation_gets_a_declared_response(self, client: gateway_client.Client) -> None:
        document = await openapi_document.described(client, prefix=PREFIX)
        (address,) = document.json["servers"]
        for path, verbs in document.paths():
            spelled = openapi_document.spelled(path)
            # The stream of events does not end by itself.
            for verb in sorted(verbs - ({"GET"} if path == "/api/v1/events" else set())):
                response = await openapi_document.ask(client, verb, address["url"] + spelled)
                assert response.status not in (404, 405), (verb, path)
                document.check(verb, spelled, response)

    async def test_response_to_head_has_no_body(self, client: gateway_client.Client, gateway: server.Gateway) -> None:
        await client.send("PUT", f"{PREFIX}/metrics/job/a", b"m 1\n")
        document = await openapi_document.described(client, prefix=PREFIX)
        for path in [path for path, verbs in document.paths() if "HEAD" in verbs]:
            heads_sent = [
                f"HEAD {PREFIX}{path} HTTP/1.1\r\nHost: x\r\nConnection: {option}\r\n\r\n" for option in ("x", "close")
            ]
            heads = (await raw_connections.exchange(gateway.web_port, "".join(heads_sent).encode())).split(b"\r\n\r\n")
            assert [head[:9] for head in heads] == [b"HTTP/1.1 ", b"HTTP/1.1 ", b""], path

    async def test_path_without_the_prefix_is_not_found(self, client: gateway_client.Client) -> None:
        assert (await client.send("GET", "/api/openapi.json")).status == 404
