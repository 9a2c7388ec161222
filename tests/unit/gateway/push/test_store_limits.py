"""A push over a limit of the store is rejected with the limit's status and name, is counted, and changes nothing.

The same holds without a file and with one, in text and in protobuf.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.gateway import gateway_client
from tests.support.store import limit_cases
from tidegate import settings
from tidegate.gateway import server


@pytest.fixture(params=["memory", "file"])
def persistence_settings(request: pytest.FixtureRequest, tmp_path: Path) -> settings.PersistenceSettings:
    return settings.PersistenceSettings(file="" if request.param == "memory" else str(tmp_path / "groups"))


class TestEachLimit:
    """Pushes up to each limit and over it."""

    @pytest.fixture(params=list(limit_cases.CASES))
    def case(self, request: pytest.FixtureRequest) -> limit_cases.Case:
        return limit_cases.CASES[request.param]

    @pytest.fixture
    def limit_settings(self, case: limit_cases.Case) -> settings.LimitSettings:
        return case.chosen

    @pytest.mark.parametrize("format", limit_cases.FORMATS.values(), ids=list(limit_cases.FORMATS))
    async def test_push_over_the_limit_is_rejected_with_its_flag_and_changes_nothing(
        self,
        gateway: server.Gateway,
        client: gateway_client.Client,
        case: limit_cases.Case,
        format: limit_cases.Format,
    ) -> None:
        for push in case.accepted:
            assert (await _post(client, push, format)).status == 200
        before, revision = await _pushed(client), gateway.store.revision

        response = await _post(client, case.rejected, format)

        assert (response.status, case.limit.flag in response.text) == (case.limit.status, True)
        assert (await _pushed(client), gateway.store.revision) == (before, revision)
        rejected = f'tidegate_requests_refused_total{{limit="{case.limit.label}"}}'
        counters = [
            line for line in (await client.exposition()).splitlines() if line.startswith("tidegate_requests_re")
        ]
        assert [line for line in counters if not line.endswith(" 0")] == [f"{rejected} 1"]


class TestCombinedLimits:
    """Operations on groups that are close to a limit."""

    @pytest.fixture
    def limit_settings(self) -> settings.LimitSettings:
        return settings.LimitSettings(
            push_series=6, group_series=8, groups=3, series=20, labels=4, name_length=20, value_length=30
        )

    @pytest.mark.parametrize("path", [f"job/{'j' * 31}", f"job/a/{'l' * 21}/x", "job/a/b/1/c/2/d/3/e/4"])
    async def test_limits_of_labels_apply_to_the_grouping_key(self, client: gateway_client.Client, path: str) -> None:
        response = await client.send("PUT", f"/metrics/{path}", b"")
        assert response.status == 400
        assert "--limit." in response.text
        assert await client.pushed() == []

    async def test_group_may_grow_to_its_limit(self, client: gateway_client.Client) -> None:
        await client.send("POST", "/metrics/job/a", "".join(f"m{n} 1\n" for n in range(6)).encode())
        await client.send("POST", "/metrics/job/a", b"m6 1\nm7 1\nm0 2\n")
        response = await client.send("POST", "/metrics/job/a", b"m8 1\n")
        assert (response.status, "--limit.group-series" in response.text) == (413, True)
        assert len(await client.pushed()) == 8

    async def test_new_group_over_the_limit_is_rejected_and_existing_groups_still_accept_pushes(
        self, client: gateway_client.Client
    ) -> None:
        for job in "abc":
            await client.put(f"job/{job}", "m 1\n")
        response = await client.send("PUT", "/metrics/job/d", b"m 1\n")
        assert (response.status, "--limit.groups" in response.text) == (429, True)
        await client.put("job/a", "m 2\n")
        await client.send("DELETE", "/metrics/job/b")
        await client.put("job/d", "m 1\n")
        assert await client.pushed() == [
            f'm{{instance="",job="{job}"}} {n}' for job, n in (("a", 2), ("c", 1), ("d", 1))
        ]

    async def test_invalid_push_over_the_limit_creates_no_group(self, client: gateway_client.Client) -> None:
        for job in "abc":
            await client.put(f"job/{job}", "m 1\n")
        assert (await client.send("PUT", "/metrics/job/d", b"m 1\nm 1\n")).status == 429
        assert 'job="d"' not in await client.scrape()

    async def test_series_limit_rejects_growth_until_another_group_shrinks(self, client: gateway_client.Client) -> None:
        six = "".join(f"m{n} 1\n" for n in range(6))
        for job in "abc":
            await client.put(f"job/{job}", six)
        await client.send("DELETE", "/metrics/job/c")
        await client.put("job/c", six)
        await client.send("POST", "/metrics/job/a", b"m6 1\nm7 1\n")
        response = await client.send("POST", "/metrics/job/b", b"m6 1\n")
        assert (response.status, "--limit.series" in response.text) == (429, True)
        await client.put("job/a", "m0 1\n")
        await client.send("POST", "/metrics/job/b", b"m6 1\n")
        assert len(await client.pushed()) == 1 + 7 + 6


async def _post(
    client: gateway_client.Client, push: limit_cases.Push, format: limit_cases.Format
) -> gateway_client.Response:
    path = "/".join(f"{name}/{value}" for name, value in push.labels.items())
    headers = {"Content-Type": format.content_type}
    return await client.send("POST", f"/metrics/{path}", format.encode(push.body), headers=headers)


async def _pushed(client: gateway_client.Client) -> list[str]:
    """Return every line of a group, including the timestamps that the store adds."""
    return [line for line in (await client.exposition()).splitlines() if 'job="' in line]
