"""A push that conflicts with other groups is rejected, and only its failure time is stored."""

from __future__ import annotations

import pytest

from tests.support.gateway import gateway_client
from tidegate.aio import clocks

SUMMARY = '# TYPE s summary\ns{quantile="0.5"} 1\ns_sum 2\ns_count 3\n'
HISTOGRAM = '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 2\nh_count 2\n'


async def _expect_rejected(client: gateway_client.Client, group: str, body: str, *, reason: str) -> None:
    before = await client.pushed()
    response = await client.put(group, body)
    assert response.status == 400
    assert response.text.startswith("pushed metrics are invalid or inconsistent with existing metrics: ")
    assert reason in response.text
    assert await client.pushed() == before


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param("x 1 1000\n", "must not have timestamps", id="timestamp"),
        pytest.param("push_time_seconds 1 1000\n", "must not have timestamps", id="timestamp on a family of the store"),
        pytest.param("x 1\nx 2\n", 'x{job="a",instance=""} more than once', id="series twice"),
        pytest.param('x{job="b"} 1\nx{job="c"} 2\n', "more than once", id="series the same under the grouping labels"),
        pytest.param('x 1\nx{instance=""} 2\n', "more than once", id="series the same with the empty instance"),
        pytest.param(SUMMARY + "# TYPE s_x gauge\ns_x 1\ns_x 2\n", "more than once", id="series twice among others"),
        pytest.param("s_count 1\n# TYPE s summary\ns_sum 1\n", "s_count", id="name of a part in the same push"),
    ],
)
async def test_push_that_conflicts_with_itself_is_rejected(
    client: gateway_client.Client, body: str, reason: str
) -> None:
    await _expect_rejected(client, "job/a", body, reason=reason)


@pytest.mark.parametrize(
    ("existing", "body"),
    [
        pytest.param("# TYPE x counter\nx 1\n", "# TYPE x gauge\nx 1\n", id="another type"),
        pytest.param("# TYPE x counter\nx 1\n", "x 1\n", id="no type"),
        pytest.param(SUMMARY, "s_sum 1\n", id="sum of a summary"),
        pytest.param(SUMMARY, "s_count 1\n", id="count of a summary"),
        pytest.param(HISTOGRAM, "h_sum 1\n", id="sum of a histogram"),
        pytest.param(HISTOGRAM, "h_count 1\n", id="count of a histogram"),
        pytest.param(HISTOGRAM, "h_bucket 1\n", id="bucket of a histogram"),
        pytest.param("s_sum 1\n", SUMMARY, id="summary over its sum"),
        pytest.param("h_bucket 1\n", HISTOGRAM, id="histogram over its bucket"),
    ],
)
async def test_push_that_conflicts_with_another_group_is_rejected_until_that_group_is_deleted(
    client: gateway_client.Client, existing: str, body: str
) -> None:
    assert (await client.put("job/there", existing)).status == 200
    await _expect_rejected(client, "job/a", body, reason="")
    await client.delete("job/there")
    assert (await client.put("job/a", body)).status == 200


@pytest.mark.parametrize(
    ("existing", "body"),
    [
        pytest.param(SUMMARY, "s_bucket 1\n", id="bucket next to a summary"),
        pytest.param("x 1\n", "x_sum 1\nx_count 1\n", id="parts next to a plain number"),
        pytest.param("# HELP x One.\nx 1\n", "# HELP x Two.\nx 1\n", id="another help text"),
        pytest.param("# TYPE x untyped\nx 1\n", "x 1\n", id="explicit and implicit untyped"),
    ],
)
async def test_push_that_only_resembles_a_conflict_is_accepted(
    client: gateway_client.Client, existing: str, body: str
) -> None:
    assert (await client.put("job/there", existing)).status == 200
    assert (await client.put("job/a", body)).status == 200


