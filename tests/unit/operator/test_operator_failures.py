"""The complete operator with a real gateway, during failures of its neighbors.

Objects come from lists only, as they do while the watch is down.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.gateway import gateway_client
from tests.support.operator import object_builders, operator_harness
from tidegate import settings
from tidegate.model import control_api, reason_texts, reasons
from tidegate.operator import main
from tidegate.operator.gateways import gateway_protocol
from tidegate.operator.watch import cache_updater


@pytest.fixture
async def running(scene: operator_harness.Scene) -> AsyncIterator[main.Operator]:
    async with operator_harness.at_work(scene) as operator:
        yield operator


@pytest.mark.usefixtures("running")
async def test_job_claims_its_group_which_drains_when_it_finishes(scene: operator_harness.Scene) -> None:
    scene.api_server.put(scene.running("x"))
    await scene.push("job/x")
    await scene.until("live Job prod/x")
    scene.api_server.put(scene.finished("x"))
    await scene.until("draining Job prod/x")
    await scene.until_true(lambda: scene.api_server.events, why="the Event")
    (event,) = scene.api_server.events
    assert event["reason"] == "GroupsRetired"
    draining = reasons.reason(reasons.Code.EVENT_DRAINING_UNTIL_SCRAPED, keys=[operator_harness.X])
    assert event["note"] == reason_texts.text(draining)


async def test_event_of_the_watch_is_handled_at_once(scene: operator_harness.Scene, running: main.Operator) -> None:
    scene.api_server.put(scene.running("x"))
    await scene.push("job/x")
    await scene.until("live Job prod/x")
    scene.api_server.down = True
    running.handle_event(cache_updater.ObjectEvent(scene.finished("x")))
    await scene.until("draining Job prod/x")


async def test_first_list_detects_a_job_deleted_while_the_operator_was_down(
    scene: operator_harness.Scene,
) -> None:
    await scene.push("job/x")
    claim = object_builders.claim(scene.running("x"))
    await scene.gateway.store.apply([control_api.ClaimGroup(key=operator_harness.X, claim=claim)])
    async with operator_harness.at_work(
        scene, worker=dataclasses.replace(operator_harness.QUICK, resync_seconds=3_600.0)
    ):
        await scene.until("draining Job prod/x")


@pytest.mark.usefixtures("running")
async def test_nothing_is_retired_while_the_api_server_is_unavailable(
    scene: operator_harness.Scene,
) -> None:
    scene.api_server.put(scene.running("x"))
    await scene.push("job/x")
    await scene.until("live Job prod/x")
    scene.api_server.down = True
    scene.api_server.jobs.clear()
    calls = len(scene.api_server.calls)
    await scene.until_true(lambda: len(scene.api_server.calls) > calls + 2, why="lists that fail")
    assert scene.state(operator_harness.X) == "live Job prod/x"
    await scene.until_true(
        lambda: scene.metric("tidegate_operator_api_errors_total", reason="server") >= 2, why="the errors' count"
    )
    scene.api_server.down = False
    await scene.until("draining Job prod/x")


@pytest.mark.usefixtures("running")
async def test_incomplete_list_changes_nothing(scene: operator_harness.Scene) -> None:
    for name in ("x", "y", "z"):
        scene.api_server.put(scene.running(name))
    await scene.push("job/z")
    await scene.until("live Job prod/z", key=object_builders.key("job=z"))
    lists = scene.metric("tidegate_operator_last_list_timestamp_seconds")
    scene.api_server.faults.append(500)
    await scene.until_true(
        lambda: scene.metric("tidegate_operator_last_list_timestamp_seconds") > lists + 0.3, why="a later list"
    )
    assert scene.state(object_builders.key("job=z")) == "live Job prod/z"


@pytest.mark.usefixtures("running")
async def test_groups_are_listed_again_after_the_gateway_lost_them(scene: operator_harness.Scene) -> None:
    scene.api_server.put(scene.running("x"))
    await scene.push("job/x")
    await scene.until("live Job prod/x")
    await scene.restart_gateway()
    await scene.push("job/x")
    await scene.until("live Job prod/x")
    scene.api_server.put(scene.finished("x"))
    await scene.until("draining Job prod/x")


async def test_operator_waits_for_its_token_file_and_reads_changes(
    scene: operator_harness.Scene, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "token"
    scene.api_server.put(scene.running("x"))
    await scene.push("job/x")
    async with operator_harness.at_work(scene, token=settings.TokenSettings(file=str(file))):
        await scene.until_true(lambda: f"{file} does not exist yet" in caplog.text, why="a line about the file")
        _write(file, "a-token-that-the-gateway-does-not-know")
        await scene.until_true(lambda: "401 Unauthorized" in caplog.text, why="a line about the token")
        _write(file, gateway_client.TOKEN.value)
        await scene.until("live Job prod/x")


def _write(file: Path, token: str) -> None:
    file.touch(mode=0o600)
    file.write_text(token)


@pytest.mark.usefixtures("running")
async def test_group_that_names_a_pod_is_claimed_by_its_job(scene: operator_harness.Scene) -> None:
    job = scene.running("x")
    scene.api_server.put(job)
    scene.api_server.pods["x-b2c4d"] = job.uid
    await scene.push("job/y/instance/x-b2c4d")
    await scene.until("live Job prod/x", key=object_builders.key("job=y,instance=x-b2c4d"))


async def test_more_groups_than_a_page_or_a_request_holds_are_claimed(
    scene: operator_harness.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_protocol, "PAGE", 20)
    scene.api_server.put(scene.running("x"))
    count = 2 * gateway_protocol.PAGE + 5
    for number in range(count):
        await scene.push(f"job/x/n/{number}")
    async with operator_harness.at_work(scene):
        await scene.until_true(
            lambda: scene.metric("tidegate_operator_actions_total", action="claim", result="done") >= count,
            why="all claims",
        )
    assert all(scene.state(key) == "live Job prod/x" for key in scene.gateway.store.grouping_keys())


@pytest.mark.usefixtures("running")
async def test_invalid_annotation_is_reported_once(scene: operator_harness.Scene) -> None:
    scene.api_server.put(scene.running("x"), annotations={"tidegate.dev/cleanup": "often"})
    await scene.until_true(lambda: scene.api_server.events, why="the Event")
    calls = len(scene.api_server.calls)
    await scene.until_true(lambda: len(scene.api_server.calls) > calls + 4, why="two more lists")
    assert [event["reason"] for event in scene.api_server.events] == ["InvalidAnnotation"]


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(
    ("annotations", "note"),
    [
        ({"tidegate.dev/clean-up": "never"}, "did you mean tidegate.dev/cleanup?"),
        ({"tidegate.dev/grouping-key": "job='x'"}, "values are not quoted; write job=x"),
        ({"tidegate.dev/grouping-key": "job=x/instance=a"}, "job=x,instance=a"),
    ],
)
async def test_nearly_valid_annotation_is_reported_and_keeps_the_group(
    scene: operator_harness.Scene, annotations: dict[str, str], note: str
) -> None:
    scene.api_server.put(scene.finished("x"), annotations=annotations)
    await scene.push("job/x")
    await scene.until_true(lambda: scene.api_server.events, why="the Event")
    [event] = scene.api_server.events
    assert event["reason"] == "InvalidAnnotation"
    assert note in event["note"]
    assert scene.state(operator_harness.X).startswith("live")


async def test_dry_run_logs_retirements_and_does_nothing(
    scene: operator_harness.Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    scene.api_server.put(scene.finished("x"))
    await scene.push("job/x")
    async with operator_harness.at_work(scene, worker=dataclasses.replace(operator_harness.QUICK, dry_run=True)):
        await scene.until_true(
            lambda: scene.metric("tidegate_operator_actions_total", action="retire", result="dry-run") > 1,
            why="two plans",
        )
    assert scene.state(operator_harness.X) == "live"
    logged_fields = [
        record.__dict__["fields"] for record in caplog.records if "would start to drain" in record.getMessage()
    ]
    assert logged_fields == [{"group": '{job="x"}', "owners": "Job prod/x", "rule": "name", "verdict": "over"}]


async def test_retirements_over_the_breaker_limit_wait_for_another_list(scene: operator_harness.Scene) -> None:
    names = [f"x{number}" for number in range(5)]
    for name in names:
        scene.api_server.put(scene.finished(name))
        await scene.push(f"job/{name}")
    async with operator_harness.at_work(scene, worker=dataclasses.replace(operator_harness.QUICK, max_drains=2)):
        await scene.until_true(
            lambda: scene.metric("tidegate_operator_breaker_tripped") == 1, why="the breaker to trip"
        )
        assert [scene.state(object_builders.key(f"job={name}")) for name in names] == ["live"] * 5
        for name in names:
            await scene.until(f"draining Job prod/{name}", key=object_builders.key(f"job={name}"))
        await scene.until_true(lambda: scene.metric("tidegate_operator_breaker_tripped") == 0, why="it to close again")
    assert scene.metric("tidegate_operator_groups_held_back") == 0


@pytest.mark.usefixtures("running")
async def test_verdicts_are_counted_with_their_rule(scene: operator_harness.Scene) -> None:
    scene.api_server.put(scene.running("x"))
    for name in ("x", "unowned"):
        await scene.push(f"job/{name}")
    for verdict, rule in (("active", "name"), ("unowned", "none")):
        await scene.until_true(
            lambda: scene.metric("tidegate_operator_group_verdicts", verdict=verdict, rule=rule) == 1,  # noqa: B023
            why=f"one {verdict} group",
        )
