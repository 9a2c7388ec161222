"""GET /metrics: content, order and compression."""

from __future__ import annotations

import re

import pytest

from tests.support.gateway import gateway_client


async def test_families_are_sorted_by_name_and_each_has_one_header(client: gateway_client.Client) -> None:
    await client.put("job/b", "zz 1\nA 1\n")
    await client.put("job/a", "mm 1\nzz 2\n")
    types = re.findall(r"^# TYPE (\S+)", await client.exposition(), re.MULTILINE)
    assert types == sorted(set(types))
    assert {"A", "mm", "zz", "push_time_seconds", "tidegate_build_info"} <= set(types)


async def test_series_are_sorted_by_number_of_labels_and_then_by_values(client: gateway_client.Client) -> None:
    await client.put("job/b", "x 1\n")
    await client.put("job/a/zone/z", "x 1\n")
    await client.put("job/a", 'x{a="2"} 1\nx{a="10"} 1\nx 1\n')
    assert [line.rpartition(" ")[0] for line in await client.pushed()] == [
        'x{instance="",job="a"}',
        'x{instance="",job="b"}',
        'x{instance="",job="a",zone="z"}',
        'x{a="10",instance="",job="a"}',
        'x{a="2",instance="",job="a"}',
    ]


async def test_header_has_the_type_and_the_help_text(client: gateway_client.Client) -> None:
    await client.put("job/a", "# HELP x Says \\\\ what.\n# TYPE x counter\nx 1\n")
    assert '# HELP x Says \\\\ what.\n# TYPE x counter\nx{instance="",job="a"} 1\n' in await client.exposition()


@pytest.mark.parametrize(
    ("accept_encoding", "coding"),
    [
        pytest.param("gzip", "gzip", id="gzip"),
        pytest.param("deflate, GZIP;q=0.5", "gzip", id="gzip among others"),
        pytest.param("gzip;q=0", None, id="gzip excluded"),
        pytest.param("identity", None, id="identity"),
    ],
)
async def test_response_is_compressed_if_the_client_accepts_it(
    client: gateway_client.Client, accept_encoding: str, coding: str | None
) -> None:
    await client.put("job/a", "x 1\n")
    response = await client.send("GET", "/metrics", headers={"Accept-Encoding": accept_encoding})
    assert response.headers.get("Content-Encoding") == coding
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
    assert response.headers["Vary"] == "Accept, Accept-Encoding"
    assert 'x{instance="",job="a"} 1\n' in response.text


async def test_large_compressed_response_is_complete(client: gateway_client.Client) -> None:
    value = "v" * 1000
    for part in range(4):
        await client.put(f"job/a/part/{part}", "".join(f'x{{n="{n:03}",v="{value}"}} 1\n' for n in range(400)))
    response = await client.send("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert int(response.headers["Content-Length"]) < len(response.text) / 10
    assert response.text.count(value) == 1600


async def test_gateway_metrics_exist_from_the_start(client: gateway_client.Client) -> None:
    for series in (
        'tidegate_groups{state="live"}',
        'tidegate_groups{state="draining"}',
        "tidegate_scrapers",
        'tidegate_pushes_total{result="accepted"}',
        'tidegate_scrapes_total{result="late"}',
        'tidegate_groups_deleted_total{reason="timeout"}',
        'tidegate_actions_refused_total{reason="pushed"}',
    ):
        assert await client.value(series) == 0


async def test_requests_are_counted_by_their_handler_and_status(client: gateway_client.Client) -> None:
    await client.put("job/a", "x 1\n")
    await client.put("job/a", "x\n")
    await client.send("GET", "/nowhere")
    assert await client.value('tidegate_http_requests_total{handler="group",code="200"}') == 1
    assert await client.value('tidegate_http_requests_total{handler="group",code="400"}') == 1
    assert await client.value('tidegate_http_requests_total{handler="none",code="404"}') == 1


async def test_groups_are_counted_by_state(client: gateway_client.Client) -> None:
    await client.put("job/a", "x 1\n")
    await client.put("job/b", "x 1\n")
    await client.act(gateway_client.claims(gateway_client.key(job="a"), "u"))
    group = await client.group(gateway_client.key(job="a"))
    assert group is not None
    await client.act(gateway_client.retires(group, "u"))
    assert await client.value('tidegate_groups{state="live"}') == 1
    assert await client.value('tidegate_groups{state="draining"}') == 1
