"""Each bound, word and default of a parameter that the document tells is the one that the gateway goes by."""

from __future__ import annotations

import gzip
import json
import re
import urllib.parse
from typing import Any

import cramjam
import pytest

from tests.gateway import gateway_client, openapi_document
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


async def _asked(
    client: gateway_client.Client, path: str, *pairs: tuple[str, object], method: str = "GET"
) -> tuple[int, Any]:
    answer = await client.send(method, f"{path}?{urllib.parse.urlencode(pairs)}")
    return answer.status, json.loads(answer.text)


async def _jobs(client: gateway_client.Client, *pairs: tuple[str, object]) -> list[str]:
    status, told = await _asked(client, GROUPS, *pairs)
    assert status == 200, told
    return [group["labels"]["job"] for group in told["data"]["groups"]]


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
async def test_its_words_are_taken_and_no_others(
    client: gateway_client.Client, document: openapi_document.Document, method: str, path: str, name: str
) -> None:
    words = document.parameter(method, path, name)["enum"]
    more = [ALL] if method == "DELETE" else []
    for word in words:
        assert (await _asked(client, path, (name, word), *more, method=method))[0] == 200, word
    assert (await _asked(client, path, (name, f"{words[0]}x"), *more, method=method))[0] == 400


async def test_without_a_word_it_is_as_with_the_default_one(
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


async def test_without_dry_run_groups_are_deleted_as_with_its_default(
    client: gateway_client.Client, document: openapi_document.Document
) -> None:
    default = ("dry_run", document.parameter("DELETE", GROUPS, "dry_run")["default"])
    for more in ([], [default]):
        await client.put("job/a", "x 1\n")
        assert (await _asked(client, GROUPS, ALL, *more, method="DELETE"))[1]["data"]["deleted"] == 1


async def test_groups_say_why_they_are_there_from_its_maximum_on(
    client: gateway_client.Client, document: openapi_document.Document
) -> None:
    why = document.parameter("GET", GROUPS, "why")
    await client.put("job/a", "x 1\n")
    for value, says in ((why["default"], False), (why["maximum"], True), (why["maximum"] + 1, True)):
        (group,) = (await _asked(client, GROUPS, ("why", value)))[1]["data"]["groups"]
        assert ("why" in group) is says, value
    assert (await _asked(client, GROUPS, ("why", -1)))[0] == 400


@pytest.mark.parametrize(("path", "rows"), [(GROUPS, "groups"), (DELETIONS, "deletions")])
async def test_a_limit_has_its_default_and_its_maximum(
    client: gateway_client.Client, document: openapi_document.Document, path: str, rows: str
) -> None:
    limit = document.parameter("GET", path, "limit")
    for number in range(limit["maximum"] + 1):
        await client.put(f"job/{number}", "x 1\n")
    if path == DELETIONS:
        await _asked(client, GROUPS, ALL, method="DELETE")

    async def found(*pairs: tuple[str, object]) -> int:
        return len((await _asked(client, path, *pairs))[1]["data"][rows])

    assert await found() == limit["default"]
    assert await found(("limit", limit["maximum"])) == limit["maximum"]
    assert await found(("limit", limit["maximum"] + 1)) == limit["maximum"]
    assert await found(("limit", limit["minimum"])) == limit["minimum"]
    assert (await _asked(client, path, ("limit", limit["minimum"] - 1)))[0] == 400


@pytest.mark.parametrize("path", [GROUPS, DELETIONS])
async def test_an_offset_has_its_default_and_its_maximum(
    client: gateway_client.Client, document: openapi_document.Document, path: str
) -> None:
    offset = document.parameter("GET", path, "offset")
    for asked, taken in (
        ([], offset["default"]),
        ([("offset", offset["minimum"])], offset["minimum"]),
        ([("offset", offset["maximum"])], offset["maximum"]),
        ([("offset", offset["maximum"] + 1)], offset["maximum"]),
    ):
        assert (await _asked(client, path, *asked))[1]["data"]["offset"] == taken
    assert (await _asked(client, path, ("offset", offset["minimum"] - 1)))[0] == 400


async def test_so_many_words_are_sought_at_once(
    client: gateway_client.Client, document: openapi_document.Document
) -> None:
    (search,) = [one for one in document.operation("GET", GROUPS)["parameters"] if one["name"] == "search"]
    found = re.search(r"At most (\d+) words", search["description"])
    assert found is not None
    assert (await _asked(client, GROUPS, ("search", "a " * int(found[1]))))[0] == 200
    assert (await _asked(client, GROUPS, ("search", "a " * (int(found[1]) + 1))))[0] == 400


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_selectors_are_as_long_as_it_says(
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
        assert (await _asked(client, GROUPS, (selector_search.MATCH, text), method=method))[0] == status


@pytest.mark.parametrize(
    "text", ["90s", "1h30m", "1y2w3d4h5m6s7ms", "999999999s", "1000000000s", "90", "s", "1m1h", "1.5h", "-1s", "1s1s"]
)
async def test_a_time_to_live_is_taken_where_it_is_spelled_as_it_says(
    client: gateway_client.Client, document: openapi_document.Document, text: str
) -> None:
    query, header = (
        document.parameter("PUT", PUSH, name)["pattern"] for name in (push_handler.TTL, push_handler.TTL_HEADER)
    )
    is_one = re.search(query, text) is not None
    assert query == header
    status = 200 if is_one else 400
    assert (await client.send("PUT", f"{PUSH}?{push_handler.TTL}={text}", b"x 1\n")).status == status
    assert (await client.send("PUT", PUSH, b"x 1\n", headers={push_handler.TTL_HEADER: text})).status == status


async def test_two_times_to_live_must_be_spelled_alike(client: gateway_client.Client) -> None:
    for text, status in (("90s", 200), ("1m30s", 400)):
        answer = await client.send("PUT", f"{PUSH}?ttl=90s", b"x 1\n", headers={push_handler.TTL_HEADER: text})
        assert answer.status == status


async def test_bodies_may_be_packed_as_it_says(
    client: gateway_client.Client, document: openapi_document.Document
) -> None:
    packed = {"gzip": gzip.compress(b"x 1\n"), "snappy": bytes(cramjam.snappy.compress(b"x 1\n"))}
    assert set(document.parameter("PUT", PUSH, "Content-Encoding")["enum"]) == packed.keys()
    for coding, body in {**packed, "identity": b"x 1\n", "br": b"x 1\n"}.items():
        assert (await client.send("PUT", PUSH, body, headers={"Content-Encoding": coding})).status == 200, coding


async def test_a_job_is_as_long_as_it_says(client: gateway_client.Client, document: openapi_document.Document) -> None:
    job = document.parameter("PUT", PUSH, "job")
    for length, status in ((job["minLength"], 200), (job["maxLength"], 200), (job["maxLength"] + 1, 400)):
        assert (await client.put(f"job/{'x' * length}", "x 1\n")).status == status
    assert (await client.put(f"job/{'x' * (job['minLength'] - 1)}", "x 1\n")).status == 404


@pytest.mark.parametrize("text", ["YQ", "YQ==", "_-8", "=", "Y+", "Y%2F", "Y!"])
async def test_a_job_in_base64_is_taken_where_it_is_spelled_as_it_says(
    client: gateway_client.Client, document: openapi_document.Document, text: str
) -> None:
    pattern = document.parameter("PUT", "/metrics/job@base64/YQ", "job")["pattern"]
    # That one is base64, and no UTF-8.
    status = 200 if re.search(pattern, text) and text != "_-8" else 400
    assert (await client.put(f"job@base64/{text}", "x 1\n")).status == status


async def test_what_is_required_cannot_be_left_out(
    client: gateway_client.Client, document: openapi_document.Document
) -> None:
    seen = set()
    for path, verbs in document.paths():
        for verb in verbs - {"HEAD"}:
            for one in document.operation(verb, path).get("parameters", []):
                if one["in"] == "query" and one["required"]:
                    seen.add(one["name"])
                    assert (await client.send(verb, path)).status == 400
    assert seen == {"labels", selector_search.MATCH}


@pytest.mark.parametrize("path", [GROUPS, "/api/v1/group", "/api/v1/scrapers", DELETIONS])
async def test_a_parameter_that_it_does_not_know_is_refused(client: gateway_client.Client, path: str) -> None:
    status, told = await _asked(client, path, ("unknown", "1"))
    assert (status, "unknown parameter" in told["error"]) == (400, True)