async def test_first_of_two_help_texts_is_shown_until_its_group_is_deleted(
    client: gateway_client.Client,
) -> None:
    await client.put("job/two", "# HELP x Two.\nx 1\n")
    await client.put("job/one", "# HELP x One.\nx 1\n")
    assert "# HELP x One.\n" in await client.exposition()
    await client.delete("job/one")
    shown = await client.exposition()
    assert "# HELP x Two.\n" in shown
    assert "One." not in shown


async def test_only_group_with_a_family_may_change_its_type(client: gateway_client.Client) -> None:
    await client.put("job/a", "# TYPE x counter\nx 1\n")
    assert (await client.post("job/a", "# TYPE x gauge\nx 2\n")).status == 200
    assert "# TYPE x gauge\n" in await client.exposition()


async def test_put_may_reuse_the_name_of_a_part_and_post_may_not(
    client: gateway_client.Client,
) -> None:
    await client.put("job/a", SUMMARY)
    assert (await client.post("job/a", "s_sum 1\n")).status == 400
    assert (await client.put("job/a", "s_sum 1\n")).status == 200


async def test_two_groups_with_the_same_series_conflict(client: gateway_client.Client) -> None:
    await client.put("job/a/instance/i", "x 1\n")
    await _expect_rejected(
        client,
        "job/a",
        'x{instance="i"} 2\n',
        reason='x{job="a",instance="i"} is already in group {job="a",instance="i"}',
    )
    await client.delete("job/a/instance/i")
    assert (await client.put("job/a", 'x{instance="i"} 2\n')).status == 200


@pytest.mark.parametrize("name", ["tidegate_groups", "tidegate_scrapers", "process_cpu_seconds_total"])
async def test_gateway_metric_with_another_type_is_rejected(client: gateway_client.Client, name: str) -> None:
    await _expect_rejected(client, "job/a", f"# TYPE {name} untyped\n{name} 1\n", reason=name)


async def test_part_of_a_gateway_histogram_is_rejected(client: gateway_client.Client) -> None:
    await _expect_rejected(client, "job/a", "tidegate_push_duration_seconds_count 1\n", reason="is the name of a part")


async def test_gateway_metric_with_its_own_type_joins_the_family(client: gateway_client.Client) -> None:
    body = "# HELP process_cpu_seconds_total Mine.\n# TYPE process_cpu_seconds_total counter\n"
    assert (await client.put("job/a", body + "process_cpu_seconds_total 1\n")).status == 200
    lines = (await client.exposition()).splitlines()
    matching = [line for line in lines if "process_cpu_seconds_total" in line]
    assert [line.rpartition(" ")[0] for line in matching[2:]] == [
        "process_cpu_seconds_total",
        'process_cpu_seconds_total{instance="",job="a"}',
    ]
    assert matching[0].startswith("# HELP")
    assert "Mine" not in matching[0]
    assert matching[1] == "# TYPE process_cpu_seconds_total counter"


