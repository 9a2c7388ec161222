"""``GET /api/openapi.json``: a valid document of the endpoints that this gateway serves, without disabled ones."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import openapi_spec_validator
import pytest

import tidegate
from tests.support.gateway import gateway_client, openapi_document
from tidegate import settings
from tidegate.gateway.openapi import documents
from tidegate.model import limits

PLAIN = settings.GatewaySettings()


def _web(**changes: Any) -> settings.GatewaySettings:
    return settings.GatewaySettings(web=dataclasses.replace(PLAIN.web, **changes))


ALL_ON = _web(enable_lifecycle=True, enable_admin_api=True)


@pytest.mark.parametrize(
    "gateway_settings",
    [
        pytest.param(PLAIN, id="without flags"),
        pytest.param(
            dataclasses.replace(
                _web(enable_lifecycle=True, enable_admin_api=True, route_prefix="/a/b", telemetry_path="/scrape"),
                limits=settings.LimitSettings(memory=10**9),
            ),
            id="with all features enabled, below a prefix, with a memory limit",
        ),
        pytest.param(
            dataclasses.replace(
                _web(page_read_only=True, external_url="https://push.example/{a}/", telemetry_path="/"),
                push=settings.PushSettings(disable_consistency_check=True),
            ),
            id="with all features disabled, a URL that has braces, the scrape at the root, and 202",
        ),
    ],
)
def test_document_is_valid(gateway_settings: settings.GatewaySettings) -> None:
    document = json.loads(documents.encoded(gateway_settings))
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["version"] == tidegate.__version__
    openapi_spec_validator.validate(document, cls=openapi_spec_validator.OpenAPIV31SpecValidator)


def test_every_field_parameter_and_response_has_a_description() -> None:
    document = documents.document(ALL_ON)
    undescribed = []
    for location, part in openapi_document.objects(document):
        within = [
            *part.get("properties", {}).values(),
            *part.get("parameters", []),
            *part.get("responses", {}).values(),
        ]
        if location == "/components":
            within = list(part["schemas"].values())
        undescribed += [f"{location}: {each}" for each in within if not _is_described(document, each)]
    assert undescribed == []


def _is_described(document: openapi_document.Json, part: openapi_document.Json) -> bool:
    if "$ref" in part and not part.get("description"):
        _, _, kind, name = part["$ref"].split("/")
        part = document["components"][kind][name]
    return bool(part.get("description"))


def test_every_component_is_used() -> None:
    document = documents.document(ALL_ON)
    used = set(re.findall(r'"\$ref": "#/components/(\w+/\w+)"', json.dumps(document)))
    declared = {
        f"{kind}/{name}"
        for kind in document["components"].keys() - {"securitySchemes"}
        for name in document["components"][kind]
    }
    # OpenAPI 3.1 has no schema for the data of a server-sent event.
    assert declared - used == {"schemas/News"}


def test_head_is_get_without_the_body() -> None:
    for item in documents.document(ALL_ON)["paths"].values():
        if "get" in item:
            get, head = (_headers_only(item[method]) for method in ("get", "head"))
            assert head == get | {"operationId": f"{get['operationId']}Head"}


def _headers_only(operation: openapi_document.Json) -> openapi_document.Json:
    """Return the operation without texts and bodies, with references to responses replaced by copies."""
    responses = documents.document(ALL_ON)["components"]["responses"]
    texts_removed: openapi_document.Json = {
        name: part for name, part in operation.items() if name not in ("summary", "description")
    }
    inlined = {
        status: responses[response["$ref"].rpartition("/")[2]] if "$ref" in response else response
        for status, response in operation["responses"].items()
    }
    return texts_removed | {
        "responses": {
            status: {name: part for name, part in response.items() if name != "content"}
            for status, response in inlined.items()
        }
    }


COMMON = {"400", "401", "403", "408", "413", "417", "429", "431", "503"}
"""Status codes that any request can get before its handler runs."""


def test_every_operation_declares_the_common_status_codes() -> None:
    for location, part in openapi_document.objects(documents.document(ALL_ON)["paths"]):
        if "operationId" in part:
            # While groups are restored, /-/healthy is the only path that does not get 503.
            assert COMMON - ({"503"} if "healthy" in location else set()) <= part["responses"].keys(), location


def test_scraper_has_the_fields_of_its_name() -> None:
    schemas = documents.document(ALL_ON)["components"]["schemas"]
    name, scraper = (schemas[each]["properties"] for each in ("ScraperName", "Scraper"))
    assert name.items() <= scraper.items()


def test_source_notation_is_not_served() -> None:
    for gateway_settings in (PLAIN, ALL_ON):
        assert b"${" not in documents.encoded(gateway_settings)
        assert b"x-tidegate" not in documents.encoded(gateway_settings)


def test_declared_tags_are_the_used_ones() -> None:
    for gateway_settings in (PLAIN, ALL_ON, _web(page_read_only=True)):
        document = documents.document(gateway_settings)
        used = {one["tags"][0] for _, one in openapi_document.objects(document["paths"]) if "operationId" in one}
        assert {tag["name"] for tag in document["tags"]} == used


@pytest.mark.parametrize(
    ("flags", "path"),
    [
        pytest.param({"enable_lifecycle": True}, "/-/quit", id="the end of the process"),
        pytest.param({"enable_admin_api": True}, "/api/v1/admin/wipe", id="the wipe"),
        pytest.param({"page_read_only": False}, "/page/delete", id="deletions by the page"),
    ],
)
def test_path_is_included_only_if_its_feature_is_enabled(flags: dict[str, bool], path: str) -> None:
    off = {name: not value for name, value in flags.items()}
    assert path in documents.document(_web(**flags))["paths"]
    assert path not in documents.encoded(_web(**off)).decode()


@pytest.mark.parametrize(
    ("external_url", "route_prefix", "urls"),
    [
        pytest.param("", "", ["/"], id="neither"),
        pytest.param("", "/a/b/", ["/a/b"], id="a prefix"),
        pytest.param("https://push.example/x/", "", ["https://push.example/x", "/x"], id="a URL"),
        pytest.param("https://push.example/x", "/", ["https://push.example/x", "/"], id="a proxy that cuts the path"),
        pytest.param("https://me:secret@push.example", "", ["https://push.example", "/"], id="a URL with a password"),
        pytest.param("https://push.example/{x}", "/", ["https://push.example/%7Bx%7D", "/"], id="a URL with braces"),
    ],
)
def test_servers_are_the_external_url_and_the_prefix(external_url: str, route_prefix: str, urls: list[str]) -> None:
    gateway_settings = _web(external_url=external_url, route_prefix=route_prefix)
    document = documents.document(gateway_settings)
    assert [server["url"] for server in document["servers"]] == urls
    assert b"secret" not in documents.encoded(gateway_settings)


def test_basic_auth_is_optional() -> None:
    document = documents.document(PLAIN)
    assert document["security"] == [{}, {"basic": []}]
    assert document["components"]["securitySchemes"]["basic"]["scheme"] == "basic"


def test_each_limit_is_described_with_its_status_code_and_value() -> None:
    limit_settings = settings.LimitSettings(
        **{limit.label: 7_000_000 + number for number, limit in enumerate(limits.Limit)} | {"bodies": 70_000_000}
    )
    document = openapi_document.Document(documents.document(dataclasses.replace(PLAIN, limits=limit_settings)))
    for limit in limits.Limit:
        description = document.response("PUT", "/metrics/job/x", limit.status)["description"]
        assert f"`{limit.flag}` ({getattr(limit_settings, limit.label)})" in description


def test_status_code_of_a_push_follows_the_flags() -> None:
    for is_off, status in ((False, "200"), (True, "202")):
        gateway_settings = dataclasses.replace(PLAIN, push=settings.PushSettings(disable_consistency_check=is_off))
        document = openapi_document.Document(documents.document(gateway_settings)).operation("PUT", "/metrics/job/x")
        assert [one for one in document["responses"] if one.startswith("2")] == [status]


async def test_unchanged_document_gets_304(client: gateway_client.Client) -> None:
    first = await client.send("GET", "/api/openapi.json")
    assert (first.status, first.headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    assert first.headers["Cache-Control"] == "no-cache"
    again = await client.send("GET", "/api/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.text) == (304, "")


async def test_document_follows_the_settings_of_the_gateway(
    client: gateway_client.Client, web_settings: settings.WebSettings, limit_settings: settings.LimitSettings
) -> None:
    gateway_settings = settings.GatewaySettings(web=web_settings, limits=limit_settings)
    assert (await client.send("GET", "/api/openapi.json")).text.encode() == documents.encoded(gateway_settings)


async def test_document_is_not_readable_from_other_origins(client: gateway_client.Client) -> None:
    response = await client.send("GET", "/api/openapi.json", headers={"Origin": "http://elsewhere"})
    assert not [name for name in response.headers if name.lower().startswith("access-control")]
