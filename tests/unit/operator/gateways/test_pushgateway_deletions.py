"""Deletions of groups from a Pushgateway: after a read, retried later, and reported if they fail."""

from __future__ import annotations

import logging

import pytest
from aiohttp import web

from tests.support.operator import fake_pushgateways, object_builders, pushgateway_harness
from tidegate.model import control_api, lifecycle

X, Y = object_builders.key("job=x"), object_builders.key("job=y")


async def test_each_deletion_follows_a_separate_read(
    stage: pushgateway_harness.Stage, fake_pushgateway: fake_pushgateways.FakePushgateway
) -> None:
    """With reads that take no time, as under this clock."""
    fake_pushgateway.pushed = {"x": 1.0, "y": 1.0, "z": 1.0}
    await stage.follow()
    for key in (X, Y):
        await stage.end(key)
    fake_pushgateway.log.clear()
    await stage.after(pushgateway_harness.GRACE)
    assert fake_pushgateway.log == ["read", "x", "read", "y"]
    await stage.after(pushgateway_harness.POLL)
    assert stage.groups.keys() == {object_builders.key("job=z")}


async def test_several_groups_are_deleted_after_one_read_for_as_long_as_the_read_took(
    stage: pushgateway_harness.Stage, fake_pushgateway: fake_pushgateways.FakePushgateway
) -> None:
    fake_pushgateway.pushed = {f"x{number}": 1.0 for number in range(6)}
    await stage.follow()
    for key in list(stage.groups):
        await stage.end(key)

    async def slowly(_: web.Request) -> web.StreamResponse:
        stage.clock.advance(3.0)
        fake_pushgateway.read_fault = None
        return fake_pushgateway.listing()

    async def also_slowly(_: web.Request) -> web.StreamResponse:
        stage.clock.advance(1.0)
        fake_pushgateway.pushed.pop(fake_pushgateway.deletions[-1])
        return web.Response(status=202)

    fake_pushgateway.read_fault, fake_pushgateway.delete_fault = slowly, also_slowly
    fake_pushgateway.log.clear()
    await stage.after(pushgateway_harness.GRACE)
    assert fake_pushgateway.log[:5] == ["read", "x0", "x1", "x2", "read"]
    await stage.after(pushgateway_harness.POLL)
    assert stage.groups == {}


async def test_claim_between_read_and_deletion_keeps_the_group(
    stage: pushgateway_harness.Stage, fake_pushgateway: fake_pushgateways.FakePushgateway
) -> None:
    fake_pushgateway.pushed = {"x": 1.0, "y": 1.0}
    await stage.follow()
    await stage.end(X)
    await stage.end(Y)
    claim = control_api.ClaimGroup(key=Y, claim=object_builders.claim(object_builders.job("y", uid="next")))

    async def meanwhile(_: web.Request) -> web.StreamResponse:
        epoch = (await stage.gateway.changes(after=None)).epoch
        await stage.gateway.act([claim], epoch=epoch)
        fake_pushgateway.pushed.pop("x")
        return web.Response(status=202)

    async def slowly(_: web.Request) -> web.StreamResponse:
        stage.clock.advance(3.0)
        fake_pushgateway.read_fault = None
        return fake_pushgateway.listing()

    fake_pushgateway.read_fault, fake_pushgateway.delete_fault = slowly, meanwhile
    await stage.after(pushgateway_harness.GRACE)
    await stage.after(pushgateway_harness.GRACE)
    assert fake_pushgateway.deletions == ["x"]
    assert not stage.groups[Y].draining


@pytest.mark.parametrize("status", [401, 403, 405, 500, 503])
async def test_failed_deletions_are_retried_later_and_block_nothing(
    stage: pushgateway_harness.Stage,
    fake_pushgateway: fake_pushgateways.FakePushgateway,
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    fake_pushgateway.pushed = {"x": 1.0, "y": 1.0}
    await stage.follow()
    await stage.end(X)
    await stage.end(Y)
    fake_pushgateway.delete_fault = fake_pushgateways.responding_with(status)
    await stage.after(pushgateway_harness.GRACE)
    assert fake_pushgateway.deletions == ["x"]
    fake_pushgateway.pushed["z"] = 1.0
    await stage.after(pushgateway_harness.POLL)
    assert object_builders.key("job=z") in stage.groups
    await stage.after(pushgateway_harness.POLL)
    assert caplog.text.count("deleting groups from Pushgateway failed") == 1
    assert (stage.metric("deletion_failures_total", result="failed") or 0) >= 2
    fake_pushgateway.delete_fault = None
    await stage.after(pushgateway_harness.GRACE)
    await stage.after(pushgateway_harness.POLL)
    assert [deleted.reason for deleted in stage.deleted] == [lifecycle.DeletionReason.GRACE_PERIOD] * 2
    assert "deleting groups from Pushgateway succeeded again" in caplog.text


async def test_rejected_deletion_does_not_block_others(
    stage: pushgateway_harness.Stage,
    fake_pushgateway: fake_pushgateways.FakePushgateway,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fake_pushgateway.pushed = {"x": 1.0, "y": 1.0}
    await stage.follow()
    await stage.end(X)
    await stage.end(Y)

    async def not_x(_: web.Request) -> web.StreamResponse:
        if fake_pushgateway.deletions[-1] == "x":
            return web.Response(status=400, text="improper label name")
        fake_pushgateway.pushed.pop("y")
        return web.Response(status=202)

    fake_pushgateway.delete_fault = not_x
    await stage.after(pushgateway_harness.GRACE)
    await stage.after(pushgateway_harness.POLL)
    assert fake_pushgateway.deletions == ["x", "y"]
    assert 'cannot delete group {job="x"}: DELETE' in caplog.text
    assert stage.metric("deletion_failures_total", result="refused") == 1
    await stage.after(pushgateway_harness.GRACE)
    assert fake_pushgateway.deletions == ["x", "y", "x"]


async def test_group_that_remains_after_its_deletion_is_reported_and_deleted_again_later(
    stage: pushgateway_harness.Stage,
    fake_pushgateway: fake_pushgateways.FakePushgateway,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await stage.follow()
    await stage.end(X)
    fake_pushgateway.ignores_deletions = True
    await stage.after(pushgateway_harness.GRACE)
    await stage.after(pushgateway_harness.GRACE - pushgateway_harness.POLL)
    assert fake_pushgateway.deletions == ["x"]
    await stage.after(pushgateway_harness.POLL)
    assert fake_pushgateway.deletions == ["x", "x"]
    assert 'group {job="x"} still exists although Pushgateway accepted its deletion' in caplog.text
    assert stage.metric("deletion_failures_total", result="stayed") == 1
