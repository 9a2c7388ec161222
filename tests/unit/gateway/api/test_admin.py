"""Wiping the store and ending the process are rejected unless their flags are set."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from tests.support.gateway import gateway_client
from tidegate import settings


class TestWithoutTheFlags:
    async def test_quit_is_rejected(self, client: gateway_client.Client, stop: asyncio.Event) -> None:
        for method in ("PUT", "POST"):
            response = await client.send(method, "/-/quit")
            assert (response.status, "--web.enable-lifecycle" in response.text) == (403, True)
        assert not stop.is_set()

    async def test_wipe_is_rejected(self, client: gateway_client.Client) -> None:
        await client.put("job/a", "x 1\n")
        assert (await client.send("PUT", "/api/v1/admin/wipe")).status == 404
        assert await client.pushed() == ['x{instance="",job="a"} 1']


class TestWithTheFlags:
    @pytest.fixture
    def web_settings(self, web_settings: settings.WebSettings) -> settings.WebSettings:
        return dataclasses.replace(web_settings, enable_lifecycle=True, enable_admin_api=True)

    @pytest.mark.parametrize("method", ["PUT", "POST"])
    async def test_quit_ends_the_process(self, client: gateway_client.Client, stop: asyncio.Event, method: str) -> None:
        response = await client.send(method, "/-/quit")
        assert (response.status, response.text) == (200, "Requesting termination... Goodbye!")
        assert stop.is_set()

    async def test_get_does_not_end_the_process(self, client: gateway_client.Client, stop: asyncio.Event) -> None:
        assert (await client.send("GET", "/-/quit")).status == 405
        assert not stop.is_set()

    async def test_wipe_deletes_every_group_and_counts_them(self, client: gateway_client.Client) -> None:
        groups = [f"job/a/zone/z{number}" for number in range(120)]
        for group in groups:
            await client.put(group, "x 1\n")
        assert (await client.send("PUT", "/api/v1/admin/wipe")).status == 202
        assert await client.pushed() == []
        assert "push_time_seconds{" not in await client.exposition()
        assert await client.value('tidegate_groups_deleted_total{reason="request"}') == len(groups)

    async def test_push_after_a_wipe_may_have_another_type(self, client: gateway_client.Client) -> None:
        await client.put("job/a", "# TYPE x counter\nx 1\n")
        await client.send("PUT", "/api/v1/admin/wipe")
        assert (await client.put("job/b", "# TYPE x gauge\nx 1\n")).status == 200
