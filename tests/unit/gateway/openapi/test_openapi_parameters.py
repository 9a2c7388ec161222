"""The bounds, enumerations and defaults of parameters in the document are those that the gateway applies."""

from __future__ import annotations

import gzip
import json
import re
import urllib.parse
from typing import Any

import cramjam
import pytest

from tests.support.gateway import gateway_client, openapi_document
from tidegate.aio import clocks
from tidegate.gateway.api import selector_search
from tidegate.gateway.push import push_handler
from tidegate.model import selectors

GROUPS, DELETIONS = "/api/v1/groups", "/api/v1/deletions"
PUSH = "/metrics/job/a"
ALL = ("match[]", '{job!=""}')


@pytest.fixture
async def document(client: gateway_client.Client) -> openapi_document.Document:
    return await openapi_document.described(client)


async def _request(
    client: gateway_client.Client, path: str, *pairs: tuple[str, object], method: str = "GET"
) -> tuple[int, Any]:
    response = await client.send(method, f"{path}?{urllib.parse.urlencode(pairs)}")
    return response.status, json.loads(response.text)


async def _jobs(client: gateway_client.Client, *pairs: tuple[str, object]) -> list[str]:
    status, body = await _request(client, GROUPS, *pairs)
    assert status == 200, body
    return [group["labels"]["job"] for group in body["data"]["groups"]]


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        pytest.param("GET", GROUPS, "state", id="state"),
        pytest.param("GET", GROUPS, "ownership", id="ownership"),
        pytest.param("GET", GROUPS, "sort", id="sort"),
        pytest.param("GET", GROUPS, "order", id="order"),
        pytest.param("DELETE", GROUPS, "dry_run", id="dry_run"),
    ],
)
async def test_only_the_declared_values_are_accepted(
    client: gateway_client.Client, document: openapi_document.Document, method: str, path: str, name: str
) -> None:
    values = document.parameter(method, path, name)["enum"]
    more = [ALL] if method == "DELETE" else []
    for value in values:
        assert (await _request(client, path, (name, value), *more, method=method))[0] == 200, value
    assert (await _request(client, path, (name, f"{values[0]}x"), *more, method=method))[0] == 400


async def test_missing_value_is_the_default(
    client: gateway_client.Client, document: openapi_document.Document, clock: clocks.MovableClock
) -> None:
    for job in ("b", "a", "c"):
        await client.put(f"job/{job}", "x 1\n")
        clock.advance(1)
    defaults = [(name, document.parameter("GET", GROUPS, name)["default"]) for name in ("sort", "order")]
    assert await _jobs(client) == await _jobs(client, *defaults) == ["a", "b", "c"]
    for name, default in defaults:
        (other,) = {"sort": ["pushed"], "order": ["desc"]}[name]
        assert default != other
        assert await _jobs(client, (name, other)) != ["a", "b", "c"]


async def test_missing_dry_run_is_the_default(
    client: gateway_client.Client, document: openapi_document.Document
) -> None:
    default = ("dry_run", document.parameter("DELETE", GROUPS, "dry_run")["default"])
    for more in ([], [default]):
        await client.put("job/a", "x 1\n")
        assert (await _request(client, GROUPS, ALL, *more, method="DELETE"))[1]["data"]["deleted"] == 1


async def test_groups_are_explained_from_the_maximum_of_why_on(
    client: gateway_client.Client, document: openapi_document.Document
) -> None:
    why = document.parameter("GET", GROUPS, "why")
    await client.put("job/a", "x 1\n")
    for value, has_why in ((why["default"], False), (why["maximum"], True), (why["maximum"] + 1, True)):
        (group,) = (await _request(client, GROUPS, ("why", value)))[1]["data"]["groups"]
        assert ("why" in group) is has_why, value
    assert (await _request(client, GROUPS, ("why", -1)))[0] == 400


@pytest.mark.parametrize(("path", "rows"), [(GROUPS, "groups"), (DELETIONS, "deletions")])
async def test_limit_has_the_declared_default_and_bounds(
    client: gateway_client.Client, document: openapi_document.Document, path: str, rows: str
) -> None:
    limit = document.parameter("GET", path, "limit")
    for number in range(limit["maximum"] + 1):
        await client.put(f"job/{number}", "x 1\n")
    if path == DELETIONS:
        await _request(client, GROUPS, ALL, method="DELETE")

    async def count(*pairs: tuple[str, object]) -> int:
        return len((await _request(client, path, *pairs))[1]["data"][rows])

    assert await count() == limit["default"]
    assert await count(("limit", limit["maximum"])) == limit["maximum"]
    assert await count(("limit", limit["maximum"] + 1)) == limit["maximum"]
    assert await count(("limit", limit["minimum"])) == limit["minimum"]
    assert (await _request(client, path, ("limit", limit["minimum"] - 1)))[0] == 400


@pytest.mark.parametrize("path", [GROUPS, DELETIONS])
async def test_offset_has_the_declared_default_and_bounds(
    client: gateway_client.Client, document: openapi_document.Document, path: str
) -> None:
    offset = document.parameter("GET", path, "offset")
    for pairs, effective in (
        ([], offset["default"]),
        ([("offset", offset["minimum"])], offset["minimum"]),
        ([("offset", offset["maximum"])], offset["maximum"]),
        ([("offset", offset["maximum"] + 1)], offset["maximum"]),
    ):
        assert (await _request(client, path, *pairs))[1]["data"]["offset"] == effective
    assert (await _request(client, path, ("offset", offset["minimum"] - 1)))[0] == 400