async def test_rejected_push_changes_only_the_failure_time_of_its_group(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await client.put("job/a", "x 1\n")
    pushed_at = clock.wall()
    clock.advance(10)
    await client.put("job/a", "x 1 1000\n")
    assert await client.value('push_time_seconds{instance="",job="a"}') == pushed_at
    assert await client.value('push_failure_time_seconds{instance="",job="a"}') == pushed_at + 10
    clock.advance(10)
    await client.put("job/a", "x 2\n")
    assert await client.value('push_time_seconds{instance="",job="a"}') == pushed_at + 20
    assert await client.value('push_failure_time_seconds{instance="",job="a"}') == pushed_at + 10
    assert await client.value('tidegate_pushes_total{result="inconsistent"}') == 1
    assert await client.value('tidegate_pushes_total{result="accepted"}') == 2


async def test_group_with_only_a_rejected_push_has_push_time_zero(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await client.put("job/a/zone/z", "x 1 1000\n")
    assert await client.value('push_time_seconds{instance="",job="a",zone="z"}') == 0
    assert await client.value('push_failure_time_seconds{instance="",job="a",zone="z"}') == clock.wall()


async def test_pushed_timestamps_are_replaced_by_those_of_the_store(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    body = "# TYPE push_time_seconds counter\npush_time_seconds 5\nx 1\n"
    assert (await client.put("job/a", body)).status == 200
    assert await client.value('push_time_seconds{instance="",job="a"}') == clock.wall()
    assert "# TYPE push_time_seconds gauge\n" in await client.exposition()


_EXISTING = "# TYPE x counter\nx 1\n"


@pytest.mark.parametrize(
    ("existing", "body", "reason"),
    [
        pytest.param(
            "# TYPE x counter\nx 1\n",
            "x 1\n",
            'x is pushed as untyped, but in group {job="there",zone="é"} it is a counter; push it as a counter with '
            '"# TYPE x counter", or under another name; or delete that group: '
            "DELETE /metrics/job/there/zone@base64/w6k",
            id="another type",
        ),
        pytest.param(
            SUMMARY,
            "s_sum 1\n",
            's_sum is the name of a part of s, which is a summary in group {job="there",zone="é"}; rename one of them; '
            "or delete that group: DELETE /metrics/job/there/zone@base64/w6k",
            id="part of another family",
        ),
        pytest.param(
            "s_sum 1\n",
            SUMMARY,
            "s is pushed as a summary, which has series s_sum, but that is the name of a family in group "
            '{job="there",zone="é"}; rename one of them; or delete that group: '
            "DELETE /metrics/job/there/zone@base64/w6k",
            id="name of a part",
        ),
    ],
)
async def test_conflict_message_names_the_other_group_and_how_to_delete_it(
    client: gateway_client.Client, caplog: pytest.LogCaptureFixture, existing: str, body: str, reason: str
) -> None:
    await client.put("job/there/zone@base64/w6k", existing)
    response = await client.put("job/a", body)
    assert response.text == f"pushed metrics are invalid or inconsistent with existing metrics: {reason}\n"
    assert caplog.messages[-1] == f'rejected a push to group {{job="a"}} from 127.0.0.1: {reason}'


async def test_conflict_with_gateway_metrics_names_no_group(client: gateway_client.Client) -> None:
    response = await client.put("job/a", "process_cpu_seconds_total 1\n")
    assert response.text == (
        "pushed metrics are invalid or inconsistent with existing metrics: process_cpu_seconds_total is pushed as "
        "untyped, but in the gateway's own metrics it is a counter; push it as a counter with "
        '"# TYPE process_cpu_seconds_total counter", or under another name\n'
    )


async def test_conflict_within_a_group_names_an_earlier_push(client: gateway_client.Client) -> None:
    await client.put("job/a", SUMMARY)
    response = await client.post("job/a", "s_sum 1\n")
    assert "a summary in this group, from an earlier push; rename one of them\n" in response.text


async def test_group_that_differs_only_by_an_empty_instance_is_named(client: gateway_client.Client) -> None:
    await client.put("job/a", "x 1\n")
    response = await client.put("job/a/instance@base64/=", "x 1\n")
    assert response.text.endswith(
        'group {job="a",instance=""} differs from group {job="a"} only by an empty instance, which Prometheus cannot '
        "tell apart; push to that group, or under another instance; or delete that group: DELETE /metrics/job/a\n"
    )


async def test_conflict_message_is_short_and_printable(client: gateway_client.Client) -> None:
    labels = "/".join(f"l{number}/{'%1b' * 300}" for number in range(10))
    await client.put(f"job/there/{labels}", _EXISTING)
    response = await client.put("job/a", "x 1\n")
    assert response.text.strip().isprintable()
    assert len(response.text) < 1000
    assert response.text.endswith("; or delete that group\n")


async def test_histogram_in_a_group_with_a_label_le_is_rejected(client: gateway_client.Client) -> None:
    await _expect_rejected(client, "job/a/le/1", HISTOGRAM, reason="whose samples have a label le of their own")
