"""The document and the table of routes have the same paths and verbs, whatever the flags say."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping

import pytest

from tests.gateway import gateway_client, openapi_document, raw_connections
from tidegate import settings, telemetry
from tidegate.aio import clocks
from tidegate.gateway import server
from tidegate.gateway.openapi import documents

OF_THE_PAGE = {"page", "page_file"}
"""Routes that are no API: the web page and its files."""

PREFIX = "/a/b"
FLAGS = {
    "without flags": settings.WebSettings(),
    "with all on": settings.WebSettings(enable_lifecycle=True, enable_admin_api=True),
    "with a page that only shows": settings.WebSettings(page_read_only=True),
    "below a prefix": settings.WebSettings(route_prefix=PREFIX, telemetry_path="/scrape"),
}
each_choice = pytest.mark.parametrize("chosen", FLAGS.values(), ids=FLAGS)


async def _routes(chosen: settings.WebSettings) -> Mapping[str, set[str]]:
    """What the gateway routes, by the path below its prefix, of what is switched on."""
    gateway = server.Gateway(
        settings.GatewaySettings(web=chosen),
        clock=clocks.MovableClock(),
        registry=telemetry.new_registry(),
        flags={},
        stop=asyncio.Event(),
    )
    # Where it is off these are there to say that it is.
    refused = {"quit": not chosen.enable_lifecycle, "page_delete": chosen.page_read_only}
    return {
        path.removeprefix(chosen.prefix): set(route.handlers)
        for path, route in gateway.public_routes().all()
        if route.name not in OF_THE_PAGE and not refused.get(route.name, False)
    }


def _described(chosen: settings.WebSettings) -> Mapping[str, set[str]]:
    return dict(openapi_document.Document(documents.document(settings.GatewaySettings(web=chosen))).paths())


def _route(path: str) -> str:
    """How the table of routes spells a path of the document."""
    beginning, brace, _ = path.partition("{")
    return f"{beginning}*" if brace else path


@each_choice
async def test_every_route_is_described_with_its_verbs(chosen: settings.WebSettings) -> None:
    described = _described(chosen)
    for path, verbs in (await _routes(chosen)).items():
        assert [found for known, found in described.items() if _route(known) == path], path
        assert {frozenset(found) for known, found in described.items() if _route(known) == path} == {frozenset(verbs)}


@each_choice
async def test_everything_described_is_routed_with_its_verbs(chosen: settings.WebSettings) -> None:
    routed = await _routes(chosen)
    for path, verbs in _described(chosen).items():
        assert routed.get(_route(path)) == verbs, path


class TestOverTheWire:
    """Below a prefix, with all that can be switched on."""

    @pytest.fixture
    def web_settings(self, web_settings: settings.WebSettings) -> settings.WebSettings:
        return dataclasses.replace(web_settings, route_prefix=PREFIX, enable_lifecycle=True, enable_admin_api=True)

    async def test_everything_described_is_answered_as_it_says(self, client: gateway_client.Client) -> None:
        document = await openapi_document.described(client, prefix=PREFIX)
        (address,) = document.told["servers"]
        for path, verbs in document.paths():
            spelled = openapi_document.spelled(path)
            # A stream of events does not end by itself.
            for verb in sorted(verbs - ({"GET"} if path == "/api/v1/events" else set())):
                answer = await openapi_document.ask(client, verb, address["url"] + spelled)
                assert answer.status not in (404, 405), (verb, path)
                document.check(verb, spelled, answer)

    async def test_no_answer_to_head_has_a_body(self, client: gateway_client.Client, gateway: server.Gateway) -> None:
        await client.send("PUT", f"{PREFIX}/metrics/job/a", b"m 1\n")
        document = await openapi_document.described(client, prefix=PREFIX)
        for path in [path for path, verbs in document.paths() if "HEAD" in verbs]:
            asked = [f"HEAD {PREFIX}{path} HTTP/1.1\r\nHost: x\r\nConnection: {how}\r\n\r\n" for how in ("x", "close")]
            heads = (await raw_connections.exchange(gateway.web_port, "".join(asked).encode())).split(b"\r\n\r\n")
            assert [head[:9] for head in heads] == [b"HTTP/1.1 ", b"HTTP/1.1 ", b""], path

    async def test_there_is_nothing_without_the_prefix(self, client: gateway_client.Client) -> None:
        assert (await client.send("GET", "/api/openapi.json")).status == 404
