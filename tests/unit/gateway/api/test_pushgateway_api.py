"""``/api/v1`` and the probes."""

from __future__ import annotations

import datetime
import json
import platform

from aiohttp import test_utils, web

import tidegate
from tests.support.gateway import gateway_client
from tidegate.aio import clocks
from tidegate.gateway.http import health

PUSH = (
    "# HELP s How long.\n# TYPE s summary\n"
    's{zone="z",quantile="0.5"} 1.5\ns_sum{zone="z"} 2\ns_count{zone="z"} 3\n'
    '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 2.5\nh_count 2\n'
    "# TYPE c counter\nc 1e7\n"
    "u NaN\n"
)


def _time(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC).isoformat().replace("+00:00", "Z")


async def test_status_has_flags_start_time_and_build(client: gateway_client.Client, clock: clocks.MovableClock) -> None:
    started = clock.wall()
    clock.advance(5)
    response = await client.send("GET", "/api/v1/status")
    assert response.status == 200
    assert json.loads(response.text) == {
        "status": "success",
        "data": {
            "flags": {"web.listen-address": "127.0.0.1:0"},
            "start_time": _time(started),
            "build_information": {
                "version": tidegate.__version__,
                "revision": "",
                "branch": "",
                "buildUser": "",
                "buildDate": "",
                "goVersion": f"Python {platform.python_version()}",
            },
        },
    }


async def test_metrics_describes_each_group_as_pushgateway_does(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await client.put("job/a", PUSH)
    first = _time(clock.wall())
    clock.advance(5)
    await client.post("job/a", "u 2\n")
    second = _time(clock.wall())
    own = {"instance": "", "job": "a"}
    response = await client.send("GET", "/api/v1/metrics")
    body = json.loads(response.text)
    assert body["status"] == "success"
    (group,) = body["data"]
    for name in ("push_time_seconds", "push_failure_time_seconds"):
        assert group.pop(name)["metrics"][0]["labels"] == own
    summary = {"labels": {**own, "zone": "z"}, "quantiles": {"0.5": "1.5"}, "count": "3", "sum": "2"}
    histogram = {"labels": own, "buckets": {"1": "1", "+Inf": "2"}, "count": "2", "sum": "2.5"}
    assert group == {
        "labels": {"job": "a"},
        "last_push_successful": True,
        "s": {"time_stamp": first, "type": "SUMMARY", "help": "How long.", "metrics": [summary]},
        "h": {"time_stamp": first, "type": "HISTOGRAM", "metrics": [histogram]},
        "c": {"time_stamp": first, "type": "COUNTER", "metrics": [{"labels": own, "value": "1e+07"}]},
        "u": {"time_stamp": second, "type": "UNTYPED", "metrics": [{"labels": own, "value": "2"}]},
    }


async def test_metrics_reports_whether_the_last_push_succeeded(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    async def successful() -> bool:
        body = json.loads((await client.send("GET", "/api/v1/metrics")).text)
        return bool(body["data"][0]["last_push_successful"])

    await client.put("job/a", "x 1\n")
    assert await successful()
    clock.advance(1)
    await client.put("job/a", "x 1 1000\n")
    assert not await successful()
    clock.advance(1)
    await client.put("job/a", "x 2\n")
    assert await successful()


async def test_metrics_of_no_groups_is_an_empty_list(client: gateway_client.Client) -> None:
    response = await client.send("GET", "/api/v1/metrics")
    assert json.loads(response.text) == {"status": "success", "data": []}
    assert response.headers["Content-Type"].startswith("application/json")


async def test_api_is_readable_from_any_origin(client: gateway_client.Client) -> None:
    for method, path in (("GET", "status"), ("GET", "metrics"), ("OPTIONS", "metrics")):
        response = await client.send(method, f"/api/v1/{path}", headers={"Origin": "http://elsewhere"})
        assert response.status == 200
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "GET" in response.headers["Access-Control-Allow-Methods"]


async def test_running_gateway_is_healthy_and_ready(client: gateway_client.Client) -> None:
    for probe in ("healthy", "ready"):
        response = await client.send("GET", f"/-/{probe}")
        assert (response.status, response.text) == (200, "OK")


async def test_stopping_gateway_is_healthy_and_not_ready() -> None:
    probes = health.HealthHandlers()
    app = web.Application()
    app.add_routes([web.get("/healthy", probes.healthy), web.get("/ready", probes.ready)])
    async with test_utils.TestClient(test_utils.TestServer(app)) as session:
        probes.set_stopping()
        assert (await session.get("/ready")).status == 503
        assert (await session.get("/healthy")).status == 200
