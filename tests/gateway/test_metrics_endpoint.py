"""GET /metrics: what is shown, in which order, and how it is packed."""

from __future__ import annotations

import re

import pytest

from tests.gateway import gateway_client


async def test_families_stand_in_order_of_their_names_each_with_its_header_once(client: gateway_client.Client) -> None:
    await client.put("job/b", "zz 1\nA 1\n")
    await client.put("job/a", "mm 1\nzz 2\n")
    types = re.findall(r"^# TYPE (\S+)", await client.exposition(), re.MULTILINE)
    assert types == sorted(set(types))
    assert {"A", "mm", "zz", "push_time_seconds", "tidegate_build_info"} <= set(types)


async def test_series_stand_by_number_of_labels_and_then_by_values(client: gateway_client.Client) -> None:
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


async def test_the_header_says_the_type_and_the_first_help(client: gateway_client.Client) -> None:
    await client.put("job/a", "# HELP x Says \\\\ what.\n# TYPE x counter\nx 1\n")
    assert '# HELP x Says \\\\ what.\n# TYPE x counter\nx{instance="",job="a"} 1\n' in await client.exposition()


@pytest.mark.parametrize(
    ("accepts", "coding"),
    [
        pytest.param("gzip", "gzip", id="gzip"),
        pytest.param("deflate, GZIP;q=0.5", "gzip", id="gzip among others"),
        pytest.param("gzip;q=0", None, id="gzip ruled out"),
        pytest.param("identity", None, id="identity"),
    ],
)
async def test_the_answer_is_compressed_for_those_who_accept_it(
    client: gateway_client.Client, accepts: str, coding: str | None
) -> None:
    await client.put("job/a", "x 1\n")
    answer = await client.send("GET", "/metrics", headers={"Accept-Encoding": accepts})
    assert answer.headers.get("Content-Encoding") == coding
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"
    assert 'x{instance="",job="a"} 1\n' in answer.text


async def test_a_large_answer_is_whole_when_it_is_compressed(client: gateway_client.Client) -> None:
    value = "v" * 1000
    for part in range(4):
        await client.put(f"job/a/part/{part}", "".join(f'x{{n="{n:03}",v="{value}"}} 1\n' for n in range(400)))
    answer = await client.send("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) < len(answer.text) / 10
    assert answer.text.count(value) == 1600


async def test_every_line_of_the_gateways_own_is_there_from_the_start(client: gateway_client.Client) -> None:
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
