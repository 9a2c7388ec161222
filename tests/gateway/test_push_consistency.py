"""What cannot stand beside the other groups is refused, and only its failure time is kept."""

from __future__ import annotations

import pytest

from tests.gateway import gateway_client
from tidegate.aio import clocks

SUMMARY = '# TYPE s summary\ns{quantile="0.5"} 1\ns_sum 2\ns_count 3\n'
HISTOGRAM = '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 2\nh_count 2\n'


async def _expect_refused(client: gateway_client.Client, group: str, body: str, *, reason: str) -> None:
    before = await client.pushed()
    answer = await client.put(group, body)
    assert answer.status == 400
    assert answer.text.startswith("pushed metrics are invalid or inconsistent with existing metrics: ")
    assert reason in answer.text
    assert await client.pushed() == before


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param("x 1 1000\n", "must not have timestamps", id="timestamp"),
        pytest.param("push_time_seconds 1 1000\n", "must not have timestamps", id="timestamp of a time of the store"),
        pytest.param("x 1\nx 2\n", 'x{job="a",instance=""} more than once', id="series twice"),
        pytest.param('x{job="b"} 1\nx{job="c"} 2\n', "more than once", id="series the same under the grouping labels"),
        pytest.param('x 1\nx{instance=""} 2\n', "more than once", id="series the same with the empty instance"),
        pytest.param(SUMMARY + "# TYPE s_x gauge\ns_x 1\ns_x 2\n", "more than once", id="series twice beside others"),
        pytest.param("s_count 1\n# TYPE s summary\ns_sum 1\n", "s_count", id="name of a part in the same push"),
    ],
)
async def test_a_push_that_clashes_with_itself_is_refused(
    client: gateway_client.Client, body: str, reason: str
) -> None:
    await _expect_refused(client, "job/a", body, reason=reason)


