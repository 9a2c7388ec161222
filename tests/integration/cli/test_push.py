"""``tidegate push``: what the gateway stores of files, standard input and flags."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.cli import command_runs, push_runs
from tests.support.formats import delimited_protobuf
from tidegate.exposition.protobuf import metrics_pb2 as pb
from tidegate.model import grouping

DONE = command_runs.Ran(0, "", "")


@pytest.fixture
async def target() -> AsyncIterator[push_runs.Target]:
    async with push_runs.opened() as made:
        yield made


async def test_a_file_is_pushed_without_output(target: push_runs.Target, tmp_path: Path) -> None:
    (tmp_path / "metrics.prom").write_text("rows 7\n")
    assert await target.push(str(tmp_path / "metrics.prom"), "--label=instance=db1") == DONE
    assert await target.client.pushed() == ['rows{instance="db1",job="x"} 7']


@pytest.mark.parametrize("file", [[], ["-"]], ids=["nothing", "hyphen"])
async def test_standard_input_is_pushed(target: push_runs.Target, file: list[str]) -> None:
    assert await target.push(*file, stdin=b"rows 7\n") == DONE
    assert await target.client.pushed() == ['rows{instance="",job="x"} 7']


@pytest.mark.parametrize("flag", ["--verbose", "--no-verbose"])
async def test_a_file_from_an_editor_is_corrected_and_verbose_reports_it(target: push_runs.Target, flag: str) -> None:
    ran = await target.push(flag, stdin=b"\xef\xbb\xbfa 1\r\nb 2")
    corrections = [
        "standard input: removed a byte order mark",
        "standard input: added the missing line feed at the end",
        "standard input: replaced CRLF with LF on 1 line",
    ]
    assert (ran.status, ran.out) == (0, "")
    assert ran.err.splitlines() == [f"tidegate push: {line}" for line in corrections if flag == "--verbose"]
    assert await target.client.pushed() == ['a{instance="",job="x"} 1', 'b{instance="",job="x"} 2']


async def test_metrics_can_be_pushed_without_a_file(target: push_runs.Target) -> None:
    assert await target.push("--metric=rows=1024", '--metric=bytes{kind="a=b"}=2e3') == DONE
    assert await target.client.pushed() == [
        'bytes{instance="",job="x",kind="a=b"} 2000',
        'rows{instance="",job="x"} 1024',
    ]


async def test_a_push_keeps_the_other_families_of_the_group(target: push_runs.Target) -> None:
    await target.push("--metric=a=1", "--metric=b=1")
    await target.push("--metric=b=2")
    assert await target.client.pushed() == ['a{instance="",job="x"} 1', 'b{instance="",job="x"} 2']


async def test_replace_deletes_the_other_families_of_the_group(target: push_runs.Target) -> None:
    await target.push("--metric=a=1", "--metric=b=1")
    await target.push("--metric=b=2", "--replace")
    assert await target.client.pushed() == ['b{instance="",job="x"} 2']


async def test_delete_deletes_only_that_group(target: push_runs.Target) -> None:
    await target.push("--metric=a=1")
    await target.push("--metric=a=2", "--label=l=v")
    assert await target.push("--delete", "--label=l=v") == DONE
    assert await target.client.pushed() == ['a{instance="",job="x"} 1']


@pytest.mark.parametrize("value", ["a/b", "", "é ü", "..", "%2F", "a=b", "x\ny", "?#"])
async def test_a_label_may_have_any_value(target: push_runs.Target, value: str) -> None:
    assert await target.push("--metric=a=1", f"--label=l={value}") == DONE
    assert target.gateway.store.grouping_keys() == [grouping.grouping_key({"job": "x", "l": value})]
    assert await target.push("--delete", f"--label=l={value}") == DONE
    assert target.gateway.store.grouping_keys() == []


async def test_a_job_may_have_any_name(target: push_runs.Target) -> None:
    assert await target.push("--metric=a=1", "--job=é/b") == DONE
    assert target.gateway.store.grouping_keys() == [grouping.grouping_key({"job": "é/b"})]


async def test_a_utf8_label_name_is_rejected_if_the_gateway_does_not_enable_them(target: push_runs.Target) -> None:
    ran = await target.push("--metric=a=1", "--label=é.b=v")
    assert (ran.status, ran.out) == (1, "")
    assert "improper label name 'é.b'" in ran.err
    assert target.gateway.store.grouping_keys() == []


async def test_a_utf8_label_name_is_kept_if_the_gateway_enables_them() -> None:
    async with push_runs.opened(utf8_names=True) as target:
        assert await target.push("--metric=a=1", "--label=é.b=v") == DONE
        assert target.gateway.store.grouping_keys() == [grouping.grouping_key({"job": "x", "é.b": "v"})]


async def test_the_ttl_is_stored(target: push_runs.Target) -> None:
    assert await target.push("--metric=a=1", "--ttl=1h30m") == DONE
    [key] = target.gateway.store.grouping_keys()
    view = target.gateway.store.group(key)
    assert view is not None
    assert view.life.expires == pytest.approx(view.push_time + 5400.0, abs=1.0)


@pytest.mark.parametrize("packed", [[], ["--gzip"]], ids=["plain", "gzip"])
async def test_a_large_body_from_a_pipe_is_stored_completely(target: push_runs.Target, packed: list[str]) -> None:
    body = "".join(f'a{{l="{"x" * 1_000}",n="{number}"}} {number}\n' for number in range(2_000))
    assert await command_runs.run("push", "--job=x", target.url, "-", *packed, stdin=body.encode()) == DONE
    assert len(await target.client.pushed()) == 2_000


async def test_protobuf_is_pushed_with_its_format(target: push_runs.Target) -> None:
    family = pb.MetricFamily(name=b"rows", type=1, metric=[pb.Metric(gauge=pb.Gauge(value=7))])
    assert await target.push("--format=protobuf", stdin=delimited_protobuf.families(family)) == DONE
    assert await target.client.pushed() == ['rows{instance="",job="x"} 7']


async def test_an_error_names_the_line_and_nothing_is_stored(target: push_runs.Target) -> None:
    ran = await target.push(stdin=b"rows 7\nbytes seven\n")
    assert (ran.status, ran.out) == (1, "")
    assert "/metrics/job/x: 400: text format parsing error in line 2" in ran.err
    assert ran.err.count("\n") == 1
    assert await target.client.pushed() == []


async def test_standard_input_is_not_read_from_a_terminal_unless_a_hyphen_says_so(target: push_runs.Target) -> None:
    ours, theirs = os.openpty()
    try:
        ran = await target.push(stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)
    assert (ran.status, ran.out) == (2, "")
    assert "nothing to push: set FILE or --metric, or write - to type the metrics here" in ran.err


@pytest.mark.parametrize("body", [b"", b"\n \n"])
async def test_an_empty_pipe_does_not_empty_the_group(target: push_runs.Target, body: bytes) -> None:
    await target.push("--metric=a=1")
    ran = await target.push("--replace", stdin=body)
    assert (ran.status, ran.out) == (2, "")
    assert "standard input is empty" in ran.err
    assert await target.client.pushed() == ['a{instance="",job="x"} 1']


async def test_the_environment_sets_the_url(target: push_runs.Target) -> None:
    env = {"TIDEGATE_URL": target.client.url}
    assert await command_runs.run_in_thread("push", "--job=x", "--metric=a=1", env=env) == DONE
    assert await target.client.pushed() == ['a{instance="",job="x"} 1']
