"""``tidegate groups explain`` and ``show`` name the scrapers that a draining group waits for, and its deadline."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import test_utils, web

from tests.support import waiting
from tests.support.cli import groups_runs
from tests.support.gateway import gateway_client
from tests.support.operator import object_builders
from tests.support.processes import ports

AGENT = "Prometheus/3.13.1"
REPORT = object_builders.key("job=report")
_AWAITED = (
    rf"It waits for {AGENT} at 127\.0\.0\.1 to scrape its last push, and is deleted in (4m\d+s|5m) at the latest\."
)
_BY_OPERATOR = "The group is draining: it is deleted after every active Prometheus has scraped it (drain timeout 5m)."


@pytest.fixture
async def stage() -> AsyncIterator[groups_runs.Stage]:
    """A Job has pushed, was scraped, has pushed again and ended; the operator knows."""
    async with groups_runs.opened() as made:
        scene = made.scene
        scene.api_server.put(scene.running("report"))
        await made.push("job/report")
        await scene.until("live Job prod/report", key=REPORT)
        client = gateway_client.Client(scene.gateway, scene.session)
        await client.scrape(agent=AGENT)
        await made.push("job/report")
        scene.api_server.put(scene.finished("report"))
        await scene.until("draining Job prod/report", key=REPORT)

        async def look() -> bool:
            url = f"http://{gateway_client.HOST}:{made.operator_port}/api/v1/groups"
            async with scene.session.get(url) as answer:
                return [group["state"] for group in (await answer.json())["groups"]] == ["draining"]

        await waiting.eventually_async(look, why="the operator to know that it drains")
        yield made


async def _explained(*flags: str) -> tuple[str, str]:
    """The paragraphs without line breaks, and the warnings."""
    ran = await groups_runs.run("explain", "job=report", *flags)
    assert ran.status == 0
    return " ".join(ran.out.split()), ran.err


async def test_explain_names_the_scraper_and_the_deadline(stage: groups_runs.Stage) -> None:
    text, warnings = await _explained(stage.gateway, stage.operator)
    assert warnings == ""
    assert re.fullmatch(
        r'\{job="report"\} is draining; verdict over by rule name\. '
        rf"Job prod/report succeeded at [-0-9: ]+Z\. {re.escape(_BY_OPERATOR)} {_AWAITED}",
        text,
    )


async def test_json_has_the_scraper_and_the_times(stage: groups_runs.Stage) -> None:
    ran = await stage.run("explain", '{job="report"}', "--output=json")
    [group] = json.loads(ran.out)["groups"]
    assert re.fullmatch(_AWAITED, group["why"][-1])
    drain = group["drain"]
    reader = {"address": "127.0.0.1", "user_agent": AGENT, "scraper": "", "reader": 1}
    assert (drain["waits_for"], drain["scrapers"]) == ("scrapers", [reader])
    assert round(drain["until"] - drain["since"]) == 300


async def test_show_prints_the_times_and_each_scraper(stage: groups_runs.Stage) -> None:
    ran = await stage.run("show", "job=report")
    assert re.search(r"\n  draining   since ([-0-9: ]+Z), until ([-0-9: ]+Z) at the latest\n", ran.out)
    assert f"\n  waits for  {AGENT} at 127.0.0.1\n" in ran.out
    assert re.search(_AWAITED, " ".join(ran.out.split()))


async def test_without_an_operator_the_gateway_explains_the_drain(stage: groups_runs.Stage) -> None:
    text, warnings = await _explained(stage.gateway, stage.no_operator)
    assert re.fullmatch(rf'\{{job="report"\}} is draining\. Job prod/report has finished\. {_AWAITED}', text)
    assert "showing the gateway's data only" in warnings


async def test_without_a_gateway_the_operator_explains_the_drain_timeout(stage: groups_runs.Stage) -> None:
    text, warnings = await _explained(f"--gateway.url=http://127.0.0.1:{ports.free_port()}", stage.operator)
    assert text.endswith(_BY_OPERATOR)
    assert "cannot be reached: " in warnings
    assert "cannot show which scrapers draining groups wait for" in warnings


@pytest.mark.parametrize("status", [404, 405])
async def test_a_gateway_that_reports_no_scrapers_is_not_an_error(stage: groups_runs.Stage, status: int) -> None:
    asked: list[str] = []

    async def handle(request: web.BaseRequest) -> web.Response:
        asked.append(request.path)
        return web.Response(status=status)

    async with test_utils.RawTestServer(handle) as server:
        text, warnings = await _explained(f"--gateway.url=http://127.0.0.1:{server.port}", stage.operator)
    assert text.endswith(_BY_OPERATOR)
    assert (warnings, asked) == ("", ["/api/v1/groups"])


async def test_without_the_operator_a_gateway_that_reports_no_scrapers_explains_nothing(
    stage: groups_runs.Stage,
) -> None:
    async def handle(_: web.BaseRequest) -> web.Response:
        return web.Response(status=404)

    async with test_utils.RawTestServer(handle) as server:
        url = f"--gateway.url=http://127.0.0.1:{server.port}"
        ran = await groups_runs.run("explain", "job=report", url, stage.no_operator)
    assert (ran.status, ran.out) == (1, "")
    assert "only the operator knows why a group is not deleted" in ran.err