@pytest.mark.parametrize(
    ("there", "body"),
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
async def test_a_clash_with_another_group_is_refused_until_that_group_is_gone(
    client: gateway_client.Client, there: str, body: str
) -> None:
    assert (await client.put("job/there", there)).status == 200
    await _expect_refused(client, "job/a", body, reason="")
    await client.delete("job/there")
    assert (await client.put("job/a", body)).status == 200


@pytest.mark.parametrize(
    ("there", "body"),
    [
        pytest.param(SUMMARY, "s_bucket 1\n", id="bucket beside a summary"),
        pytest.param("x 1\n", "x_sum 1\nx_count 1\n", id="parts beside a plain number"),
        pytest.param("# HELP x One.\nx 1\n", "# HELP x Two.\nx 1\n", id="another help text"),
        pytest.param("# TYPE x untyped\nx 1\n", "x 1\n", id="untyped said and not said"),
    ],
)
async def test_what_only_looks_like_a_clash_is_accepted(client: gateway_client.Client, there: str, body: str) -> None:
    assert (await client.put("job/there", there)).status == 200
    assert (await client.put("job/a", body)).status == 200


async def test_of_two_help_texts_the_first_in_order_is_shown_while_its_group_is_there(
    client: gateway_client.Client,
) -> None:
    await client.put("job/two", "# HELP x Two.\nx 1\n")
    await client.put("job/one", "# HELP x One.\nx 1\n")
    assert "# HELP x One.\n" in await client.exposition()
    await client.delete("job/one")
    shown = await client.exposition()
    assert "# HELP x Two.\n" in shown
    assert "One." not in shown


async def test_the_only_group_with_a_name_may_change_its_type(client: gateway_client.Client) -> None:
    await client.put("job/a", "# TYPE x counter\nx 1\n")
    assert (await client.post("job/a", "# TYPE x gauge\nx 2\n")).status == 200
    assert "# TYPE x gauge\n" in await client.exposition()


async def test_a_put_may_take_the_name_of_a_part_from_what_it_replaces_and_a_post_may_not(
    client: gateway_client.Client,
) -> None:
    await client.put("job/a", SUMMARY)
    assert (await client.post("job/a", "s_sum 1\n")).status == 400
    assert (await client.put("job/a", "s_sum 1\n")).status == 200


async def test_two_groups_that_make_the_same_series_do_not_stand_together(client: gateway_client.Client) -> None:
    await client.put("job/a/instance/i", "x 1\n")
    await _expect_refused(
        client,
        "job/a",
        'x{instance="i"} 2\n',
        reason='x{job="a",instance="i"} is already in group {job="a",instance="i"}',
    )
    await client.delete("job/a/instance/i")
    assert (await client.put("job/a", 'x{instance="i"} 2\n')).status == 200


@pytest.mark.parametrize("name", ["tidegate_groups", "tidegate_scrapers", "process_cpu_seconds_total"])
async def test_a_name_of_the_gateways_own_with_another_type_is_refused(
    client: gateway_client.Client, name: str
) -> None:
    await _expect_refused(client, "job/a", f"# TYPE {name} untyped\n{name} 1\n", reason=name)


async def test_a_part_of_the_gateways_own_histogram_is_refused(client: gateway_client.Client) -> None:
    await _expect_refused(client, "job/a", "tidegate_push_duration_seconds_count 1\n", reason="is the name of a part")


async def test_a_name_of_the_gateways_own_with_its_type_joins_its_family(client: gateway_client.Client) -> None:
    body = "# HELP process_cpu_seconds_total Mine.\n# TYPE process_cpu_seconds_total counter\n"
    assert (await client.put("job/a", body + "process_cpu_seconds_total 1\n")).status == 200
    lines = (await client.exposition()).splitlines()
    found = [line for line in lines if "process_cpu_seconds_total" in line]
    assert [line.rpartition(" ")[0] for line in found[2:]] == [
        "process_cpu_seconds_total",
        'process_cpu_seconds_total{instance="",job="a"}',
    ]
    assert found[0].startswith("# HELP")
    assert "Mine" not in found[0]
    assert found[1] == "# TYPE process_cpu_seconds_total counter"


async def test_a_refused_push_is_seen_in_the_failure_time_of_its_group_alone(
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


async def test_a_group_whose_only_push_was_refused_shows_that_none_succeeded(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await client.put("job/a/zone/z", "x 1 1000\n")
    assert await client.value('push_time_seconds{instance="",job="a",zone="z"}') == 0
    assert await client.value('push_failure_time_seconds{instance="",job="a",zone="z"}') == clock.wall()


async def test_pushed_times_give_way_to_the_stores_own(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    body = "# TYPE push_time_seconds counter\npush_time_seconds 5\nx 1\n"
    assert (await client.put("job/a", body)).status == 200
    assert await client.value('push_time_seconds{instance="",job="a"}') == clock.wall()
    assert "# TYPE push_time_seconds gauge\n" in await client.exposition()


_THERE = "# TYPE x counter\nx 1\n"


@pytest.mark.parametrize(
    ("there", "body", "reason"),
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
async def test_a_clash_names_the_other_group_and_how_to_delete_it(
    client: gateway_client.Client, caplog: pytest.LogCaptureFixture, there: str, body: str, reason: str
) -> None:
    await client.put("job/there/zone@base64/w6k", there)
    answer = await client.put("job/a", body)
    assert answer.text == f"pushed metrics are invalid or inconsistent with existing metrics: {reason}\n"
    assert caplog.messages[-1] == f'rejected a push to group {{job="a"}} from 127.0.0.1: {reason}'


async def test_a_clash_with_the_gateways_own_metrics_blames_no_group(client: gateway_client.Client) -> None:
    answer = await client.put("job/a", "process_cpu_seconds_total 1\n")
    assert answer.text == (
        "pushed metrics are invalid or inconsistent with existing metrics: process_cpu_seconds_total is pushed as "
        "untyped, but in the gateway's own metrics it is a counter; push it as a counter with "
        '"# TYPE process_cpu_seconds_total counter", or under another name\n'
    )


async def test_a_clash_within_a_group_says_that_it_is_its_own(client: gateway_client.Client) -> None:
    await client.put("job/a", SUMMARY)
    answer = await client.post("job/a", "s_sum 1\n")
    assert "a summary in this group, from an earlier push; rename one of them\n" in answer.text


async def test_a_group_that_differs_by_an_empty_instance_is_named(client: gateway_client.Client) -> None:
    await client.put("job/a", "x 1\n")
    answer = await client.put("job/a/instance@base64/=", "x 1\n")
    assert answer.text.endswith(
        'group {job="a",instance=""} differs from group {job="a"} only by an empty instance, which Prometheus cannot '
        "tell apart; push to that group, or under another instance; or delete that group: DELETE /metrics/job/a\n"
    )


async def test_a_clash_is_told_in_few_printable_characters(client: gateway_client.Client) -> None:
    labels = "/".join(f"l{number}/{'%1b' * 300}" for number in range(10))
    await client.put(f"job/there/{labels}", _THERE)
    answer = await client.put("job/a", "x 1\n")
    assert answer.text.strip().isprintable()
    assert len(answer.text) < 1000
    assert answer.text.endswith("; or delete that group\n")


async def test_a_histogram_in_a_group_with_a_label_le_is_refused(client: gateway_client.Client) -> None:
    await _expect_refused(client, "job/a/le/1", HISTOGRAM, reason="whose samples have a label le of their own")