async def test_search_accepts_the_documented_number_of_words(
    client: gateway_client.Client, document: openapi_document.Document
) -> None:
    (search,) = [one for one in document.operation("GET", GROUPS)["parameters"] if one["name"] == "search"]
    documented = re.search(r"At most (\d+) words", search["description"])
    assert documented is not None
    assert (await _request(client, GROUPS, ("search", "a " * int(documented[1]))))[0] == 200
    assert (await _request(client, GROUPS, ("search", "a " * (int(documented[1]) + 1))))[0] == 400


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_selectors_have_the_declared_maximum_length(
    client: gateway_client.Client, document: openapi_document.Document, method: str
) -> None:
    (match,) = [one for one in document.operation(method, GROUPS)["parameters"] if one["name"] == selector_search.MATCH]
    most = match["schema"]["items"]["maxLength"]
    assert f"at most {most} characters" in match["description"]
    assert f"expression at most {selectors.MAX_PATTERN_LENGTH}." in match["description"]
    selector = '{{job="{}"}}'.format
    pattern = '{{job=~"{}"}}'.format
    for text, status in (
        (selector("x" * (most - len(selector("")))), 200),
        (selector("x" * (most + 1 - len(selector("")))), 400),
        (pattern("x" * selectors.MAX_PATTERN_LENGTH), 200),
        (pattern("x" * (selectors.MAX_PATTERN_LENGTH + 1)), 400),
        (pattern(".*"), 400),
    ):
        assert (await _request(client, GROUPS, (selector_search.MATCH, text), method=method))[0] == status


@pytest.mark.parametrize(
    "text", ["90s", "1h30m", "1y2w3d4h5m6s7ms", "999999999s", "1000000000s", "90", "s", "1m1h", "1.5h", "-1s", "1s1s"]
)
async def test_ttl_is_accepted_if_it_matches_the_declared_pattern(
    client: gateway_client.Client, document: openapi_document.Document, text: str
) -> None:
    query, header = (
        document.parameter("PUT", PUSH, name)["pattern"] for name in (push_handler.TTL, push_handler.TTL_HEADER)
    )
    is_valid = re.search(query, text) is not None
    assert query == header
    status = 200 if is_valid else 400
    assert (await client.send("PUT", f"{PUSH}?{push_handler.TTL}={text}", b"x 1\n")).status == status
    assert (await client.send("PUT", PUSH, b"x 1\n", headers={push_handler.TTL_HEADER: text})).status == status


async def test_two_ttls_must_be_spelled_alike(client: gateway_client.Client) -> None:
    for text, status in (("90s", 200), ("1m30s", 400)):
        response = await client.send("PUT", f"{PUSH}?ttl=90s", b"x 1\n", headers={push_handler.TTL_HEADER: text})
        assert response.status == status


async def test_declared_content_encodings_are_accepted(
    client: gateway_client.Client, document: openapi_document.Document
) -> None:
    packed = {"gzip": gzip.compress(b"x 1\n"), "snappy": bytes(cramjam.snappy.compress(b"x 1\n"))}
    assert set(document.parameter("PUT", PUSH, "Content-Encoding")["enum"]) == packed.keys()
    for coding, body in {**packed, "identity": b"x 1\n", "br": b"x 1\n"}.items():
        assert (await client.send("PUT", PUSH, body, headers={"Content-Encoding": coding})).status == 200, coding


async def test_job_has_the_declared_minimum_and_maximum_length(
    client: gateway_client.Client, document: openapi_document.Document
) -> None:
    job = document.parameter("PUT", PUSH, "job")
    for length, status in ((job["minLength"], 200), (job["maxLength"], 200), (job["maxLength"] + 1, 400)):
        assert (await client.put(f"job/{'x' * length}", "x 1\n")).status == status
    assert (await client.put(f"job/{'x' * (job['minLength'] - 1)}", "x 1\n")).status == 404


@pytest.mark.parametrize("text", ["YQ", "YQ==", "_-8", "=", "Y+", "Y%2F", "Y!"])
async def test_base64_job_is_accepted_if_it_matches_the_declared_pattern(
    client: gateway_client.Client, document: openapi_document.Document, text: str
) -> None:
    pattern = document.parameter("PUT", "/metrics/job@base64/YQ", "job")["pattern"]
    # This value is base64, but not of UTF-8.
    status = 200 if re.search(pattern, text) and text != "_-8" else 400
    assert (await client.put(f"job@base64/{text}", "x 1\n")).status == status


async def test_required_parameters_cannot_be_omitted(
    client: gateway_client.Client, document: openapi_document.Document
) -> None:
    required = set()
    for path, verbs in document.paths():
        for verb in verbs - {"HEAD"}:
            for one in document.operation(verb, path).get("parameters", []):
                if one["in"] == "query" and one["required"]:
                    required.add(one["name"])
                    assert (await client.send(verb, path)).status == 400
    assert required == {"labels", selector_search.MATCH}


@pytest.mark.parametrize("path", [GROUPS, "/api/v1/group", "/api/v1/scrapers", DELETIONS])
async def test_unknown_parameter_is_rejected(client: gateway_client.Client, path: str) -> None:
    status, body = await _request(client, path, ("unknown", "1"))
    assert (status, "unknown parameter" in body["error"]) == (400, True)
