"""What is pushed beyond a limit of the store is told which, is counted, and leaves everything as it was."""

from __future__ import annotations

import pytest

from tests.gateway import clients
from tidegate import settings
from tidegate.model import limits


class TestOfTheStore:
    """Limits of what is in a push, and of what all have together."""

    @pytest.fixture
    def limit_settings(self) -> settings.LimitSettings:
        return settings.LimitSettings(
            push_series=6, group_series=8, groups=3, series=20, labels=4, name_length=20, value_length=30
        )

    @pytest.mark.parametrize(
        ("body", "limit"),
        [
            pytest.param("".join(f"m{n} 1\n" for n in range(7)), limits.Limit.PUSH_SERIES, id="series"),
            pytest.param(
                "# TYPE h histogram\n" + "".join(f'h_bucket{{le="{n}"}} 1\n' for n in range(5)),
                limits.Limit.PUSH_SERIES,
                id="buckets, a sum and a count",
            ),
            pytest.param('m{a="1",b="2",c="3"} 1\n', limits.Limit.LABELS, id="labels, job and instance among them"),
            pytest.param(f"{'m' * 21} 1\n", limits.Limit.NAME_LENGTH, id="name of a metric"),
            pytest.param(f'm{{{"l" * 21}="1"}} 1\n', limits.Limit.NAME_LENGTH, id="name of a label"),
            pytest.param(f'm{{a="{"v" * 31}"}} 1\n', limits.Limit.VALUE_LENGTH, id="value"),
            pytest.param(f"# HELP m {'h' * 31}\nm 1\n", limits.Limit.VALUE_LENGTH, id="help"),
        ],
    )
    async def test_a_push_over_a_limit_is_told_which_and_leaves_the_group_as_it_was(
        self, client: clients.Client, body: str, limit: limits.Limit
    ) -> None:
        await client.put("job/a", "kept 1\n")
        before = await client.scrape()
        answer = await client.send("PUT", "/metrics/job/a", body.encode())
        assert answer.status == limit.status
        assert f"--limit.{limit.label.replace('_', '-')}" in answer.text
        assert await client.value(f'tidegate_requests_refused_total{{limit="{limit.label}"}}') == 1
        assert await client.pushed() == ['kept{instance="",job="a"} 1']
        assert _times(before) == _times(await client.scrape())

    @pytest.mark.parametrize("path", [f"job/{'j' * 31}", f"job/a/{'l' * 21}/x", "job/a/b/1/c/2/d/3/e/4"])
    async def test_a_grouping_key_is_held_to_the_limits_of_labels(self, client: clients.Client, path: str) -> None:
        answer = await client.send("PUT", f"/metrics/{path}", b"")
        assert answer.status == 400
        assert "--limit." in answer.text
        assert await client.pushed() == []

    async def test_a_group_grows_up_to_its_limit(self, client: clients.Client) -> None:
        await client.send("POST", "/metrics/job/a", "".join(f"m{n} 1\n" for n in range(6)).encode())
        await client.send("POST", "/metrics/job/a", b"m6 1\nm7 1\nm0 2\n")
        answer = await client.send("POST", "/metrics/job/a", b"m8 1\n")
        assert (answer.status, "--limit.group-series" in answer.text) == (413, True)
        assert len(await client.pushed()) == 8

    async def test_groups_beyond_their_number_are_refused_and_those_that_there_are_go_on(
        self, client: clients.Client
    ) -> None:
        for job in "abc":
            await client.put(f"job/{job}", "m 1\n")
        answer = await client.send("PUT", "/metrics/job/d", b"m 1\n")
        assert (answer.status, "--limit.groups" in answer.text) == (429, True)
        await client.put("job/a", "m 2\n")
        await client.send("DELETE", "/metrics/job/b")
        await client.put("job/d", "m 1\n")
        assert await client.pushed() == [
            f'm{{instance="",job="{job}"}} {n}' for job, n in (("a", 2), ("c", 1), ("d", 1))
        ]

    async def test_a_push_that_is_refused_makes_no_group_either_where_there_is_no_room(
        self, client: clients.Client
    ) -> None:
        for job in "abc":
            await client.put(f"job/{job}", "m 1\n")
        assert (await client.send("PUT", "/metrics/job/d", b"m 1\nm 1\n")).status == 429
        assert 'job="d"' not in await client.scrape()

    async def test_near_the_bound_of_all_series_new_groups_are_refused_and_others_may_still_grow(
        self, client: clients.Client
    ) -> None:
        six = "".join(f"m{n} 1\n" for n in range(6))
        for job in "abc":
            await client.put(f"job/{job}", six)
        await client.send("DELETE", "/metrics/job/c")
        await client.put("job/c", six)
        await client.send("POST", "/metrics/job/a", b"m6 1\nm7 1\n")
        answer = await client.send("POST", "/metrics/job/b", b"m6 1\n")
        assert (answer.status, "--limit.series" in answer.text) == (429, True)
        await client.put("job/a", "m0 1\n")
        await client.send("POST", "/metrics/job/b", b"m6 1\n")
        assert len(await client.pushed()) == 1 + 7 + 6


class TestOfMemory:
    """When memory is nearly used up, what is there stays, and nothing new is begun."""

    @pytest.fixture
    def limit_settings(self) -> settings.LimitSettings:
        return settings.LimitSettings(memory=1)

    async def test_new_groups_are_refused(self, client: clients.Client) -> None:
        answer = await client.send("PUT", "/metrics/job/a", b"m 1\n")
        assert (answer.status, "--limit.memory" in answer.text) == (429, True)
        assert await client.value('tidegate_requests_refused_total{limit="memory"}') == 1


def _times(exposition: str) -> list[str]:
    return [line for line in exposition.splitlines() if line.startswith("push_")]
