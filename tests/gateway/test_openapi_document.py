"""``GET /api/openapi.json``: a valid document that says what this gateway serves, and nothing that is switched off."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import openapi_spec_validator
import pytest

import tidegate
from tests.gateway import gateway_client, openapi_document
from tidegate import settings
from tidegate.gateway.openapi import documents
from tidegate.model import limits

PLAIN = settings.GatewaySettings()


def _web(**chosen: Any) -> settings.GatewaySettings:
    return settings.GatewaySettings(web=dataclasses.replace(PLAIN.web, **chosen))


ALL_ON = _web(enable_lifecycle=True, enable_admin_api=True)


@pytest.mark.parametrize(
    "chosen",
    [
        pytest.param(PLAIN, id="without flags"),
        pytest.param(ALL_ON, id="with all that can be switched on"),
        pytest.param(_web(page_read_only=True), id="with all that can be switched off"),
        pytest.param(_web(route_prefix="/a/b", telemetry_path="/scrape"), id="below a prefix"),
        pytest.param(_web(external_url="https://push.example/{a}/"), id="with a URL that has braces"),
        pytest.param(_web(telemetry_path="/"), id="with the scrape at the root"),
        pytest.param(
            dataclasses.replace(PLAIN, push=settings.PushSettings(disable_consistency_check=True)), id="with 202"
        ),
        pytest.param(dataclasses.replace(PLAIN, limits=settings.LimitSettings(memory=10**9)), id="with a memory limit"),
    ],
)
def test_it_is_valid(chosen: settings.GatewaySettings) -> None:
    told = json.loads(documents.encoded(chosen))
    assert told["openapi"].startswith("3.1.")
    assert told["info"]["version"] == tidegate.__version__
    openapi_spec_validator.validate(told, cls=openapi_spec_validator.OpenAPIV31SpecValidator)


def test_every_field_every_parameter_and_every_answer_says_what_it_means() -> None:
    told = documents.document(ALL_ON)
    silent = []
    for place, one in openapi_document.objects(told):
        within = [*one.get("properties", {}).values(), *one.get("parameters", []), *one.get("responses", {}).values()]
        if place == "/components":
            within = list(one["schemas"].values())
        silent += [f"{place}: {part}" for part in within if not _says(told, part)]
    assert silent == []


def _says(told: openapi_document.Json, part: openapi_document.Json) -> bool:
    if "$ref" in part and not part.get("description"):
        _, _, kind, name = part["$ref"].split("/")
        part = told["components"][kind][name]
    return bool(part.get("description"))


def test_nothing_is_described_that_is_used_nowhere() -> None:
    told = documents.document(ALL_ON)
    used = set(re.findall(r'"\$ref": "#/components/(\w+/\w+)"', json.dumps(told)))
    there = {
        f"{kind}/{name}"
        for kind in told["components"].keys() - {"securitySchemes"}
        for name in told["components"][kind]
    }
    # No schema of OpenAPI 3.1 can say what the data of a server-sent event is.
    assert there - used == {"schemas/News"}


def test_head_is_get_without_the_body() -> None:
    for item in documents.document(ALL_ON)["paths"].values():
        if "get" in item:
            get, head = (_headers_only(item[method]) for method in ("get", "head"))
            assert head == get | {"operationId": f"{get['operationId']}Head"}


def _headers_only(operation: openapi_document.Json) -> openapi_document.Json:
    """The operation without texts and bodies, and with a copy in place of each reference to a response."""
    responses = documents.document(ALL_ON)["components"]["responses"]
    made: openapi_document.Json = {
        name: part for name, part in operation.items() if name not in ("summary", "description")
    }
    found = {
        status: responses[response["$ref"].rpartition("/")[2]] if "$ref" in response else response
        for status, response in operation["responses"].items()
    }
    return made | {
        "responses": {
            status: {name: part for name, part in response.items() if name != "content"}
            for status, response in found.items()
        }
    }


COMMON = {"400", "401", "403", "408", "413", "417", "429", "431", "503"}
"""Statuses that any request may get, before its handler sees it."""


def test_every_operation_has_the_statuses_that_any_request_may_get() -> None:
    for place, one in openapi_document.objects(documents.document(ALL_ON)["paths"]):
        if "operationId" in one:
            # While groups are restored, /-/healthy is the only path that does not get 503.
            assert COMMON - ({"503"} if "healthy" in place else set()) <= one["responses"].keys(), place


def test_scraper_has_the_fields_of_its_name() -> None:
    schemas = documents.document(ALL_ON)["components"]["schemas"]
    name, scraper = (schemas[each]["properties"] for each in ("ScraperName", "Scraper"))
    assert name.items() <= scraper.items()


def test_no_notation_of_the_file_is_served() -> None:
    for chosen in (PLAIN, ALL_ON):
        assert b"${" not in documents.encoded(chosen)
        assert b"x-tidegate" not in documents.encoded(chosen)


def test_tags_are_those_that_are_used() -> None:
    for chosen in (PLAIN, ALL_ON, _web(page_read_only=True)):
        told = documents.document(chosen)
        used = {one["tags"][0] for _, one in openapi_document.objects(told["paths"]) if "operationId" in one}
        assert {tag["name"] for tag in told["tags"]} == used


@pytest.mark.parametrize(
    ("chosen", "path"),
    [
        pytest.param({"enable_lifecycle": True}, "/-/quit", id="the end of the process"),
        pytest.param({"enable_admin_api": True}, "/api/v1/admin/wipe", id="the wipe"),
        pytest.param({"page_read_only": False}, "/page/delete", id="deletions by the page"),
    ],
)
def test_a_path_is_there_only_where_its_feature_is_on(chosen: dict[str, bool], path: str) -> None:
    off = {name: not value for name, value in chosen.items()}
    assert path in documents.document(_web(**chosen))["paths"]
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
def test_servers_are_the_url_outside_and_the_prefix(external_url: str, route_prefix: str, urls: list[str]) -> None:
    chosen = _web(external_url=external_url, route_prefix=route_prefix)
    told = documents.document(chosen)
    assert [server["url"] for server in told["servers"]] == urls
    assert b"secret" not in documents.encoded(chosen)


def test_a_password_may_be_needed() -> None:
    told = documents.document(PLAIN)
    assert told["security"] == [{}, {"basic": []}]
    assert told["components"]["securitySchemes"]["basic"]["scheme"] == "basic"


def test_each_limit_is_told_with_its_status_and_the_number_in_force() -> None:
    chosen = settings.LimitSettings(
        **{limit.label: 7_000_000 + number for number, limit in enumerate(limits.Limit)} | {"bodies": 70_000_000}
    )
    told = openapi_document.Document(documents.document(dataclasses.replace(PLAIN, limits=chosen)))
    for limit in limits.Limit:
        said = told.response("PUT", "/metrics/job/x", limit.status)["description"]
        assert f"`{limit.flag}` ({getattr(chosen, limit.label)})" in said


def test_a_push_is_answered_with_the_status_that_the_flags_say() -> None:
    for is_off, status in ((False, "200"), (True, "202")):
        chosen = dataclasses.replace(PLAIN, push=settings.PushSettings(disable_consistency_check=is_off))
        told = openapi_document.Document(documents.document(chosen)).operation("PUT", "/metrics/job/x")
        assert [one for one in told["responses"] if one.startswith("2")] == [status]


async def test_it_is_sent_again_only_where_it_is_another(client: gateway_client.Client) -> None:
    first = await client.send("GET", "/api/openapi.json")
    assert (first.status, first.headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    assert first.headers["Cache-Control"] == "no-cache"
    again = await client.send("GET", "/api/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.text) == (304, "")


async def test_it_is_what_the_settings_of_the_gateway_say(
    client: gateway_client.Client, web_settings: settings.WebSettings, limit_settings: settings.LimitSettings
) -> None:
    chosen = settings.GatewaySettings(web=web_settings, limits=limit_settings)
    assert (await client.send("GET", "/api/openapi.json")).text.encode() == documents.encoded(chosen)


async def test_no_script_of_another_origin_reads_it(client: gateway_client.Client) -> None:
    answer = await client.send("GET", "/api/openapi.json", headers={"Origin": "http://elsewhere"})
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
